//! Deletions over the wire: what is gone at once, what the ledger keeps until it is acked, and what usage counts no more.

use contract::{
    blob::v1::BlobRef,
    metadata::v1::{AckDeletesRequest, Chat, GetUsageRequest, UsageDay},
    time::Time,
};
use tests::Storage;
use tonic::Code;

use crate::{
    metadata::{Client, Metadata, USER, blob, found, image, new_chat, targets, turn},
    storage::on_each_storage,
};

on_each_storage![
    a_deleted_chat_is_gone_at_once_and_its_objects_are_in_the_ledger_until_acked,
    what_another_chat_still_names_is_not_removed_with_a_chat,
    the_id_of_a_deleted_chat_stays_taken_and_its_keys_used_up,
    usage_counts_what_is_kept_and_forgets_what_is_deleted
];

async fn a_deleted_chat_is_gone_at_once_and_its_objects_are_in_the_ledger_until_acked(
    storage: Storage,
) {
    let mut metadata = Metadata::start(storage).await;
    let chat = Chat {
        document: Some(blob("uploads/documents/a.pdf")),
        ..new_chat("to delete")
    };
    let chat = metadata.create(chat).await.expect("it is created");
    let mut with_rows = turn("words");
    with_rows.images = vec![
        image(&format!("chats/{}/images/1.png", chat.id)),
        image("uploads/documents/b.png"),
    ];
    with_rows.search_results = vec![found("block")];
    let turns = vec![with_rows, turn("more words")];
    metadata
        .append(&chat.id, turns)
        .await
        .expect("it is appended");

    let deleted = metadata.delete(&chat.id, "").await.expect("it is deleted");
    assert_eq!(
        (
            deleted.message_count,
            deleted.image_count,
            deleted.search_result_count
        ),
        (2, 2, 1)
    );
    let prefix = format!("chats/{}/", chat.id);
    let expected = [
        prefix.as_str(),
        "uploads/documents/a.pdf",
        "uploads/documents/b.png",
    ];
    assert_eq!(targets(&deleted.pending_deletes), expected);
    for code in [
        metadata.read(&chat.id).await.expect_err("gone").code(),
        metadata
            .history(&chat.id, 0)
            .await
            .expect_err("gone")
            .code(),
        metadata
            .delete(&chat.id, "")
            .await
            .expect_err("gone")
            .code(),
        metadata
            .append(&chat.id, vec![turn("x")])
            .await
            .expect_err("gone")
            .code(),
    ] {
        assert_eq!(code, Code::NotFound);
    }

    metadata.service.kill_9();
    metadata.service.restart().await;
    let pending = metadata.pending().await;
    assert_eq!(pending, deleted.pending_deletes);
    let ack = AckDeletesRequest {
        ids: pending.into_iter().map(|delete| delete.id).collect(),
        ..AckDeletesRequest::default()
    };
    for acked in [3, 0] {
        let answer = metadata.ledger().ack_deletes(ack.clone()).await;
        assert_eq!(answer.expect("it is acked").into_inner().acked_count, acked);
    }
    assert!(metadata.pending().await.is_empty());
}

async fn what_another_chat_still_names_is_not_removed_with_a_chat(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let (first, second) = (metadata.chat("first").await, metadata.chat("second").await);
    let own = format!("chats/{}/images/own.png", first.id);
    let lent = format!("chats/{}/images/lent.png", first.id);
    let mut of_first = turn("x");
    of_first.images = vec![image(&own), image(&lent)];
    metadata
        .append(&first.id, vec![of_first])
        .await
        .expect("it is appended");
    let mut of_second = turn("y");
    of_second.images = vec![image(&lent)];
    metadata
        .append(&second.id, vec![of_second])
        .await
        .expect("it is appended");

    let deleted = metadata.delete(&first.id, "").await.expect("it is deleted");
    assert_eq!(targets(&deleted.pending_deletes), [own.as_str()]);
    let deleted = metadata
        .delete(&second.id, "")
        .await
        .expect("it is deleted");
    let prefix = format!("chats/{}/", second.id);
    assert_eq!(
        targets(&deleted.pending_deletes),
        [prefix.as_str(), lent.as_str()]
    );
}

async fn the_id_of_a_deleted_chat_stays_taken_and_its_keys_used_up(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("gone").await;
    let deleted = metadata.delete(&chat.id, "").await.expect("it is deleted");
    let ack = AckDeletesRequest {
        ids: deleted
            .pending_deletes
            .into_iter()
            .map(|delete| delete.id)
            .collect(),
        ..AckDeletesRequest::default()
    };
    metadata
        .ledger()
        .ack_deletes(ack)
        .await
        .expect("it is acked");
    let document = Chat {
        document: Some(blob(&format!("chats/{}/documents/a.pdf", chat.id))),
        ..new_chat("other")
    };
    let other = metadata.create(document).await;
    assert_eq!(
        other.expect_err("its key is used up").code(),
        Code::FailedPrecondition
    );

    let again = Chat {
        id: chat.id,
        ..new_chat("again")
    };
    let again = metadata
        .create(again)
        .await
        .expect_err("its id stays taken");
    assert_eq!(again.code(), Code::AlreadyExists);
}

async fn usage_counts_what_is_kept_and_forgets_what_is_deleted(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = Chat {
        document: Some(blob("uploads/documents/a.pdf")),
        ..new_chat("first")
    };
    let chat = metadata.create(chat).await.expect("it is created");
    let other = metadata.chat("second").await;
    let mut with_image = turn("x");
    with_image.images = vec![
        image("uploads/documents/1.png"),
        image("uploads/documents/b.png"),
    ];
    metadata
        .append(&chat.id, vec![with_image, turn("y")])
        .await
        .expect("it is appended");
    let counts = |day: &UsageDay| {
        (
            day.chat_count,
            day.message_count,
            day.image_count,
            day.blob_size_bytes,
        )
    };
    let (days, total) = usage(&metadata, USER).await;
    assert_eq!(counts(&total), (2, 2, 2, 30));
    let sum: i64 = days.iter().map(|day| day.message_count).sum();
    assert_eq!(sum, 2);
    for day in &days {
        let start = Time::from_wire(&day.day_start_time.expect("a day has a beginning"));
        assert_eq!(start.map(Time::day_start), start);
    }
    assert_eq!(total.day_start_time, None);

    let moved = Chat {
        document: Some(BlobRef {
            size_bytes: 100,
            ..blob("uploads/documents/b.pdf")
        }),
        ..Chat::default()
    };
    metadata
        .update(&chat, moved, &[])
        .await
        .expect("it is changed");
    assert_eq!(counts(&usage(&metadata, USER).await.1), (2, 2, 2, 120));
    metadata.delete(&chat.id, "").await.expect("it is deleted");
    assert_eq!(counts(&usage(&metadata, USER).await.1), (1, 0, 0, 0));
    metadata.delete(&other.id, "").await.expect("it is deleted");
    assert!(usage(&metadata, USER).await.0.is_empty());
}

pub(crate) async fn usage(metadata: &Client, user: &str) -> (Vec<UsageDay>, UsageDay) {
    let request = GetUsageRequest {
        user_id: user.to_owned(),
        ..GetUsageRequest::default()
    };
    let usage = metadata.chats().get_usage(request).await;
    let usage = usage.expect("usage can be read").into_inner();
    (usage.days, usage.total.expect("there is a total"))
}
