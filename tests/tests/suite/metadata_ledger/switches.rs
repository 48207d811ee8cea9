//! What the fault harness switches off: without it, what it promises does not hold, so the harness has something to find.

use contract::{
    metadata::v1::{AppendMessagesRequest, ChatState, CreateChatRequest, DeleteImageRequest},
    protection::Protection,
};
use tests::Storage;

use crate::metadata::{Metadata, id, new_chat, targets, turn};

async fn without(storage: Storage, protection: Protection) -> Metadata {
    let switch = ("CHATSTORE_WITHOUT", protection.name().to_owned());
    Metadata::start_with(storage, &[switch]).await
}

pub(super) async fn a_protection_that_is_off_is_told_once_in_the_log_and_none_where_all_are_on(
    storage: Storage,
) {
    let metadata = without(storage, Protection::Tombstone).await;
    let log = metadata.service.log();
    assert_eq!(log.matches("CHATSTORE_WITHOUT").count(), 1, "{log}");
    assert!(log.contains("without tombstone,"), "{log}");
    let log = Metadata::start(storage).await.service.log();
    assert!(!log.contains("CHATSTORE_WITHOUT"), "{log}");
}

pub(super) async fn without_its_protection_a_request_id_has_an_effect_each_time(storage: Storage) {
    let metadata = without(storage, Protection::RequestId).await;
    let create = CreateChatRequest {
        chat: Some(new_chat("twice")),
        request_id: id(),
    };
    let chat = metadata.chat("t").await;
    let append = AppendMessagesRequest {
        chat_id: chat.id.clone(),
        turns: vec![turn("twice")],
        request_id: id(),
        ..AppendMessagesRequest::default()
    };
    for _ in 0..2 {
        let created = metadata.chats().create_chat(create.clone()).await;
        created.expect("nothing is remembered");
        let appended = metadata.messages().append_messages(append.clone()).await;
        appended.expect("nothing is remembered");
    }
    let titles = metadata.titles(ChatState::All).await;
    assert_eq!(titles, ["twice", "twice", "t"]);
    assert_eq!(
        metadata
            .history(&chat.id, 0)
            .await
            .expect("it is there")
            .len(),
        2
    );
}

pub(super) async fn without_its_protection_a_sweep_records_what_rows_name(storage: Storage) {
    let metadata = without(storage, Protection::SecondLook).await;
    let chat = metadata.chat("t").await;
    let key = "uploads/documents/named";
    metadata
        .append_images(&chat.id, &[key])
        .await
        .expect("it is appended");
    metadata
        .reserve(&["uploads/documents/held"], 3_600)
        .await
        .expect("it is free");
    let pending = metadata.pend(&[key, "uploads/documents/held"]).await;
    assert_eq!(targets(&pending), [key, "uploads/documents/held"]);
}

pub(super) async fn without_its_protection_nothing_is_recorded_and_no_key_is_used_up(
    storage: Storage,
) {
    let metadata = without(storage, Protection::Tombstone).await;
    let chat = metadata.chat("t").await;
    let message = metadata.say(&chat.id, "x").await;
    let key = "uploads/documents/again";
    for _ in 0..2 {
        let image_id = metadata.add_image(&message.id, key).await;
        let delete = DeleteImageRequest {
            image_id: image_id.expect("it can be named again"),
            request_id: String::new(),
        };
        let deleted = metadata.images().delete_image(delete).await;
        let pending = deleted.expect("it is deleted").into_inner().pending_deletes;
        assert_eq!(targets(&pending), [key]);
        assert!(metadata.pending().await.is_empty());
        assert_eq!(metadata.ack(&pending).await, 0);
        assert_eq!(targets(&metadata.pend(&[key]).await), [key]);
    }
}
