//! Requests of `ObjectService`, judged: after this, types carry the proof.

use super::{Checks, Sha256, Span};
use crate::bucket::{Bucket, Buckets};
use crate::key::{Folder, Key, Purpose};
use crate::s3::{Condition, Listing};
use contract::Violations;
use contract::blob::v1::{
    BatchHeadObjectsRequest, CopyObjectRequest, DeleteObjectsRequest, DeletePrefixRequest,
    GetObjectRequest, KeyKind, ListObjectsRequest, NewKeyRequest, PutObjectHeader,
};
use contract::key::judge_prefix;
use contract::page::PageScope;
use std::sync::Arc;
use uuid::Uuid;

/// An upload, as its header declares it.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) bucket: Arc<Bucket>,
    pub(super) key: Key,
    /// None is to be told by the first bytes.
    pub(super) content_type: Option<String>,
    pub(super) original_name: Option<String>,
    pub(super) size_bytes: Option<u64>,
    pub(super) sha256: Option<Sha256>,
    /// The caller's, or one of our own: by it a retry of ours knows its own object again.
    pub(super) request_id: Uuid,
}

impl Upload {
    pub(super) fn parse(header: PutObjectHeader, buckets: &Buckets) -> Result<Self, Violations> {
        let mut v = Violations::default();
        let upload = v.within("header", |v| {
            let bucket = v.bucket(&header.bucket, buckets);
            let content_type = Some(header.content_type).filter(|text| !text.is_empty());
            let content_type = content_type.map(|text| v.content_type(text));
            if let (Some(content_type), Some(bucket)) = (&content_type, &bucket) {
                v.taken_type(content_type, bucket);
            }
            let original_name = v.file_name("original_name", header.original_name);
            let size_bytes = header.size_bytes.map(|bytes| v.size("size_bytes", bytes));
            let sha256 = v.optional_sha256("sha256", &header.sha256);
            let request_id = v.id_or_new("request_id", &header.request_id);
            let key = v.key("key", header.key)?;
            Some(Self {
                bucket: bucket?,
                key,
                content_type,
                original_name,
                size_bytes,
                sha256,
                request_id,
            })
        });
        v.accept(upload)
    }
}

/// What to read.
pub(super) struct Read {
    pub(super) bucket: Arc<Bucket>,
    pub(super) key: Key,
    pub(super) span: Span,
    pub(super) condition: Condition,
}

impl Read {
    pub(super) fn parse(request: GetObjectRequest, buckets: &Buckets) -> Result<Self, Violations> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let offset = v.size("offset_bytes", request.offset_bytes);
        let length =
            Some(v.size("length_bytes", request.length_bytes)).filter(|length| *length > 0);
        let condition = Condition {
            if_match: etag(&mut v, "if_match", request.if_match),
            if_none_match: etag(&mut v, "if_none_match", request.if_none_match),
        };
        let key = v.key("key", request.key);
        let read = bucket.zip(key).map(|(bucket, key)| Self {
            bucket,
            key,
            span: Span { offset, length },
            condition,
        });
        v.accept(read)
    }
}

/// An entity tag (RFC 9110, section 8.8.3) as `HeadObject` answers it.
fn etag(v: &mut Violations, field: &str, text: String) -> Option<String> {
    if text.len() > 255 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        v.add(field, "must be an `etag` that this service answered");
    }
    (!text.is_empty()).then_some(text)
}

/// Checks a request that is nothing but a key.
pub(super) fn one_key(
    bucket: &str,
    key: String,
    buckets: &Buckets,
) -> Result<(Arc<Bucket>, Key), Violations> {
    one_key_with_id(bucket, key, "", buckets)
}

/// The same with a request id, which serves the trace alone.
pub(super) fn one_key_with_id(
    bucket: &str,
    key: String,
    request_id: &str,
    buckets: &Buckets,
) -> Result<(Arc<Bucket>, Key), Violations> {
    let mut v = Violations::default();
    let bucket = v.bucket(bucket, buckets);
    v.optional_id("request_id", request_id);
    let key = v.key("key", key);
    v.accept(bucket.zip(key))
}

pub(super) fn head_batch(
    request: BatchHeadObjectsRequest,
    buckets: &Buckets,
) -> Result<(Arc<Bucket>, Vec<Key>), Violations> {
    let mut v = Violations::default();
    let bucket = v.bucket(&request.bucket, buckets);
    let keys = v.keys(request.keys);
    v.accept(bucket.map(|bucket| (bucket, keys)))
}

pub(super) fn delete_batch(
    request: DeleteObjectsRequest,
    buckets: &Buckets,
) -> Result<(Arc<Bucket>, Vec<Key>), Violations> {
    let mut v = Violations::default();
    let bucket = v.bucket(&request.bucket, buckets);
    v.optional_id("request_id", &request.request_id);
    let keys = v.keys(request.keys);
    v.accept(bucket.map(|bucket| (bucket, keys)))
}

/// A page to list, where, and what its token is good for.
pub(super) fn listing(
    mut request: ListObjectsRequest,
    buckets: &Buckets,
) -> Result<(Arc<Bucket>, Listing, PageScope), Violations> {
    let mut v = Violations::default();
    let size = v.page_size(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = PageScope::new("ListObjects", &request);
    let bucket = v.bucket(&request.bucket, buckets);
    if !request.prefix.is_empty()
        && let Err(reason) = judge_prefix(&request.prefix)
    {
        v.add("prefix", reason);
    }
    if !matches!(request.delimiter.as_str(), "" | "/") {
        v.add("delimiter", "must be `/` or empty");
    }
    let continuation = v.page_token(&token, &scope, |cursor| {
        String::from_utf8(cursor.to_vec()).ok()
    });
    let listing = Listing {
        prefix: request.prefix,
        delimiter: (!request.delimiter.is_empty()).then_some(request.delimiter),
        start_after: None,
        continuation,
        limit: u16::try_from(size).unwrap_or(u16::MAX),
    };
    v.accept(bucket.map(|bucket| (bucket, listing, scope)))
}

pub(super) fn folder(
    request: DeletePrefixRequest,
    buckets: &Buckets,
) -> Result<(Arc<Bucket>, Folder, bool), Violations> {
    let mut v = Violations::default();
    let bucket = v.bucket(&request.bucket, buckets);
    v.optional_id("request_id", &request.request_id);
    let folder = Folder::parse(request.prefix)
        .map_err(|reason| v.add("prefix", reason))
        .ok();
    let walk = bucket.zip(folder);
    v.accept(walk.map(|(bucket, folder)| (bucket, folder, request.dry_run)))
}

/// What to copy.
pub(super) struct Copy {
    pub(super) bucket: Arc<Bucket>,
    pub(super) from: Key,
    pub(super) to: Key,
    pub(super) request_id: Uuid,
}

impl Copy {
    pub(super) fn parse(request: CopyObjectRequest, buckets: &Buckets) -> Result<Self, Violations> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.bucket, buckets);
        let request_id = v.id_or_new("request_id", &request.request_id);
        let from = v.key("source_key", request.source_key);
        let to = v.key("destination_key", request.destination_key);
        v.accept(bucket.zip(from).zip(to).map(|((bucket, from), to)| Self {
            bucket,
            from,
            to,
            request_id,
        }))
    }
}

/// For what to make a key, and the file's name.
pub(super) fn new_key(request: NewKeyRequest) -> Result<(Purpose, String), Violations> {
    let mut v = Violations::default();
    let name = v.file_name("original_name", request.original_name);
    if name.is_none() {
        v.add("original_name", "is required: 1 to 512 characters");
    }
    let kind = KeyKind::try_from(request.kind).unwrap_or(KeyKind::Unspecified);
    let of_chat = matches!(kind, KeyKind::ChatDocument | KeyKind::ChatImage);
    if !of_chat && !request.chat_id.is_empty() {
        v.add("chat_id", "must be empty for a key that belongs to no chat");
    }
    let chat = if of_chat {
        v.id("chat_id", &request.chat_id)
    } else {
        Uuid::nil()
    };
    let purpose = match kind {
        KeyKind::ChatDocument => Some(Purpose::ChatDocument(chat)),
        KeyKind::ChatImage => Some(Purpose::ChatImage(chat)),
        KeyKind::UploadDocument => Some(Purpose::UploadDocument),
        KeyKind::UploadTemp => Some(Purpose::UploadTemp),
        KeyKind::Unspecified => {
            v.add("kind", "is required: one of the named kinds");
            None
        }
    };
    v.accept(purpose.zip(name))
}
