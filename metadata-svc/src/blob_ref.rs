//! Blob refs: how blob-svc's word of a stored object is judged where a row is to name that object.

use std::mem::take;

use contract::{
    Violations, blob::v1::BlobRef, key, metadata::v1::Image, receipt::ReceiptKeys, violation::Max,
};
use prost::Message;

use crate::request_id::Call;

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

/// Judges what a request that names objects says of them beside their form: `blobs` finds them in it, each with its field. The
/// call's digest is taken without receipts: when their keys change, the same call with the same request id brings others.
pub(crate) fn judge_call<R: Message>(
    v: &mut Violations,
    receipts: &ReceiptKeys,
    method: &str,
    request_id: &str,
    request: &mut R,
    blobs: for<'r> fn(&'r mut R) -> Vec<(String, &'r mut BlobRef)>,
) -> Call {
    let mut taken = Vec::new();
    for (field, blob) in blobs(request) {
        if blob.receipt.len() <= MAX_RECEIPT_BYTES && !receipts.vouch_for(blob) {
            v.add(
                &format!("{field}.receipt"),
                "must be what blob-svc answered for this key, size_bytes, sha256 and content_type",
            );
        }
        if blob.key.starts_with(key::TEMPORARY) {
            v.add(
                &format!("{field}.key"),
                format!(
                    "must not lie under {}: what lies there is removed after a while; copy the object to another key",
                    key::TEMPORARY
                ),
            );
        }
        taken.push(take(&mut blob.receipt));
    }
    let call = Call::of(v, method, request_id, request);
    for ((_, blob), receipt) in blobs(request).into_iter().zip(taken) {
        blob.receipt = receipt;
    }
    call
}

/// The blob refs of `images`, which stand in the field `list`, each with its own field.
pub(crate) fn of_images<'i>(
    list: String,
    images: &'i mut [Image],
) -> impl Iterator<Item = (String, &'i mut BlobRef)> + use<'i> {
    let named = images.iter_mut().enumerate();
    named.filter_map(move |(i, image)| Some((format!("{list}[{i}].blob"), image.blob.as_mut()?)))
}

#[cfg(test)]
mod tests {
    use contract::metadata::v1::{Chat, CreateChatRequest};

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

    fn document(request: &mut CreateChatRequest) -> Vec<(String, &mut BlobRef)> {
        let chat = request.chat.as_mut();
        let blob = chat.and_then(|chat| chat.document.as_mut());
        blob.map(|blob| ("chat.document".into(), blob))
            .into_iter()
            .collect()
    }

    #[test]
    fn a_receipt_is_demanded_by_its_field_and_counts_nothing_in_a_repeated_call() {
        let [old, new] =
            ["old", "new"].map(|name| format!("fake-receipt-key-of-32-characters-{name}"));
        let call = |made_by: &ReceiptKeys, taken: &ReceiptKeys| {
            let mut request = CreateChatRequest {
                chat: Some(Chat {
                    document: Some(made_by.blob_ref("k", 1, "a/b", "0f".repeat(32))),
                    ..Chat::default()
                }),
                ..CreateChatRequest::default()
            };
            let came = request.clone();
            let mut v = Violations::default();
            let id = "0193d8f0-5f00-7000-8000-000000000001";
            let call = judge_call(&mut v, taken, "CreateChat", id, &mut request, document);
            assert_eq!(request, came);
            v.accept(Some(format!("{call:?}")))
        };
        let (old, new) = (ReceiptKeys::new([&*old]), ReceiptKeys::new([&*new]));
        let refused = call(&old, &new).expect_err("it was made by a key that counts no more");
        assert_eq!(refused.fields(), ["chat.document.receipt"]);
        assert_eq!(call(&old, &old).ok(), call(&new, &new).ok());
        assert!(call(&ReceiptKeys::default(), &ReceiptKeys::default()).is_ok());
    }
}
