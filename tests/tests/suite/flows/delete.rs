//! Deleting a chat with its objects.

use bytes::Bytes;
use caller::{Source, Upload, delete_request_id};
use contract::{
    id::{Uuid, new_id},
    metadata::v1::{
        Chat, CreateChatRequest, GetChatRequest, ListPendingDeletesRequest, PendingDelete,
    },
};
use tests::Pair;
use tonic::Code;

use super::{BLOB, METADATA, a_turn, caller, die_before, objects, saved_chat};

#[tokio::test]
async fn deleting_a_chat_takes_its_rows_and_objects_and_leaves_its_neighbours() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    caller(&pair)
        .save_turn(&a_turn(chat_id))
        .await
        .expect("a turn is saved");
    let (neighbour, _) = saved_chat(&pair).await;
    let deleted = caller(&pair)
        .delete_chat(chat_id, new_id())
        .await
        .expect("it is deleted");
    assert_eq!(
        (
            deleted.message_count,
            deleted.image_count,
            deleted.search_result_count
        ),
        (1, 2, 1)
    );
    assert_eq!(deleted.object_count, 3);
    assert_gone(&pair, chat_id).await;
    let left: Vec<_> = objects(&pair).await.into_iter().map(|o| o.key).collect();
    assert_eq!(left, [neighbour.document.unwrap_or_default().key]);
}

#[tokio::test]
async fn deleting_a_chat_is_finished_by_a_rerun_wherever_it_died() {
    for place in [
        (METADATA, "DeleteChat"),
        (BLOB, "DeletePrefix"),
        (METADATA, "AckDeletes"),
    ] {
        let pair = Pair::start().await;
        let (_, chat_id) = saved_chat(&pair).await;
        caller(&pair)
            .save_turn(&a_turn(chat_id))
            .await
            .expect("a turn is saved");
        let request_id = delete_request_id(chat_id);
        let dies = async |caller: caller::Caller| caller.delete_chat(chat_id, request_id).await;
        let pair = die_before(pair, place, dies).await;

        let deleted = caller(&pair)
            .delete_chat(chat_id, request_id)
            .await
            .expect("a rerun");
        assert_eq!(
            (deleted.message_count, deleted.image_count),
            (1, 2),
            "{}",
            place.1
        );
        assert_gone(&pair, chat_id).await;
        assert_eq!(objects(&pair).await, [], "{}", place.1);
    }
}

#[tokio::test]
async fn deleting_a_chat_again_answers_the_same_rows() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let request_id = new_id();
    let first = caller(&pair)
        .delete_chat(chat_id, request_id)
        .await
        .expect("a first run");
    let again = caller(&pair)
        .delete_chat(chat_id, request_id)
        .await
        .expect("a rerun");
    assert_eq!(
        again,
        caller::Deleted {
            object_count: 0,
            ..first
        }
    );
}

#[tokio::test]
async fn a_chat_that_never_was_is_not_found() {
    let pair = Pair::start().await;
    let error = caller(&pair)
        .delete_chat(new_id(), new_id())
        .await
        .expect_err("no such chat");
    assert_eq!(error.code(), Some(Code::NotFound), "{error}");
}

#[tokio::test]
async fn a_document_outside_of_the_chats_folder_goes_with_the_chat() {
    let pair = Pair::start().await;
    let upload = Upload {
        key: "uploads/documents/plan.pdf".into(),
        source: Source::Bytes(Bytes::from_static(b"%PDF-")),
        content_type: String::new(),
        original_name: "plan.pdf".into(),
        request_id: new_id(),
    };
    let chat = Chat {
        user_id: "anna".into(),
        title: "Plan".into(),
        document: Some(caller(&pair).upload(upload).await.expect("it is stored")),
        ..Default::default()
    };
    let request = CreateChatRequest {
        chat: Some(chat),
        ..Default::default()
    };
    let chat = pair
        .chats()
        .create_chat(request)
        .await
        .expect("a chat")
        .into_inner()
        .chat;
    let chat_id = chat
        .and_then(|c| c.id.parse().ok())
        .expect("a chat has an id");
    let deleted = caller(&pair)
        .delete_chat(chat_id, new_id())
        .await
        .expect("it is deleted");
    assert_eq!(deleted.object_count, 1);
    assert_gone(&pair, chat_id).await;
    assert_eq!(objects(&pair).await, []);
}

/// No row of the chat is left, and nothing that waits for its removal from the store.
async fn assert_gone(pair: &Pair, chat_id: Uuid) {
    let request = GetChatRequest {
        chat_id: chat_id.to_string(),
    };
    let gone = pair
        .chats()
        .get_chat(request)
        .await
        .expect_err("it is deleted");
    assert_eq!(gone.code(), Code::NotFound);
    let pending = pair
        .ledger()
        .list_pending_deletes(ListPendingDeletesRequest::default())
        .await;
    let pending = pending.expect("a list").into_inner().pending_deletes;
    assert_eq!(pending, Vec::<PendingDelete>::new());
}
