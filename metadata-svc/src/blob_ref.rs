//! Blob refs: how blob-svc's word of a stored object is judged where a row is to name that object.

use contract::{Violations, blob::v1::BlobRef, key, violation::Max};

/// The greatest length of a receipt, in bytes.
const MAX_RECEIPT_BYTES: usize = 64;

/// Judges a blob ref whose key may have `max_key_bytes`.
pub(crate) fn judge(v: &mut Violations, blob: BlobRef, max_key_bytes: usize) -> BlobRef {
    if let Err(problem) = key::judge(&blob.key) {
        v.add("key", problem);
    } else if blob.key.len() > max_key_bytes {
        v.add("key", format!("must be at most {max_key_bytes} bytes"));
    }
    v.non_negative("size_bytes", blob.size_bytes);
    if blob.receipt.len() > MAX_RECEIPT_BYTES {
        v.add(
            "receipt",
            format!("must be at most {MAX_RECEIPT_BYTES} bytes"),
        );
    }
    BlobRef {
        sha256: v.sha256("sha256", blob.sha256),
        content_type: v.text("content_type", blob.content_type, Max::Chars(255)),
        ..blob
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(change: impl FnOnce(&mut BlobRef)) -> Vec<String> {
        let mut blob = BlobRef {
            key: "chats/x/images/a.png".into(),
            size_bytes: 1,
            sha256: "0f".repeat(32),
            content_type: "image/png".into(),
            receipt: Vec::new().into(),
        };
        change(&mut blob);
        let mut v = Violations::default();
        judge(&mut v, blob, 512);
        v.fields().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn every_bad_part_of_a_blob_ref_is_named() {
        assert!(fields(|_| ()).is_empty());
        assert_eq!(fields(|b| b.key = "k".repeat(513)), ["key"]);
        assert_eq!(fields(|b| b.receipt = vec![0; 65].into()), ["receipt"]);
        assert_eq!(
            fields(|b| *b = BlobRef {
                size_bytes: -1,
                content_type: "x".repeat(256),
                ..BlobRef::default()
            }),
            ["key", "size_bytes", "sha256", "content_type"]
        );
    }
}
