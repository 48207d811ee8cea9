//! Receipts: with a key that both services are given, a row takes nothing but blob-svc's own word of an object (P1).

use contract::{
    blob::v1::BlobRef,
    metadata::v1::{AddImagesRequest, AppendMessagesRequest, Chat, CreateChatRequest, Image, Turn},
    receipt::ReceiptKeys,
};
use tests::{ObjectStore, Storage};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    blob,
    metadata::{self, Metadata, id, image, new_chat, turn},
    storage::on_each_storage,
};

const OLD: &str = "fake-receipt-key-of-32-characters-old";
const NEW: &str = "fake-receipt-key-of-32-characters-new";

on_each_storage![
    an_object_that_blob_svc_stored_can_be_named_by_every_kind_of_row,
    a_forged_swapped_or_missing_receipt_is_refused_by_its_field_wherever_a_row_would_name_the_object,
    while_the_key_changes_receipts_of_both_are_taken_and_a_repeated_call_is_still_the_same,
    without_a_key_the_plain_word_is_taken_and_the_log_says_so_once,
    an_object_that_is_removed_after_a_while_is_named_by_no_row
];

async fn start(storage: Storage, keys: &str) -> Metadata {
    Metadata::start_with(storage, &[("RECEIPT_KEY", keys.to_owned())]).await
}

/// What blob-svc answers, given this key, of an object that it stores.
async fn stored(key: &str, receipt_key: &str) -> BlobRef {
    let settings = [("RECEIPT_KEY", receipt_key.to_owned())];
    let (_service, objects) = blob::start_with(ObjectStore::Embedded, &settings).await;
    blob::put(&objects, key, b"ten bytes.").await
}

/// A turn with an image of this object.
fn turn_with(blob: &BlobRef) -> Turn {
    Turn {
        images: vec![image_of(blob)],
        ..turn("look")
    }
}

fn image_of(blob: &BlobRef) -> Image {
    Image {
        blob: Some(blob.clone()),
        ..image("")
    }
}

fn chat_of(blob: &BlobRef) -> Chat {
    Chat {
        document: Some(blob.clone()),
        ..new_chat("with a document")
    }
}

/// Names an object by a row of every kind; what comes of each.
async fn name(metadata: &Metadata, blob: &BlobRef) -> Vec<Result<(), Status>> {
    let chat = metadata.chat("before").await;
    let message = metadata.say(&chat.id, "before").await;
    let add = AddImagesRequest {
        message_id: message.id,
        images: vec![image_of(blob)],
        ..AddImagesRequest::default()
    };
    let append = AppendMessagesRequest {
        create_chat: Some(chat_of(blob)),
        turns: vec![turn("first"), turn_with(blob)],
        ..AppendMessagesRequest::default()
    };
    let none = |_| ();
    vec![
        metadata.create(chat_of(blob)).await.map(none),
        metadata
            .update(&chat, chat_of(blob), &["document"])
            .await
            .map(none),
        metadata.images().add_images(add).await.map(|_| ()),
        metadata
            .messages()
            .append_messages(append)
            .await
            .map(|_| ()),
    ]
}

async fn an_object_that_blob_svc_stored_can_be_named_by_every_kind_of_row(storage: Storage) {
    let metadata = start(storage, NEW).await;
    let blob = stored("uploads/documents/a.png", NEW).await;
    for named in name(&metadata, &blob).await {
        named.expect("its receipt is blob-svc's own");
    }
    let kept = metadata
        .create(chat_of(&blob))
        .await
        .expect("it is created");
    assert_eq!(kept.document, Some(blob));
}

async fn a_forged_swapped_or_missing_receipt_is_refused_by_its_field_wherever_a_row_would_name_the_object(
    storage: Storage,
) {
    let metadata = start(storage, NEW).await;
    let keys = ReceiptKeys::new([NEW]);
    let of = |key: &str| keys.blob_ref(key, 10, "image/png", "0a".repeat(32));
    let blob = of("uploads/documents/a.png");
    let changes: [fn(&mut BlobRef); 6] = [
        |b| b.receipt = Default::default(),
        |b| b.receipt = vec![7; 32].into(),
        |b| b.key = "uploads/documents/b.png".into(),
        |b| b.size_bytes += 1,
        |b| b.sha256 = "0b".repeat(32),
        |b| b.content_type = "text/html".into(),
    ];
    for change in changes {
        let mut bad = blob.clone();
        change(&mut bad);
        let refused: Vec<_> = name(&metadata, &bad)
            .await
            .into_iter()
            .map(|named| fields(&named.expect_err("it is not blob-svc's word")))
            .collect();
        let expected = [
            vec!["chat.document.receipt"],
            vec!["chat.document.receipt"],
            vec!["images[0].blob.receipt"],
            vec![
                "create_chat.document.receipt",
                "turns[1].images[0].blob.receipt",
            ],
        ];
        assert_eq!(refused, expected, "{bad:?}");
    }
    let swapped = BlobRef {
        receipt: of("uploads/documents/c.png").receipt,
        ..blob
    };
    assert!(name(&metadata, &swapped).await.iter().all(Result::is_err));
}

async fn while_the_key_changes_receipts_of_both_are_taken_and_a_repeated_call_is_still_the_same(
    storage: Storage,
) {
    let metadata = start(storage, &format!("{NEW}, {OLD}")).await;
    let [old, new] = [OLD, NEW].map(|key| ReceiptKeys::new([key]));
    let of = |keys: &ReceiptKeys| {
        keys.blob_ref("uploads/documents/a.png", 10, "image/png", "0a".repeat(32))
    };
    let request = |keys: &ReceiptKeys, request_id: &str| CreateChatRequest {
        chat: Some(chat_of(&of(keys))),
        request_id: request_id.to_owned(),
    };
    let repeated = id();
    let mut answers = Vec::new();
    for keys in [&old, &new] {
        let created = metadata.chats().create_chat(request(keys, &repeated)).await;
        answers.push(created.expect("both keys count").into_inner());
    }
    assert_eq!(answers[0], answers[1]);

    let retired = ReceiptKeys::new(["fake-receipt-key-of-32-characters-gone"]);
    let refused = metadata.chats().create_chat(request(&retired, &id())).await;
    let refused = refused.expect_err("its key is known no more");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

async fn without_a_key_the_plain_word_is_taken_and_the_log_says_so_once(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let plain = metadata::blob("uploads/documents/a.png");
    for named in name(&metadata, &plain).await {
        named.expect("the plain word is taken");
    }
    let log = metadata.service.log();
    assert_eq!(log.matches("RECEIPT_KEY is not set").count(), 1, "{log}");
}

async fn an_object_that_is_removed_after_a_while_is_named_by_no_row(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let refused: Vec<_> = name(&metadata, &metadata::blob("uploads/temp/a.png"))
        .await
        .into_iter()
        .map(|named| fields(&named.expect_err("its object will be gone")))
        .collect();
    let expected = [
        vec!["chat.document.key"],
        vec!["chat.document.key"],
        vec!["images[0].blob.key"],
        vec!["create_chat.document.key", "turns[1].images[0].blob.key"],
    ];
    assert_eq!(refused, expected);
}

fn fields(status: &Status) -> Vec<String> {
    let request = status.get_details_bad_request();
    let violations = request.map(|r| r.field_violations).unwrap_or_default();
    violations.into_iter().map(|v| v.field).collect()
}
