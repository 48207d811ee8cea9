//! Reservations, and what a sweep may record beside them (P4, P5, P7).

use std::time::{Duration, Instant};

use contract::{
    blob::v1::BlobRef,
    metadata::v1::{Chat, DeleteImageRequest, ReserveKeysRequest},
    time::Time,
};
use tests::Storage;

use super::is_used_up;
use crate::metadata::{Metadata, blob, id, new_chat, reason, targets, texts};

/// How long a reservation of a second may take to end; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(20);
const HOUR: i64 = 3_600;

pub(super) async fn a_sweep_records_only_what_no_row_names_and_no_reservation_holds(
    storage: Storage,
) {
    let metadata = Metadata::start(storage).await;
    let chat = Chat {
        document: Some(blob("uploads/documents/named.pdf")),
        ..new_chat("t")
    };
    let chat = metadata.create(chat).await.expect("it is created");
    let message = metadata.say(&chat.id, "x").await;
    let named = metadata
        .add_image(&message.id, "uploads/documents/named.png")
        .await;
    named.expect("it is added");
    // Named once, and reserved before: it is used up all the same.
    let used_up = "uploads/documents/used_up.png";
    metadata
        .reserve(&[used_up], HOUR)
        .await
        .expect("it is free");
    let image_id = metadata.add_image(&message.id, used_up).await;
    let delete = DeleteImageRequest {
        image_id: image_id.expect("it is added"),
        request_id: String::new(),
    };
    let deleted = metadata.images().delete_image(delete).await;
    let recorded = deleted.expect("it is deleted").into_inner().pending_deletes;
    let reserved = ["uploads/documents/reserved", "uploads/documents/named.pdf"];
    metadata
        .reserve(&reserved, HOUR)
        .await
        .expect("they are free");
    // What the document moved away from is named no more.
    let moved = Chat {
        document: Some(blob("uploads/documents/moved.pdf")),
        ..Chat::default()
    };
    metadata
        .update(&chat, moved, &["document"])
        .await
        .expect("it is changed");
    metadata
        .reserve(&["uploads/documents/ended"], 1)
        .await
        .expect("it is free");
    ended(&metadata, "uploads/documents/ended").await;

    let keys = [
        "uploads/documents/z",
        "uploads/documents/moved.pdf",
        "uploads/documents/reserved",
        "uploads/documents/ended",
        "uploads/documents/named.png",
        used_up,
        "uploads/documents/named.pdf",
        "a",
    ];
    let free = [
        "uploads/documents/z",
        "uploads/documents/ended",
        used_up,
        "a",
    ];
    for _ in 0..2 {
        assert_eq!(metadata.unreferenced(&keys).await, free);
    }
    assert_eq!(
        metadata.pending().await,
        recorded,
        "telling records nothing"
    );
    let pending = metadata.pend(&keys).await;
    assert_eq!(targets(&pending), free);
    assert_eq!(pending[2], recorded[0]);
    assert_eq!(metadata.unreferenced(&keys).await, free);
    metadata.ack(&pending).await;
    assert_eq!(metadata.unreferenced(&keys).await, free);
    is_used_up(metadata.add_image(&message.id, "a").await, "a");
}

pub(super) async fn a_document_that_moves_leaves_a_key_that_no_sweep_takes_for_a_day(
    storage: Storage,
) {
    let metadata = Metadata::start(storage).await;
    let keys = ["first", "second", "third"].map(|name| format!("uploads/documents/{name}"));
    let [first, second, third] = keys.each_ref().map(String::as_str);
    let at = |key| Chat {
        document: Some(blob(key)),
        ..new_chat("moves")
    };
    let chat = metadata.create(at(first)).await.expect("it is created");
    let before = Time::now();
    for document in [Some(second), Some(third), None] {
        let patch = document.map(at).unwrap_or_default();
        let moved = metadata.update(&chat, patch, &["document"]).await;
        moved.expect("it moves");
    }
    assert!(metadata.referenced("", "").await.is_empty());
    assert_eq!(
        metadata.unreferenced(&[first, second, third]).await,
        [""; 0]
    );
    assert!(metadata.pend(&[first, second, third]).await.is_empty());
    for key in [first, second, third] {
        let ends = metadata.reserve(&[key], 1).await.expect("it is free");
        assert!(ends >= before + Duration::from_secs(86_400), "{key}");
    }
    // It is kept, not used up: the document may come back.
    let back = metadata.update(&chat, at(first), &["document"]).await;
    back.expect("it comes back");
}

pub(super) async fn a_document_that_stays_where_it_is_reserves_nothing(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let key = "uploads/documents/stays";
    let chat = Chat {
        document: Some(blob(key)),
        ..new_chat("stays")
    };
    let chat = metadata.create(chat).await.expect("it is created");
    let patch = Chat {
        document: Some(BlobRef {
            size_bytes: 11,
            ..blob(key)
        }),
        ..Chat::default()
    };
    let changed = metadata.update(&chat, patch, &["document"]).await;
    changed.expect("it is changed");
    let before = Time::now();
    let ends = metadata.reserve(&[key], 1).await.expect("it is free");
    assert!(ends < before + Duration::from_secs(86_000));
}

pub(super) async fn a_reservation_holds_a_key_until_it_ends_and_the_later_end_counts(
    storage: Storage,
) {
    let mut metadata = Metadata::start(storage).await;
    let (short, long) = ("uploads/documents/short", "uploads/documents/long");
    let before = Time::now();
    let ends = metadata.reserve(&[long], HOUR).await.expect("it is free");
    assert!(ends >= before + Duration::from_secs(3_600));
    let kept = metadata.reserve(&[long], 1).await.expect("it is free");
    assert_eq!(kept, ends, "a shorter one does not shorten it");
    let later = metadata.reserve(&[long], 2 * HOUR).await;
    assert!(later.expect("it is free") > ends);

    let both = metadata
        .reserve(&[long, short], 1)
        .await
        .expect("they are free");
    assert!(both < ends, "so long both are held");
    metadata.service.kill_9();
    metadata.service.restart().await;
    ended(&metadata, short).await;
    assert!(Time::now() >= both, "not before");
    assert!(metadata.pend(&[long]).await.is_empty());
    let anew = metadata.reserve(&[short], HOUR).await;
    anew.expect("what has ended can be reserved again");
    assert!(metadata.unreferenced(&[short]).await.is_empty());
}

pub(super) async fn a_reservation_is_whole_or_none_and_repeated_with_its_answer(storage: Storage) {
    let mut metadata = Metadata::start(storage).await;
    metadata.pend(&["uploads/documents/gone"]).await;
    let keys = ["uploads/documents/a", "uploads/documents/gone"];
    is_used_up(metadata.reserve(&keys, HOUR).await, keys[1]);
    assert_eq!(metadata.unreferenced(&keys[..1]).await, keys[..1]);

    let request = ReserveKeysRequest {
        keys: texts(&keys[..1]),
        expires_in: None,
        request_id: id(),
    };
    let first = metadata.ledger().reserve_keys(request.clone()).await;
    let first = first.expect("it is free").into_inner();
    metadata.service.kill_9();
    metadata.service.restart().await;
    let again = metadata.ledger().reserve_keys(request.clone()).await;
    assert_eq!(again.expect("it is answered").into_inner(), first);
    let other = ReserveKeysRequest {
        keys: texts(&["uploads/documents/b"]),
        ..request
    };
    let refused = reason(metadata.ledger().reserve_keys(other).await);
    assert_eq!(refused.1, "REQUEST_ID_REUSED");
    let ends = first.expire_time.as_ref().and_then(Time::from_wire);
    let day = Time::now() + Duration::from_secs(24 * 3_600);
    let hour_less = Time::now() + Duration::from_secs(23 * 3_600);
    assert!((hour_less..=day).contains(&ends.expect("it ends")), "a day");
}

/// Waits until nothing holds a key.
async fn ended(metadata: &Metadata, key: &str) {
    let deadline = Instant::now() + LIMIT;
    while metadata.unreferenced(&[key]).await.is_empty() {
        assert!(Instant::now() < deadline, "{key} is held for ever");
        tokio::time::sleep(ASK_EVERY).await;
    }
}
