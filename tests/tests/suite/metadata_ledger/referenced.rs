//! The walk over the keys that rows name (P5, P10).

use contract::{
    blob::v1::BlobRef,
    id::Uuid,
    metadata::v1::{Chat, Image, ListReferencedKeysRequest, ReferencedKey},
};
use futures::TryStreamExt as _;
use tests::Storage;

use crate::{
    metadata::{Client, Metadata, blob, image, new_chat, turn},
    storage::on_databases,
};

on_databases![keys_of_adopted_rows_are_walked_as_they_are];

/// Keys in an order that is not that of any other collation than bytes.
const NEAR: [&str; 9] = [
    "w/a-b", "w/a.b", "w/a/b", "w/a0b", "w/aB", "w/a_b", "w/ab", "w/B", "w/b",
];

pub(super) async fn keys_are_walked_in_byte_order_each_once_and_from_any_key_on(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    assert!(metadata.referenced("", "").await.is_empty());
    let mut keys: Vec<_> = (0..3_300)
        .map(|n| format!("w/many/{}", n * 7 % 3_300))
        .collect();
    keys.extend(NEAR.map(str::to_owned));
    let chat = metadata.chat("many").await;
    for some in keys.chunks(900) {
        let some: Vec<_> = some.iter().map(String::as_str).collect();
        let appended = metadata.append_images(&chat.id, &some).await;
        appended.expect("it is appended");
    }
    // More rows of one key than a message has room for, in the middle, and among documents.
    let common = "w/many/15";
    for _ in 0..3 {
        let appended = metadata.append_images(&chat.id, &[common; 700]).await;
        appended.expect("it is appended");
    }
    for key in ["w/many/2", common, "w/many/document"] {
        let with_document = Chat {
            document: Some(blob(key)),
            ..new_chat("with a document")
        };
        metadata.create(with_document).await.expect("it is created");
    }
    keys.push("w/many/document".to_owned());
    keys.sort_unstable();

    assert_eq!(walk(&metadata, "", "").await, keys);
    for at in [
        0,
        1,
        8,
        9,
        10,
        11,
        700,
        998,
        999,
        1_000,
        1_001,
        2_000,
        keys.len() - 2,
        keys.len() - 1,
    ] {
        let rest = walk(&metadata, "", &keys[at]).await;
        assert_eq!(rest, keys[at + 1..], "behind {}", keys[at]);
    }
    for (prefix, after) in [
        ("w/many/1", ""),
        ("w/many/1", "w/many/12"),
        ("w/many/1", "a"),
        ("w/many/1", "x"),
        ("w/many/15", "w/many/15"),
        ("w/many/15", "w/many/15-there is none"),
        ("w/a", ""),
        ("w/b", ""),
        ("z", ""),
        ("", "w/many/9999"),
    ] {
        let expected = keys
            .iter()
            .filter(|key| key.starts_with(prefix) && key.as_str() > after);
        let expected: Vec<_> = expected.cloned().collect();
        assert_eq!(
            walk(&metadata, prefix, after).await,
            expected,
            "{prefix} {after}"
        );
    }
    metadata.delete(&chat.id, "").await.expect("it is deleted");
    let left = ["w/many/15", "w/many/2", "w/many/document"];
    assert_eq!(walk(&metadata, "", "").await, left);
}

pub(super) async fn a_key_has_the_size_and_digest_of_the_first_row_that_names_it(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let id = |n: u128| Uuid::from_u128(n).to_string();
    let sized = |size_bytes, digit: &str| BlobRef {
        size_bytes,
        sha256: digit.repeat(64),
        ..blob("w/same")
    };
    // An image and a chat may have the same id; a chat may come before an image, and behind it.
    let chat = Chat {
        id: id(5),
        document: Some(sized(5, "5")),
        ..new_chat("t")
    };
    metadata.create(chat).await.expect("it is created");
    let mut with_images = turn("x");
    with_images.images = [(7, "7"), (5, "a"), (3, "3")]
        .map(|(n, digit)| Image {
            id: id(n),
            blob: Some(sized(i64::try_from(n).expect("it is small"), digit)),
            ..image("w/same")
        })
        .to_vec();
    metadata
        .append(&id(5), vec![with_images])
        .await
        .expect("it is appended");
    let says = |size_bytes, digit: &str| ReferencedKey {
        key: "w/same".to_owned(),
        size_bytes,
        sha256: digit.repeat(64),
    };
    for (gone, first) in [
        (None, says(3, "3")),
        (Some(3), says(5, "a")),
        (Some(5), says(5, "5")),
    ] {
        if let Some(gone) = gone {
            let request = contract::metadata::v1::DeleteImageRequest {
                image_id: id(gone),
                request_id: String::new(),
            };
            let deleted = metadata.images().delete_image(request).await;
            let deleted = deleted.expect("it is deleted").into_inner();
            assert_eq!(deleted.pending_deletes, [], "others name it");
        }
        assert_eq!(metadata.referenced("", "").await, [first]);
    }
}

pub(super) async fn keys_that_are_named_throughout_a_walk_are_walked_whatever_changes_meanwhile(
    storage: Storage,
) {
    let metadata = Metadata::start(storage).await;
    let (stays, goes) = (metadata.chat("stays").await, metadata.chat("goes").await);
    let keys = |kind: &str| {
        (0..2_400)
            .map(|n| format!("w/{n:04}/{kind}"))
            .collect::<Vec<_>>()
    };
    let (kept, gone) = (keys("kept"), keys("gone"));
    for (chat, keys) in [(&stays, &kept), (&goes, &gone)] {
        for some in keys.chunks(800) {
            let some: Vec<_> = some.iter().map(String::as_str).collect();
            metadata
                .append_images(&chat.id, &some)
                .await
                .expect("it is appended");
        }
    }
    let mut stream = metadata
        .ledger()
        .list_referenced_keys(ListReferencedKeysRequest::default())
        .await
        .expect("it is streamed")
        .into_inner();
    let mut walked = Vec::new();
    let mut changes = 0;
    while let Some(message) = stream.try_next().await.expect("it goes on") {
        walked.extend(message.keys.into_iter().map(|key| key.key));
        if changes == 0 {
            metadata.delete(&goes.id, "").await.expect("it is deleted");
        }
        let new = format!("w/{}/new", changes * 500);
        metadata
            .append_images(&stays.id, &[&new])
            .await
            .expect("it is appended");
        changes += 1;
    }
    assert!(
        walked.is_sorted_by(|a, b| a < b),
        "each once, in byte order"
    );
    walked.retain(|key| key.ends_with("/kept"));
    assert_eq!(walked, kept);
}

async fn keys_of_adopted_rows_are_walked_as_they_are(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("adopted").await;
    let done = metadata.database().ask(&format!(
        "insert into chat_images (chat_id, s3_path) values
             ('{chat}', 'Чертёж № 1.pdf'), ('{chat}', 'a b'), ('{chat}', ''), ('{chat}', null), ('{chat}', '{long}');
         update chats set document_path = 'z' where id = '{chat}' returning document_path",
        chat = chat.id,
        long = "ж".repeat(1_024),
    ));
    assert_eq!(done, "z");
    let keys = metadata.referenced("", "").await;
    let names: Vec<_> = keys.iter().map(|key| key.key.as_str()).collect();
    let long = "ж".repeat(1_024);
    assert_eq!(names, ["a b", "z", "Чертёж № 1.pdf", &long]);
    assert!(
        keys.iter()
            .all(|key| key.size_bytes == 0 && key.sha256.is_empty())
    );
    for (at, after) in names.iter().enumerate() {
        assert_eq!(walk(&metadata, "", after).await, names[at + 1..]);
    }
}

async fn walk(client: &Client, prefix: &str, after: &str) -> Vec<String> {
    let keys = client.referenced(prefix, after).await;
    keys.into_iter().map(|key| key.key).collect()
}
