//! Keys that were recorded for removal (P3).

use contract::metadata::v1::{AppendMessagesRequest, Chat, DeleteImageRequest};
use tests::Storage;

use super::is_used_up;
use crate::metadata::{Client, Metadata, blob, id, image, new_chat, targets, turn};

/// A chat with a message, to be given what it may not have.
struct Victim {
    chat: Chat,
    message_id: String,
}

impl Victim {
    async fn new(client: &Client) -> Self {
        let chat = client.chat("victim").await;
        let message_id = client.say(&chat.id, "first").await.id;
        let chat = client.read(&chat.id).await.expect("it is there");
        Self { chat, message_id }
    }

    /// Tries whatever can make a row name a key, and what would reserve it.
    async fn refuses(&self, client: &Client, key: &str) {
        let with_document = Chat {
            document: Some(blob(key)),
            ..new_chat("with a document")
        };
        let mut with_image = turn("with an image");
        with_image.images = vec![image("uploads/documents/fine"), image(key)];
        is_used_up(client.create(with_document.clone()).await, key);
        let patch = Chat {
            document: Some(blob(key)),
            ..Chat::default()
        };
        is_used_up(client.update(&self.chat, patch, &["document"]).await, key);
        let turns = vec![turn("before"), with_image];
        is_used_up(client.append(&self.chat.id, turns).await, key);
        let creating = AppendMessagesRequest {
            create_chat: Some(with_document),
            turns: vec![turn("first")],
            ..AppendMessagesRequest::default()
        };
        is_used_up(client.messages().append_messages(creating).await, key);
        is_used_up(client.add_image(&self.message_id, key).await, key);
        is_used_up(
            client.reserve(&["uploads/documents/fine", key], 60).await,
            key,
        );

        let chat = client.read(&self.chat.id).await.expect("it is there");
        assert_eq!(chat, self.chat);
        let turns = client.history(&self.chat.id, 0).await.expect("it is there");
        assert_eq!(turns.len(), 1, "nothing of it is written");
        assert!(turns[0].images.is_empty());
    }
}

pub(super) async fn a_used_up_key_is_named_by_no_call_before_and_after_its_ack_and_after_kill_9(
    storage: Storage,
) {
    let mut metadata = Metadata::start(storage).await;
    let victim = Victim::new(&metadata).await;
    let swept = "uploads/documents/swept";
    let deleted = "uploads/documents/deleted";
    let of_chat = "uploads/documents/of_chat.pdf";

    let other = Chat {
        document: Some(blob(of_chat)),
        ..new_chat("other")
    };
    let other = metadata.create(other).await.expect("it is created");
    let message = metadata.say(&other.id, "x").await;
    let image_id = metadata.add_image(&message.id, deleted).await;
    let delete = DeleteImageRequest {
        image_id: image_id.expect("it is added"),
        request_id: String::new(),
    };
    metadata
        .images()
        .delete_image(delete)
        .await
        .expect("it is deleted");
    metadata.delete(&other.id, "").await.expect("it is deleted");
    assert_eq!(targets(&metadata.pend(&[swept]).await), [swept]);

    for round in ["pending", "acked", "killed"] {
        for key in [swept, deleted, of_chat] {
            victim.refuses(&metadata, key).await;
        }
        assert_eq!(
            metadata
                .unreferenced(&["uploads/documents/fine"])
                .await
                .len(),
            1
        );
        match round {
            "pending" => {
                let pending = metadata.pending().await;
                assert_eq!(metadata.ack(&pending).await, 4);
                assert!(metadata.pending().await.is_empty());
            }
            "acked" => {
                metadata.service.kill_9();
                metadata.service.restart().await;
            }
            _ => {}
        }
    }
    let fine = metadata
        .add_image(&victim.message_id, "uploads/documents/fine")
        .await;
    fine.expect("other keys are named as ever");
}

pub(super) async fn a_chat_that_is_deleted_uses_up_every_key_under_its_prefix(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let victim = Victim::new(&metadata).await;
    let gone = metadata.chat("gone").await;
    let prefix = format!("chats/{}/", gone.id);
    let deleted = metadata.delete(&gone.id, "").await.expect("it is deleted");
    assert_eq!(targets(&deleted.pending_deletes), [&prefix]);
    let late = [
        format!("{prefix}images/late.png"),
        format!("{prefix}documents/deep/er/late.pdf"),
        format!("{prefix}late"),
    ];
    for _ in ["pending", "acked"] {
        for key in &late {
            is_used_up(metadata.add_image(&victim.message_id, key).await, key);
            is_used_up(metadata.reserve(&[key], 60).await, key);
        }
        metadata.ack(&deleted.pending_deletes).await;
    }
    let near = [
        format!("chats/{}", gone.id),
        format!("chats/{}x/a", gone.id),
    ];
    for key in &near {
        let named = metadata.add_image(&victim.message_id, key).await;
        named.expect("it is not under the prefix");
    }
    // An object that was uploaded late is an orphan, to be removed by its own key.
    let pending = metadata.pend(&[&late[0]]).await;
    assert_eq!(targets(&pending), [&late[0]]);
    assert_eq!(metadata.pending().await, pending);
}

pub(super) async fn a_repeated_call_is_answered_as_before_also_when_its_key_is_used_up_since(
    storage: Storage,
) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let mut with_image = turn("x");
    with_image.images = vec![image("uploads/documents/a.png")];
    let request = AppendMessagesRequest {
        chat_id: chat.id.clone(),
        turns: vec![with_image],
        request_id: id(),
        ..AppendMessagesRequest::default()
    };
    let first = metadata.messages().append_messages(request.clone()).await;
    let first = first.expect("it is appended").into_inner();
    let message = first.turns[0].message.as_ref().expect("a message");
    let deleted = metadata.delete_message(&message.id).await;
    let deleted = deleted.expect("it is deleted");
    assert_eq!(
        targets(&deleted.pending_deletes),
        ["uploads/documents/a.png"]
    );
    let again = metadata.messages().append_messages(request.clone()).await;
    assert_eq!(again.expect("it is answered").into_inner(), first);
    let anew = AppendMessagesRequest {
        request_id: id(),
        ..request
    };
    is_used_up(
        metadata.messages().append_messages(anew).await,
        "uploads/documents/a.png",
    );
}

pub(super) async fn what_is_recorded_again_keeps_its_record_until_it_is_removed_and_then_gets_another(
    storage: Storage,
) {
    let metadata = Metadata::start(storage).await;
    let keys = ["uploads/documents/b", "uploads/documents/a"];
    let first = metadata.pend(&keys).await;
    assert_eq!(targets(&first), keys);
    assert_eq!(metadata.pend(&keys).await, first, "it is recorded already");
    assert_eq!(metadata.ack(&first[..1]).await, 1);

    let second = metadata.pend(&keys).await;
    assert_eq!(targets(&second), keys);
    assert_ne!(
        second[0].id, first[0].id,
        "its object is to be removed again"
    );
    assert_eq!(second[1], first[1]);
    assert_eq!(metadata.ack(&first[..1]).await, 0, "that was struck out");
    // The oldest first.
    assert_eq!(
        metadata.pending().await,
        [second[1].clone(), second[0].clone()]
    );
    assert_eq!(metadata.ack(&second).await, 2);
    assert!(metadata.pending().await.is_empty());
}
