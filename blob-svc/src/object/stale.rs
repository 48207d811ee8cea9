//! Stale uploads: begun in parts long ago, and never finished. The store keeps their parts, unseen, until they are aborted.

use super::Checks;
use crate::bucket::{Bucket, Buckets};
use crate::error::Error;
use crate::s3::{self, Begun, Marker};
use contract::Violations;
use contract::blob::v1::{AbortStaleUploadsRequest, AbortStaleUploadsResponse};
use futures::stream::{self, Stream, TryStreamExt};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// What stores list at a time.
const PAGE: u16 = 1_000;
/// How many uploads are aborted at once.
const AT_ONCE: usize = 16;
const MAX_AGE: Duration = Duration::days(365);

/// Which uploads are stale, and whether to abort them.
#[derive(Debug)]
pub(super) struct Stale {
    bucket: Arc<Bucket>,
    older_than: Duration,
    dry_run: bool,
}

impl Stale {
    pub(super) fn parse(
        request: AbortStaleUploadsRequest,
        buckets: &Buckets,
    ) -> Result<Self, Violations> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        v.optional_id("request_id", &request.request_id);
        let age = request.older_than.and_then(|age| {
            let whole = Duration::seconds(age.seconds);
            (age.nanos == 0 && (Duration::ZERO..=MAX_AGE).contains(&whole)).then_some(whole)
        });
        if age.is_none() {
            v.add("older_than", "is required: whole seconds, 0 s to 365 days");
        }
        v.accept(bucket.zip(age).map(|(bucket, older_than)| Self {
            bucket,
            older_than,
            dry_run: request.dry_run,
        }))
    }

    /// Aborts them, or counts them. One that ends meanwhile counts as aborted.
    pub(super) async fn abort(&self) -> Result<AbortStaleUploadsResponse, Error> {
        let now = OffsetDateTime::now_utc();
        let stale = self
            .uploads()
            .try_filter(|upload| std::future::ready(self.takes(upload.create_time, now)));
        let ended = stale
            .map_ok(|upload| self.end(upload))
            .try_buffer_unordered(AT_ONCE);
        let none = AbortStaleUploadsResponse::default();
        let count = |mut sum: AbortStaleUploadsResponse, aborted| {
            sum.matched_count += 1;
            sum.aborted_count += i64::from(aborted);
            std::future::ready(Ok(sum))
        };
        ended.try_fold(none, count).await.map_err(of_uploads)
    }

    /// Whether an upload that was begun then is stale by `now`. One from the future, by the store's clock, is new.
    pub(super) fn takes(&self, begun: OffsetDateTime, now: OffsetDateTime) -> bool {
        (now - begun).max(Duration::ZERO) >= self.older_than
    }

    async fn end(&self, upload: Begun) -> Result<bool, s3::Error> {
        if self.dry_run {
            return Ok(false);
        }
        let store = &self.bucket.store;
        let upload = store.resume(&upload.key, &upload.upload_id, &[]);
        upload.abort().await.map(|()| true)
    }

    /// All uploads that are neither completed nor aborted.
    fn uploads(&self) -> impl Stream<Item = Result<Begun, s3::Error>> + '_ {
        let first: Option<Option<Marker>> = Some(None);
        let pages = stream::try_unfold(first, move |behind| async move {
            let Some(behind) = behind else {
                return Ok::<_, s3::Error>(None);
            };
            let page = self.bucket.store.unfinished(behind.as_ref(), PAGE).await?;
            let uploads = stream::iter(page.uploads.into_iter().map(Ok));
            Ok(Some((uploads, page.next.map(Some))))
        });
        pages.try_flatten()
    }
}

/// Rights to list and abort uploads are others than those to write them.
fn of_uploads(error: s3::Error) -> Error {
    if matches!(error, s3::Error::Forbidden | s3::Error::Unsupported) {
        Error::UploadsRefused
    } else {
        error.into()
    }
}
