//! Receipts: the word of blob-svc that an object is stored whole, which metadata-svc checks without a call. A receipt is the
//! HMAC-SHA-256 (RFC 2104) over the wire form of a [`BlobRef`] without its receipt, by a key that both services are given.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use prost::{Message as _, bytes::Bytes};
use sha2::Sha256;

use crate::{blob::v1::BlobRef, settings::Settings};

/// Keeps a receipt's MAC apart from any other made with the same key.
const DOMAIN: &[u8] = b"chatstore.blob.v1.BlobRef\0";
/// Shorter keys would be the weakest part of a receipt.
const MIN_KEY: usize = 32;

/// The keys of receipts: the first makes them, each of them vouches for what was made by it. With none, receipts are empty, and
/// blob-svc's plain word counts.
#[derive(Clone, Default)]
pub struct ReceiptKeys(Vec<Hmac<Sha256>>);

impl ReceiptKeys {
    /// Keys of these secrets.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[must_use]
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mac = |secret: &str| {
            Hmac::new_from_slice(secret.as_bytes())
                .expect("HMAC takes keys of any length (RFC 2104)")
        };
        Self(secrets.into_iter().map(mac).collect())
    }

    /// Reads `RECEIPT_KEY`: a key, or several with commas between them while one takes the place of another.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let text = settings.text("RECEIPT_KEY").unwrap_or_default();
        let secrets = || text.split(',').map(str::trim).filter(|s| !s.is_empty());
        if secrets().any(|secret| secret.len() < MIN_KEY) {
            let allowed = format_args!(
                "must be at least {MIN_KEY} characters, or several such keys with commas between them"
            );
            settings.problem("RECEIPT_KEY", allowed);
        }
        Self::new(secrets())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The reference to an object of this length and digest (64 lower-case hexadecimal digits), with its receipt.
    #[must_use]
    pub fn blob_ref(
        &self,
        key: &str,
        size_bytes: u64,
        content_type: &str,
        sha256: String,
    ) -> BlobRef {
        let mut blob = BlobRef {
            key: key.to_owned(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            sha256,
            content_type: content_type.to_owned(),
            receipt: Bytes::new(),
        };
        if let Some(key) = self.0.first() {
            let mac = mac_of(key, &blob).finalize().into_bytes();
            blob.receipt = Bytes::copy_from_slice(&mac);
        }
        blob
    }

    /// Whether the receipt of `blob` was made for it, by one of the keys; without a key, any is taken.
    #[must_use]
    pub fn vouch_for(&self, blob: &BlobRef) -> bool {
        let made_by = |key| mac_of(key, blob).verify_slice(&blob.receipt).is_ok();
        self.is_empty() || self.0.iter().any(made_by)
    }
}

/// The MAC over all of `blob` but its receipt.
fn mac_of(key: &Hmac<Sha256>, blob: &BlobRef) -> Hmac<Sha256> {
    let told = BlobRef {
        receipt: Bytes::new(),
        ..blob.clone()
    };
    key.clone()
        .chain_update(DOMAIN)
        .chain_update(told.encode_to_vec())
}

impl fmt::Debug for ReceiptKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReceiptKeys").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    const OLD: &str = "fake-receipt-key-of-32-characters-old";
    const NEW: &str = "fake-receipt-key-of-32-characters-new";

    fn signed(keys: &ReceiptKeys) -> BlobRef {
        keys.blob_ref("k", 1, "a/b", "0f".repeat(32))
    }

    #[test]
    fn a_receipt_vouches_for_every_field_of_its_own_object_and_for_no_other() {
        let keys = ReceiptKeys::new([NEW]);
        let blob = signed(&keys);
        assert!(keys.vouch_for(&blob));
        assert_eq!(blob.receipt.len(), 32);
        let changes: [fn(&mut BlobRef); 6] = [
            |b| b.key = "l".into(),
            |b| b.size_bytes = 2,
            |b| b.sha256 = "f0".repeat(32),
            |b| b.content_type = "a/c".into(),
            |b| b.receipt = Bytes::new(),
            |b| b.receipt = b.receipt.slice(..31),
        ];
        for change in changes {
            let mut other = blob.clone();
            change(&mut other);
            assert!(!keys.vouch_for(&other), "{other:?}");
        }
        assert!(!ReceiptKeys::new([OLD]).vouch_for(&blob));
    }

    #[test]
    fn while_keys_change_both_are_taken_and_the_first_signs() {
        let (old, both) = (ReceiptKeys::new([OLD]), ReceiptKeys::new([NEW, OLD]));
        assert!(both.vouch_for(&signed(&old)));
        assert!(ReceiptKeys::new([NEW]).vouch_for(&signed(&both)));
        assert!(!old.vouch_for(&signed(&both)));
    }

    #[test]
    fn without_a_key_receipts_are_empty_and_any_word_is_taken() {
        let none = ReceiptKeys::default();
        assert!(signed(&none).receipt.is_empty());
        assert!(none.vouch_for(&signed(&ReceiptKeys::new([NEW]))));
    }

    #[test]
    fn several_keys_are_read_a_short_one_is_refused_and_none_is_shown() {
        let read = |text: String| {
            let find = move |name: &str| (name == "RECEIPT_KEY").then(|| text.clone());
            settings::from(&find, ReceiptKeys::read)
        };
        let keys = read(format!(" {NEW} , {OLD},")).expect("both are long enough");
        assert!(keys.vouch_for(&signed(&ReceiptKeys::new([OLD]))));
        assert_eq!(format!("{keys:?}"), "ReceiptKeys(2)");
        let problem = read(format!("{NEW},fake-short")).expect_err("one is too short");
        assert!(!problem.to_string().contains("fake"), "{problem}");
    }
}
