//! Request ids over the wire: one effect and one answer, also when many arrive at once, also after kill -9.

use std::collections::BTreeSet;

use contract::metadata::v1::{
    AppendMessagesRequest, ChatState, CreateChatRequest, DeleteChatRequest,
};
use futures::future::join_all;
use tests::Storage;

use crate::{
    metadata::{Metadata, id, image, new_chat, reason, turn},
    storage::on_each_storage,
};

on_each_storage![
    a_request_id_has_one_effect_and_one_answer_also_when_many_arrive_at_once,
    what_was_answered_outlives_kill_9_and_a_repeated_call_is_answered_alike,
    a_chat_deleted_twice_with_one_request_id_is_answered_alike,
    second_append_with_same_request_id_returns_first
];

async fn a_request_id_has_one_effect_and_one_answer_also_when_many_arrive_at_once(
    storage: Storage,
) {
    let metadata = Metadata::start(storage).await;
    let request = CreateChatRequest {
        chat: Some(new_chat("once")),
        request_id: id(),
    };
    let create = async |request: CreateChatRequest| {
        let answer = metadata.chats().create_chat(request).await;
        answer.map(|answer| answer.into_inner().chat.expect("it answers the chat"))
    };
    let answers = join_all((0..8).map(|_| create(request.clone()))).await;
    let ids: BTreeSet<_> = answers
        .into_iter()
        .map(|answer| answer.expect("each is answered").id)
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(metadata.titles(ChatState::All).await, ["once"]);

    let other = CreateChatRequest {
        chat: Some(new_chat("other")),
        ..request
    };
    let refused = reason(create(other).await);
    assert_eq!(refused.1, "REQUEST_ID_REUSED");
    assert_eq!(metadata.titles(ChatState::All).await, ["once"]);
}

async fn what_was_answered_outlives_kill_9_and_a_repeated_call_is_answered_alike(storage: Storage) {
    let mut metadata = Metadata::start(storage).await;
    let request = CreateChatRequest {
        chat: Some(new_chat("kept")),
        request_id: id(),
    };
    let first = metadata.chats().create_chat(request.clone()).await;
    metadata.service.kill_9();
    metadata.service.restart().await;
    let second = metadata.chats().create_chat(request).await;
    assert_eq!(
        first.expect("before").into_inner(),
        second.expect("after").into_inner()
    );
    assert_eq!(metadata.titles(ChatState::All).await, ["kept"]);
}

async fn a_chat_deleted_twice_with_one_request_id_is_answered_alike(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("gone").await;
    let request = DeleteChatRequest {
        chat_id: chat.id,
        request_id: id(),
        ..DeleteChatRequest::default()
    };
    let first = metadata.chats().delete_chat(request.clone()).await;
    let second = metadata.chats().delete_chat(request).await;
    assert_eq!(
        first.expect("it is deleted").into_inner(),
        second.expect("it was deleted").into_inner()
    );
}

async fn second_append_with_same_request_id_returns_first(storage: Storage) {
    let mut metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let mut with_rows = turn("x");
    with_rows.images = vec![image("uploads/documents/a.png")];
    let request = AppendMessagesRequest {
        chat_id: chat.id.clone(),
        turns: vec![with_rows],
        request_id: id(),
        ..AppendMessagesRequest::default()
    };
    let send = |metadata: &Metadata| {
        let mut messages = metadata.messages();
        let request = request.clone();
        async move {
            messages
                .append_messages(request)
                .await
                .map(|answer| answer.into_inner())
        }
    };
    let answers = join_all((0..4).map(|_| send(&metadata))).await;
    let first = answers[0].as_ref().expect("it is appended").clone();
    metadata.service.kill_9();
    metadata.service.restart().await;
    let after = send(&metadata).await;
    for answer in answers.into_iter().chain([after]) {
        assert_eq!(answer.expect("it is answered"), first);
    }
    assert_eq!(
        metadata
            .history(&chat.id, 0)
            .await
            .expect("it can be read")
            .len(),
        1
    );
}
