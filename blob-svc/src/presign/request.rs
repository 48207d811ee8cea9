//! Requests of `PresignService`, judged.

use crate::bucket::{Bucket, Buckets};
use crate::error::Error;
use crate::key::Key;
use crate::object::{Checks, Sha256};
use contract::Violations;
use contract::blob::v1::{PresignGetRequest, PresignPutRequest};
use prost_types::Duration as WireDuration;
use std::sync::Arc;
use std::time::Duration;

/// Objects to be read through URLs.
pub(super) struct Reads {
    pub(super) bucket: Arc<Bucket>,
    pub(super) items: Vec<(Key, Option<String>)>,
    pub(super) life: Duration,
    pub(super) stable: bool,
}

/// Objects to be written through URLs.
pub(super) struct Writes {
    pub(super) bucket: Arc<Bucket>,
    pub(super) items: Vec<WriteItem>,
    pub(super) life: Duration,
}

/// One of them.
pub(super) struct WriteItem {
    pub(super) key: Key,
    pub(super) content_type: String,
    pub(super) size_bytes: u64,
    pub(super) sha256: Option<Sha256>,
}

impl Reads {
    pub(super) fn parse(
        request: PresignGetRequest,
        buckets: &Buckets,
        default: Duration,
    ) -> Result<Self, Violations> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let life = life(&mut v, request.expires_in, default);
        let items = v.batch("items", request.items, |v, item| {
            let name = v.file_name("download_name", item.download_name);
            v.key("key", item.key).map(|key| (key, name))
        });
        v.accept(bucket.map(|bucket| Self {
            bucket,
            items,
            life,
            stable: request.stable,
        }))
    }
}

impl Writes {
    pub(super) fn parse(
        request: PresignPutRequest,
        buckets: &Buckets,
        default: Duration,
    ) -> Result<Self, Error> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let life = life(&mut v, request.expires_in, default);
        v.distinct("items", request.items.iter().map(|item| item.key.clone()));
        let items = v.batch("items", request.items, |v, item| {
            let content_type = v.content_type(item.content_type);
            let size_bytes = v.size("size_bytes", item.size_bytes);
            let sha256 = v.optional_sha256("sha256", &item.sha256);
            v.key("key", item.key).map(|key| WriteItem {
                key,
                content_type,
                size_bytes,
                sha256,
            })
        });
        let writes = v.accept(bucket.map(|bucket| Self {
            bucket,
            items,
            life,
        }))?;
        let limit = writes.bucket.rules.max_size_bytes;
        if writes.items.iter().any(|item| item.size_bytes > limit) {
            return Err(Error::TooLarge(limit));
        }
        Ok(writes)
    }
}

/// How long URLs live: whole seconds, at least one. Too long is cut where the URL is signed.
fn life(v: &mut Violations, wire: Option<WireDuration>, default: Duration) -> Duration {
    let Some(wire) = wire else { return default };
    if wire.nanos != 0 || wire.seconds < 1 {
        v.add(
            "expires_in",
            "must be whole seconds, at least 1 s; above 7 days it is cut to 7 days",
        );
    }
    Duration::from_secs(wire.seconds.unsigned_abs())
}
