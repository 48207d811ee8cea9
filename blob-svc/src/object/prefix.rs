//! Removing whole folders, page by page, with a word on each.

use crate::bucket::Bucket;
use crate::key::Folder;
use crate::s3::{Error, Listing};
use contract::blob::v1::{DeleteError, DeletePrefixResponse};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use tonic::Status;

/// The progress of one removal.
pub(super) type Progress = BoxStream<'static, Result<DeletePrefixResponse, Status>>;

/// Where a removal stands.
struct Walk {
    bucket: Arc<Bucket>,
    folder: Folder,
    dry_run: bool,
    /// Where the next page begins; none at the beginning.
    next: Option<String>,
    counts: DeletePrefixResponse,
    seen_all: bool,
}

/// Removes all objects of a folder, or counts them.
pub(super) fn remove(bucket: Arc<Bucket>, folder: Folder, dry_run: bool) -> Progress {
    let counts = DeletePrefixResponse::default();
    let walk = Walk {
        bucket,
        folder,
        dry_run,
        next: None,
        counts,
        seen_all: false,
    };
    futures::stream::try_unfold(walk, |mut walk| async move {
        if walk.counts.done {
            return Ok(None);
        }
        walk.step().await.map_err(crate::error::Error::from)?;
        Ok(Some((walk.counts.clone(), walk)))
    })
    .boxed()
}

impl Walk {
    /// One page, or the end. It goes on behind what was seen, so that what cannot be removed does not hold it up; behind, in the
    /// store's own word: SeaweedFS walks folders, and `start-after` an object skips the folder of the same name.
    async fn step(&mut self) -> Result<(), Error> {
        self.counts.errors.clear();
        if self.seen_all {
            self.counts.done = true;
            return Ok(());
        }
        let listing = Listing {
            prefix: self.folder.as_str().to_owned(),
            continuation: self.next.take(),
            limit: 1_000,
            ..Listing::default()
        };
        let page = self.bucket.store.list(&listing).await?;
        self.seen_all = page.next.is_none();
        self.next = page.next;
        let bytes: u64 = page.objects.iter().map(|object| object.size_bytes).sum();
        let keys: Vec<String> = page.objects.into_iter().map(|object| object.key).collect();
        self.counts.matched_count += keys.len() as i64;
        self.counts.matched_bytes += i64::try_from(bytes).unwrap_or(i64::MAX);
        if !self.dry_run && !keys.is_empty() {
            let left = self.bucket.store.delete_many(&keys).await?;
            self.counts.deleted_count += (keys.len() - left.len()) as i64;
            self.counts.errors = left
                .into_iter()
                .map(|(key, code)| DeleteError { key, code })
                .collect();
        }
        Ok(())
    }
}
