//! Objects: what is known of one besides its bytes, and the digest that its bytes answer to.

mod buffer;
mod checks;
mod copy;
mod download;
mod frames;
mod limits;
mod parts;
mod prefix;
mod request;
pub mod rpc;
mod sniff;
mod stale;
mod upload;

use std::fmt;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use self::checks::Checks;
pub(crate) use self::limits::Limits;
pub(crate) use self::rpc::timestamp;

/// The media type of bytes that nobody named one for (RFC 9110, section 8.3).
pub const OCTET_STREAM: &str = "application/octet-stream";

/// What an object carries besides its bytes, given when it is stored and answered when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// The media type (RFC 9110, section 8.3).
    pub content_type: String,
    /// The digest of the bytes; none where something else stored the object.
    pub sha256: Option<Sha256>,
    /// The file's name before it was stored, in any script.
    pub original_name: Option<String>,
    /// The request that stored the object.
    pub request_id: Option<Uuid>,
}

/// An object as the store describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The length of the whole object in bytes.
    pub size_bytes: u64,
    /// The store's entity tag, with its quotes.
    pub etag: String,
    /// When it was stored.
    pub create_time: OffsetDateTime,
    /// What it carries.
    pub attributes: Attributes,
}

/// A SHA-256 digest (FIPS 180-4). Written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Reads 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut digest = [0; 32];
        (lower && hex::decode_to_slice(text, &mut digest).is_ok()).then_some(Self(digest))
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Sha256 {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A part of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first byte, counted from 0.
    pub offset: u64,
    /// How many bytes; none means all that follow.
    pub length: Option<u64>,
}

impl Span {
    /// All bytes.
    pub const WHOLE: Self = Self {
        offset: 0,
        length: None,
    };
}

#[cfg(all(test, feature = "embedded"))]
mod tests;
