//! Messages over the wire: appended whole or not at all, numbered in order, read both ways.

use contract::metadata::v1::{AppendMessagesRequest, ListMessagesRequest, MessageOrder, Turn};
use futures::future::join_all;
use tests::Storage;
use tonic::{Code, Status};

use crate::{
    metadata::{Client, Metadata, contents, id, image, new_chat, numbered, reason, turn},
    storage::on_each_storage,
};

on_each_storage![
    messages_are_numbered_from_one_in_the_order_of_the_calls,
    appends_that_arrive_at_once_get_numbers_without_gap_or_double_and_outlive_kill_9,
    an_append_creates_the_chat_once_and_leaves_one_that_is_there,
    an_append_that_fails_at_its_last_turn_keeps_nothing,
    messages_are_listed_from_either_end_and_a_page_fits_into_an_answer,
    a_long_history_is_streamed_whole
];

async fn messages_are_numbered_from_one_in_the_order_of_the_calls(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let first = metadata
        .append(&chat.id, numbered(3))
        .await
        .expect("it is appended");
    let seqs = |turns: &[Turn]| -> Vec<i64> {
        turns
            .iter()
            .filter_map(|turn| Some(turn.message.as_ref()?.seq))
            .collect()
    };
    assert_eq!(seqs(&first.turns), [1, 2, 3]);
    assert_eq!(contents(&first.turns), ["", "", ""]);
    assert_eq!(first.chat.as_ref().expect("the chat").last_seq, 3);
    assert_eq!(first.chat.as_ref().expect("the chat").etag, chat.etag);

    let last = first.turns[2].message.clone().expect("a message");
    metadata
        .delete_message(&last.id)
        .await
        .expect("it is deleted");
    let next = metadata.say(&chat.id, "4").await;
    assert_eq!(next.seq, 4, "a number is never given twice");
    assert_eq!(next.message_type, "text");
    let history = metadata.history(&chat.id, 0).await.expect("it can be read");
    assert_eq!(contents(&history), ["1", "2", "4"]);
    let rest = metadata.history(&chat.id, 2).await.expect("it can be read");
    assert_eq!(contents(&rest), ["4"]);
}

async fn appends_that_arrive_at_once_get_numbers_without_gap_or_double_and_outlive_kill_9(
    storage: Storage,
) {
    let mut metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let appends = (0..40).map(|_| metadata.append(&chat.id, numbered(3)));
    for answer in join_all(appends).await {
        let turns = answer.expect("it is appended").turns;
        let seqs: Vec<_> = turns
            .into_iter()
            .filter_map(|turn| Some(turn.message?.seq))
            .collect();
        assert_eq!(seqs, [seqs[0], seqs[0] + 1, seqs[0] + 2]);
    }
    metadata.service.kill_9();
    metadata.service.restart().await;
    let history = metadata.history(&chat.id, 0).await.expect("it can be read");
    let seqs = history
        .into_iter()
        .filter_map(|turn| Some(turn.message?.seq));
    assert_eq!(seqs.collect::<Vec<_>>(), (1..=120).collect::<Vec<_>>());
}

async fn an_append_creates_the_chat_once_and_leaves_one_that_is_there(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let request = |title: &str, chat_id: &str| AppendMessagesRequest {
        chat_id: chat_id.to_owned(),
        create_chat: Some(new_chat(title)),
        turns: vec![turn("x")],
        request_id: String::new(),
    };
    let made = append(&metadata, request("made", ""))
        .await
        .expect("it is appended");
    assert!(made.1);
    let chat_id = id();
    let first = append(&metadata, request("first", &chat_id))
        .await
        .expect("it is appended");
    let second = append(&metadata, request("second", &chat_id))
        .await
        .expect("it is appended");
    assert_eq!((first.1, second.1), (true, false));
    let chat = metadata.read(&chat_id).await.expect("it is there");
    assert_eq!((chat.title.as_str(), chat.last_seq), ("first", 2));

    let absent = metadata.append(&id(), vec![turn("x")]).await;
    assert_eq!(absent.expect_err("there is no chat").code(), Code::NotFound);
}

async fn an_append_that_fails_at_its_last_turn_keeps_nothing(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let other = metadata.chat("other").await;
    let taken = metadata.say(&other.id, "taken").await;
    let chat_id = id();
    let mut bad = turn("насос");
    bad.message.as_mut().expect("a message").id = taken.id.clone();
    let mut good = turn("насос");
    good.images = vec![image("uploads/documents/a.png")];
    let request = AppendMessagesRequest {
        chat_id: chat_id.clone(),
        create_chat: Some(new_chat("none")),
        turns: vec![good, bad],
        request_id: id(),
    };
    for _ in 0..2 {
        let refused = reason(append(&metadata, request.clone()).await);
        assert_eq!(refused, (Code::AlreadyExists, "ID_TAKEN".to_owned()));
    }
    let chat = metadata.read(&chat_id).await;
    assert_eq!(chat.expect_err("it was not created").code(), Code::NotFound);
    assert_eq!(
        metadata
            .message(&taken.id)
            .await
            .expect("it is there")
            .content,
        "taken"
    );
}

async fn messages_are_listed_from_either_end_and_a_page_fits_into_an_answer(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    metadata
        .append(&chat.id, numbered(5))
        .await
        .expect("it is appended");
    let oldest = walk(&metadata, &chat.id, MessageOrder::OldestFirst, 2).await;
    assert_eq!(oldest, [&["1", "2"][..], &["3", "4"], &["5"]]);
    let newest = walk(&metadata, &chat.id, MessageOrder::NewestFirst, 2).await;
    assert_eq!(newest, [&["5", "4"][..], &["3", "2"], &["1"]]);

    let large = metadata.chat("large").await;
    let content = "ы".repeat(512 << 10);
    for _ in 0..2 {
        let turns = vec![turn(&content), turn(&content)];
        metadata
            .append(&large.id, turns)
            .await
            .expect("1 MiB each is allowed");
    }
    let pages = walk(&metadata, &large.id, MessageOrder::OldestFirst, 0).await;
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2]);
    assert!(pages.concat().iter().all(|text| *text == content));
    let absent = list(&metadata, &id(), MessageOrder::Unspecified, 0, "").await;
    assert_eq!(absent.expect_err("no chat").code(), Code::NotFound);
}

async fn a_long_history_is_streamed_whole(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    metadata
        .append(&chat.id, numbered(1_000))
        .await
        .expect("it is appended");
    let history = metadata.history(&chat.id, 0).await.expect("it can be read");
    let expected: Vec<_> = (1..=1_000).map(|n| n.to_string()).collect();
    assert_eq!(contents(&history), expected);
}

async fn append(
    metadata: &Client,
    request: AppendMessagesRequest,
) -> Result<(String, bool), Status> {
    let answer = metadata
        .messages()
        .append_messages(request)
        .await?
        .into_inner();
    Ok((answer.chat.expect("the chat").id, answer.chat_created))
}

/// The contents of one page, and the token of the next.
async fn list(
    metadata: &Client,
    chat_id: &str,
    order: MessageOrder,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<String>, String), Status> {
    let request = ListMessagesRequest {
        chat_id: chat_id.to_owned(),
        order: order.into(),
        page_size,
        page_token: page_token.to_owned(),
    };
    let page = metadata
        .messages()
        .list_messages(request)
        .await?
        .into_inner();
    let contents = page.messages.into_iter().map(|message| message.content);
    Ok((contents.collect(), page.next_page_token))
}

/// The contents of all pages.
pub(crate) async fn walk(
    metadata: &Client,
    chat_id: &str,
    order: MessageOrder,
    page_size: i32,
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let page = list(metadata, chat_id, order, page_size, &token).await;
        let (contents, next) = page.expect("messages can be listed");
        pages.push(contents);
        if next.is_empty() {
            return pages;
        }
        token = next;
    }
}
