//! Requests of `PresignService` for URLs and forms, judged.

use super::upload_id::UploadId;
use crate::bucket::{Bucket, Buckets};
use crate::error::Error;
use crate::key::Key;
use crate::object::{Checks, Sha256};
use contract::Violations;
use contract::blob::v1::{
    PresignGetRequest, PresignPartsRequest, PresignPostItem, PresignPostRequest, PresignPutRequest,
};
use prost_types::Duration as WireDuration;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// The numbers that parts may have ("Amazon S3 multipart upload limits").
pub(super) const PART_NUMBERS: RangeInclusive<u16> = 1..=10_000;

/// A batch to be signed.
pub(super) struct Batch<T> {
    pub(super) bucket: Arc<Bucket>,
    pub(super) items: Vec<T>,
    pub(super) life: Duration,
}

/// An object to be read.
pub(super) struct Read {
    pub(super) key: Key,
    pub(super) download_name: Option<String>,
}

/// An object to be written.
pub(super) struct Write {
    pub(super) key: Key,
    pub(super) content_type: String,
    pub(super) size_bytes: u64,
    pub(super) sha256: Option<Sha256>,
}

/// An object to be written through a form.
pub(super) struct FormWrite {
    pub(super) key: Key,
    pub(super) content_type: String,
    pub(super) sizes: RangeInclusive<u64>,
}

/// Parts of an upload to be written.
pub(super) struct Parts {
    pub(super) key: Key,
    pub(super) upload_id: UploadId,
    /// Number and length of each.
    pub(super) batch: Batch<(u16, u64)>,
}

impl Batch<Read> {
    pub(super) fn parse(
        request: PresignGetRequest,
        buckets: &Buckets,
        default: Duration,
    ) -> Result<Self, Violations> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let life = life(&mut v, request.expires_in, default);
        let items = v.batch("items", request.items, |v, item| {
            let download_name = v.file_name("download_name", item.download_name);
            let key = v.key("key", item.key)?;
            Some(Read { key, download_name })
        });
        v.accept(bucket.map(|bucket| Self {
            bucket,
            items,
            life,
        }))
    }
}

impl Batch<Write> {
    pub(super) fn parse(
        request: PresignPutRequest,
        buckets: &Buckets,
        default: Duration,
    ) -> Result<Self, Error> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let life = life(&mut v, request.expires_in, default);
        v.distinct("items", request.items.iter().map(|item| item.key.as_str()));
        let items = v.batch("items", request.items, |v, item| {
            let content_type = taken_type(v, item.content_type, bucket.as_deref());
            let size_bytes = v.size("size_bytes", item.size_bytes);
            let sha256 = v.optional_sha256("sha256", &item.sha256);
            let key = v.key("key", item.key)?;
            Some(Write {
                key,
                content_type,
                size_bytes,
                sha256,
            })
        });
        let batch = v.accept(bucket.map(|bucket| Self {
            bucket,
            items,
            life,
        }))?;
        let sizes = batch.items.iter().map(|item| item.size_bytes);
        within_limit(&batch.bucket, sizes)?;
        Ok(batch)
    }
}

impl Batch<FormWrite> {
    pub(super) fn parse(
        request: PresignPostRequest,
        buckets: &Buckets,
        default: Duration,
    ) -> Result<Self, Error> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let life = life(&mut v, request.expires_in, default);
        v.distinct("items", request.items.iter().map(|item| item.key.as_str()));
        let items = v.batch("items", request.items, |v, item| {
            FormWrite::parse(v, item, bucket.as_deref())
        });
        let batch = v.accept(bucket.map(|bucket| Self {
            bucket,
            items,
            life,
        }))?;
        let sizes = batch.items.iter().map(|item| *item.sizes.end());
        within_limit(&batch.bucket, sizes)?;
        Ok(batch)
    }
}

impl FormWrite {
    fn parse(v: &mut Violations, item: PresignPostItem, bucket: Option<&Bucket>) -> Option<Self> {
        let limit = bucket.map_or(0, |bucket| bucket.rules.max_size_bytes);
        let content_type = taken_type(v, item.content_type, bucket);
        let least = v.size("min_size_bytes", item.min_size_bytes);
        let greatest = match v.size("max_size_bytes", item.max_size_bytes) {
            0 => limit.max(least),
            greatest => greatest,
        };
        if least > greatest {
            v.add("min_size_bytes", "must be at most `max_size_bytes`");
        }
        Some(Self {
            key: v.key("key", item.key)?,
            content_type,
            sizes: least..=greatest,
        })
    }
}

impl Parts {
    pub(super) fn parse(
        request: PresignPartsRequest,
        buckets: &Buckets,
        default: Duration,
    ) -> Result<Self, Error> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let upload_id = UploadId::check(&mut v, &request.upload_id);
        let life = life(&mut v, request.expires_in, default);
        v.distinct("parts", request.parts.iter().map(|part| part.part_number));
        let items = v.batch("parts", request.parts, |v, part| {
            let number = part_number(v, part.part_number);
            let size_bytes = above_zero(v, part.size_bytes);
            Some((number?, size_bytes))
        });
        let key = v.key("key", request.key);
        let batch = bucket.map(|bucket| Batch {
            bucket,
            items,
            life,
        });
        let parts = batch.zip(upload_id).zip(key);
        let parts = v.accept(parts.map(|((batch, upload_id), key)| Self {
            key,
            upload_id,
            batch,
        }))?;
        let sizes = parts.batch.items.iter().map(|(_, size)| *size);
        within_limit(&parts.batch.bucket, sizes)?;
        Ok(parts)
    }
}

/// Checks the number of a part.
pub(super) fn part_number(v: &mut Violations, number: i32) -> Option<u16> {
    let number = u16::try_from(number).ok();
    let number = number.filter(|number| PART_NUMBERS.contains(number));
    if number.is_none() {
        v.add("part_number", "must be 1 to 10,000");
    }
    number
}

/// Checks a `size_bytes` that is required.
pub(super) fn above_zero(v: &mut Violations, bytes: i64) -> u64 {
    if bytes < 1 {
        v.add("size_bytes", "is required: at least 1");
    }
    bytes.unsigned_abs()
}

/// Checks a media type that `bucket` must take.
pub(super) fn taken_type(v: &mut Violations, text: String, bucket: Option<&Bucket>) -> String {
    let content_type = v.content_type(text);
    if let Some(bucket) = bucket.filter(|bucket| !bucket.rules.takes(&content_type)) {
        let allowed = bucket.rules.content_types.join("`, `");
        v.add(
            "content_type",
            format!("must be one that the bucket takes: `{allowed}`"),
        );
    }
    content_type
}

/// Whether objects of these lengths may lie in a bucket.
pub(super) fn within_limit(
    bucket: &Bucket,
    mut sizes: impl Iterator<Item = u64>,
) -> Result<(), Error> {
    let limit = bucket.rules.max_size_bytes;
    if sizes.any(|size| size > limit) {
        Err(Error::TooLarge(limit))
    } else {
        Ok(())
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
