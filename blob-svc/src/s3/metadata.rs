//! An object's attributes as the headers of S3: user metadata and `Content-Type`.
//!
//! Stores trim, fold and refuse metadata that is not plain ASCII, and take 2 KB of it together ("Working with object
//! metadata", Amazon S3 User Guide). So a name travels as base64url (RFC 4648, section 5): percent-encoding would turn 512
//! Cyrillic letters into 3 KB.

use crate::object::{Attributes, OCTET_STREAM, Sha256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashMap;
use uuid::Uuid;

const SHA256: &str = "sha256";
const ORIGINAL_NAME: &str = "original-name";
const REQUEST_ID: &str = "request-id";

/// The user metadata to store.
pub(super) fn write(attributes: &Attributes) -> HashMap<String, String> {
    let fields = [
        (SHA256, attributes.sha256.map(|digest| digest.to_string())),
        (
            ORIGINAL_NAME,
            attributes
                .original_name
                .as_ref()
                .map(|name| URL_SAFE_NO_PAD.encode(name)),
        ),
        (REQUEST_ID, attributes.request_id.map(|id| id.to_string())),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// The attributes of a stored object. What is not ours to read is left out: anybody may store objects in a bucket.
pub(super) fn read(
    content_type: Option<String>,
    metadata: Option<HashMap<String, String>>,
) -> Attributes {
    let metadata = metadata.unwrap_or_default();
    let field = |name| metadata.get(name).map(String::as_str);
    Attributes {
        content_type: content_type.unwrap_or_else(|| OCTET_STREAM.to_owned()),
        sha256: field(SHA256).and_then(Sha256::parse),
        original_name: field(ORIGINAL_NAME)
            .and_then(|name| URL_SAFE_NO_PAD.decode(name).ok())
            .and_then(|name| String::from_utf8(name).ok()),
        request_id: field(REQUEST_ID).and_then(|id| Uuid::parse_str(id).ok()),
    }
}
