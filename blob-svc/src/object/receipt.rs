//! Receipts: the word of this service that an object is stored whole, which metadata-svc can check without a call.

use super::Sha256;
use contract::blob::v1::BlobRef;
use hmac::{Hmac, KeyInit, Mac};
use prost::Message;

/// Keeps a receipt's MAC apart from any other made with the same key.
const DOMAIN: &[u8] = b"chatstore.blob.v1.BlobRef\0";

/// The key that receipts are made with; metadata-svc has the same.
#[derive(Clone)]
pub struct ReceiptKey(Option<Hmac<sha2::Sha256>>);

impl ReceiptKey {
    /// Receipts made with `secret`, or empty ones without it.
    #[must_use]
    pub fn new(secret: Option<&str>) -> Self {
        let mac = |secret: &str| {
            Hmac::new_from_slice(secret.as_bytes())
                .expect("HMAC takes keys of any length (RFC 2104)")
        };
        Self(secret.map(mac))
    }

    /// What a caller hands to metadata-svc: the object, and the MAC over the wire form of all that stands before it.
    #[must_use]
    pub fn blob_ref(
        &self,
        key: &str,
        size_bytes: u64,
        content_type: &str,
        sha256: Sha256,
    ) -> BlobRef {
        let mut blob = BlobRef {
            key: key.to_owned(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            sha256: sha256.to_string(),
            content_type: content_type.to_owned(),
            receipt: prost::bytes::Bytes::new(),
        };
        if let Some(mac) = &self.0 {
            let mac = mac
                .clone()
                .chain_update(DOMAIN)
                .chain_update(blob.encode_to_vec());
            blob.receipt = prost::bytes::Bytes::copy_from_slice(&mac.finalize().into_bytes());
        }
        blob
    }
}
