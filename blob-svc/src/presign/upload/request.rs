//! Requests about uploads in parts, judged.

use super::Upload;
use crate::bucket::{Bucket, Buckets};
use crate::error::Error;
use crate::key::Key;
use crate::object::{Checks, Sha256};
use crate::presign::request::{PART_NUMBERS, above_zero, part_number, taken_type, within_limit};
use crate::presign::upload_id::UploadId;
use contract::Violations;
use contract::blob::v1::{
    AbortMultipartUploadRequest, CompleteMultipartUploadRequest, CreateMultipartUploadRequest,
    UploadedPart,
};
use std::sync::Arc;
use uuid::Uuid;

/// An upload to begin.
pub(in crate::presign) struct Creation {
    pub(super) bucket: Arc<Bucket>,
    pub(super) key: Key,
    pub(super) content_type: String,
    pub(super) original_name: Option<String>,
    pub(super) size_bytes: u64,
    pub(super) request_id: Option<Uuid>,
}

/// An upload to complete, and what it is said to be.
pub(in crate::presign) struct Completion {
    pub(super) upload: Upload,
    /// Numbers and entity tags.
    pub(super) parts: Vec<(u16, String)>,
    pub(super) size_bytes: u64,
    pub(super) sha256: Sha256,
    /// The caller's; without one the upload itself tells a repeated call.
    pub(super) request_id: Uuid,
}

impl Creation {
    pub(in crate::presign) fn parse(
        request: CreateMultipartUploadRequest,
        buckets: &Buckets,
    ) -> Result<Self, Error> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let content_type = taken_type(&mut v, request.content_type, bucket.as_deref());
        let original_name = v.file_name("original_name", request.original_name);
        let size_bytes = above_zero(&mut v, request.size_bytes);
        let request_id = v.optional_id("request_id", &request.request_id);
        let key = v.key("key", request.key);
        let creation = v.accept(bucket.zip(key).map(|(bucket, key)| Self {
            bucket,
            key,
            content_type,
            original_name,
            size_bytes,
            request_id,
        }))?;
        within_limit(&creation.bucket, [size_bytes].into_iter())?;
        Ok(creation)
    }
}

impl Completion {
    pub(in crate::presign) fn parse(
        request: CompleteMultipartUploadRequest,
        buckets: &Buckets,
    ) -> Result<Self, Error> {
        let mut v = Violations::default();
        let parts = parts(&mut v, request.parts);
        let size_bytes = above_zero(&mut v, request.size_bytes);
        let sha256 = v.optional_sha256("sha256", &request.sha256);
        if request.sha256.is_empty() {
            v.add("sha256", "is required: 64 lower-case hexadecimal digits");
        }
        let request_id = v.optional_id("request_id", &request.request_id);
        let upload = upload(
            &mut v,
            &request.bucket,
            request.key,
            &request.upload_id,
            buckets,
        );
        let completion = v.accept(upload.zip(sha256).map(|(upload, sha256)| Self {
            request_id: request_id.unwrap_or(upload.id.token),
            upload,
            parts,
            size_bytes,
            sha256,
        }))?;
        within_limit(&completion.upload.bucket, [size_bytes].into_iter())?;
        Ok(completion)
    }
}

/// An upload to end.
pub(in crate::presign) fn abortion(
    request: AbortMultipartUploadRequest,
    buckets: &Buckets,
) -> Result<Upload, Violations> {
    let mut v = Violations::default();
    v.optional_id("request_id", &request.request_id);
    let upload = upload(
        &mut v,
        &request.bucket,
        request.key,
        &request.upload_id,
        buckets,
    );
    v.accept(upload)
}

fn upload(
    v: &mut Violations,
    bucket: &str,
    key: String,
    upload_id: &str,
    buckets: &Buckets,
) -> Option<Upload> {
    let bucket = v.bucket(bucket, buckets);
    let id = UploadId::check(v, upload_id);
    let key = v.key("key", key);
    Some(Upload {
        bucket: bucket?,
        key: key?,
        id: id?,
    })
}

/// Checks that parts are named by rising number, each with its tag.
fn parts(v: &mut Violations, parts: Vec<UploadedPart>) -> Vec<(u16, String)> {
    let most = usize::from(*PART_NUMBERS.end());
    if parts.is_empty() || parts.len() > most {
        let found = parts.len();
        v.add("parts", format!("must have 1 to 10,000 items, has {found}"));
        return Vec::new();
    }
    let mut last = 0;
    let checked = parts.into_iter().enumerate().filter_map(|(i, part)| {
        v.within(format_args!("parts[{i}]"), |v| {
            let number = part_number(v, part.part_number);
            if number.is_some_and(|number| number <= last) {
                v.add(
                    "part_number",
                    "must be greater than that of the part before",
                );
            }
            last = number.unwrap_or(last);
            if !(1..=255).contains(&part.etag.len())
                || !part.etag.bytes().all(|byte| byte.is_ascii_graphic())
            {
                v.add(
                    "etag",
                    "is required: the `ETag` that the store answered for the part",
                );
            }
            Some((number?, part.etag))
        })
    });
    checked.collect()
}
