//! What the index keeps: one record per object, per upload under way, and per part.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// What an object carries besides its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub(super) content_type: Option<String>,
    pub(super) metadata: HashMap<String, String>,
}

/// Bytes that lie in a file of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    /// The file's name.
    pub(super) file: Uuid,
    /// Their number.
    pub(super) size: u64,
    /// The entity tag without quotes: the MD5, or for several parts the MD5 of theirs and their number.
    pub(super) etag: String,
    /// When they were stored, in milliseconds since 1970.
    pub(super) modified_ms: u64,
}

/// An object, and a part of an upload: the latter carries no attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(flatten)]
    pub(super) content: Content,
    #[serde(flatten)]
    pub(super) attributes: Attributes,
}

/// An upload in parts that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) initiated_ms: u64,
    #[serde(flatten)]
    pub(super) attributes: Attributes,
}

/// Milliseconds since 1970; a clock before that counts as 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn timestamp(ms: u64) -> s3s::dto::Timestamp {
    (SystemTime::UNIX_EPOCH + Duration::from_millis(ms)).into()
}
