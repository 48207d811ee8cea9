//! Chats over the wire: created, changed and listed.

use contract::metadata::v1::{
    ArchiveChatRequest, Chat, ChatState, ListChatsRequest, UnarchiveChatRequest,
};
use prost_types::{Struct, Value, value::Kind};
use tests::Storage;
use tonic::Code;

use crate::{
    metadata::{Client, Metadata, USER, blob, id, new_chat, reason, texts},
    storage::on_each_storage,
};

on_each_storage![
    a_created_chat_is_read_back_as_it_was_given,
    a_taken_id_is_refused_and_the_chat_stays,
    an_update_changes_what_its_mask_names_and_clears_what_is_not_set,
    of_two_updates_on_one_etag_the_second_is_aborted,
    chats_are_listed_newest_first_by_state_and_a_walk_sees_each_once,
    a_walk_neither_skips_nor_repeats_while_chats_come_and_go,
];

async fn a_created_chat_is_read_back_as_it_was_given(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let given = Chat {
        id: id(),
        description: "о насосах".to_owned(),
        document: Some(blob("uploads/documents/station.pdf")),
        metadata: Some(json("page", 3.0)),
        ..new_chat("Насосная станция")
    };
    let created = metadata.create(given.clone()).await.expect("it is created");
    assert!(!created.etag.is_empty());
    assert_eq!(created.create_time, created.update_time);
    let as_given = Chat {
        create_time: None,
        update_time: None,
        etag: String::new(),
        ..created.clone()
    };
    assert_eq!(as_given, given);
    assert_eq!(
        metadata.read(&given.id).await.expect("it is there"),
        created
    );
}

async fn a_taken_id_is_refused_and_the_chat_stays(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("first").await;
    let second = Chat {
        id: chat.id.clone(),
        ..new_chat("second")
    };
    let refused = reason(metadata.create(second).await);
    assert_eq!(refused, (Code::AlreadyExists, "ID_TAKEN".to_owned()));
    assert_eq!(metadata.read(&chat.id).await.expect("it is there"), chat);
}

async fn an_update_changes_what_its_mask_names_and_clears_what_is_not_set(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let given = Chat {
        description: "old".to_owned(),
        metadata: Some(json("k", 1.0)),
        ..new_chat("old")
    };
    let chat = metadata.create(given).await.expect("it is created");
    let patch = Chat {
        title: "new".to_owned(),
        description: "new".to_owned(),
        ..Chat::default()
    };
    let changed = metadata
        .update(&chat, patch.clone(), &["title", "metadata"])
        .await;
    let changed = changed.expect("it is changed");
    assert_eq!(
        (changed.title.as_str(), changed.description.as_str()),
        ("new", "old")
    );
    assert_eq!(changed.metadata, None);
    assert_ne!(changed.etag, chat.etag);

    let changed = metadata
        .update(&chat, patch, &[])
        .await
        .expect("it is changed");
    assert_eq!(changed.description, "new");
    let cleared = Chat {
        title: "title".to_owned(),
        ..Chat::default()
    };
    let cleared = metadata.update(&chat, cleared, &["*"]).await;
    let cleared = cleared.expect("it is changed");
    assert_eq!(
        (cleared.title.as_str(), cleared.description.as_str()),
        ("title", "")
    );
    assert_eq!(metadata.read(&chat.id).await.expect("it is there"), cleared);
}

async fn of_two_updates_on_one_etag_the_second_is_aborted(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("old").await;
    let patch = |title: &str| Chat {
        title: title.to_owned(),
        etag: chat.etag.clone(),
        ..Chat::default()
    };
    let first = metadata.update(&chat, patch("first"), &[]).await;
    assert_eq!(first.expect("its etag matches").title, "first");
    let second = reason(metadata.update(&chat, patch("second"), &[]).await);
    assert_eq!(second, (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let deleted = metadata.delete(&chat.id, &chat.etag).await;
    assert_eq!(reason(deleted).1, "ETAG_MISMATCH");
    assert_eq!(
        metadata.read(&chat.id).await.expect("it is there").title,
        "first"
    );
}

async fn chats_are_listed_newest_first_by_state_and_a_walk_sees_each_once(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let mut chats = Vec::new();
    for n in 1..=5 {
        chats.push(metadata.chat(&n.to_string()).await);
    }
    for chat in [&chats[1], &chats[3], &chats[3]] {
        let archived = archive(&metadata, &chat.id).await;
        assert!(archived.is_archived);
        assert_ne!(archived.etag, chat.etag);
    }
    assert_eq!(
        metadata.titles(ChatState::Unspecified).await,
        ["5", "3", "1"]
    );
    assert_eq!(metadata.titles(ChatState::Archived).await, ["4", "2"]);
    assert_eq!(
        metadata.titles(ChatState::All).await,
        ["5", "4", "3", "2", "1"]
    );

    let request = UnarchiveChatRequest {
        chat_id: chats[1].id.clone(),
        ..UnarchiveChatRequest::default()
    };
    let active = metadata.chats().unarchive_chat(request).await;
    assert!(
        !active
            .expect("it is brought back")
            .into_inner()
            .chat
            .expect("the chat")
            .is_archived
    );
    assert_eq!(
        metadata.titles(ChatState::Active).await,
        ["5", "3", "2", "1"]
    );
}

async fn a_walk_neither_skips_nor_repeats_while_chats_come_and_go(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let mut chats = Vec::new();
    for n in 1..=4 {
        chats.push(metadata.chat(&n.to_string()).await);
    }
    let mut request = ListChatsRequest {
        user_id: USER.to_owned(),
        page_size: 2,
        ..ListChatsRequest::default()
    };
    let first = metadata.list(&request).await;
    metadata.chat("5").await;
    metadata
        .delete(&chats[3].id, "")
        .await
        .expect("it is deleted");
    request.page_token = first.1;
    let second = metadata.list(&request).await;
    assert_eq!(
        (first.0, second.0),
        (texts(&["4", "3"]), texts(&["2", "1"]))
    );
    assert_eq!(second.1, "");
}

pub(crate) async fn archive(metadata: &Client, chat_id: &str) -> Chat {
    let request = ArchiveChatRequest {
        chat_id: chat_id.to_owned(),
        ..ArchiveChatRequest::default()
    };
    let answer = metadata.chats().archive_chat(request).await;
    answer
        .expect("it is archived")
        .into_inner()
        .chat
        .expect("the chat")
}

fn json(name: &str, number: f64) -> Struct {
    let value = Value {
        kind: Some(Kind::NumberValue(number)),
    };
    Struct {
        fields: [(name.to_owned(), value)].into(),
    }
}
