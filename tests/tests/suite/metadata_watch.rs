//! Watches over the wire: every turn once and in order, however it falls between what is there and what comes.

use contract::metadata::v1::{
    DeleteChatRequest, Turn, WatchChatRequest, WatchChatResponse, watch_chat_response::Event,
};
use futures::future::join_all;
use tests::Storage;
use tonic::{Code, Status, Streaming};

use crate::{
    metadata::{Client, Metadata, contents, id, image, numbered, turn},
    storage::on_each_storage,
};

on_each_storage![
    a_watch_gives_what_is_there_and_then_what_comes,
    no_turn_is_lost_or_doubled_while_many_append_at_once,
    a_watch_ends_when_its_chat_is_deleted,
    watches_that_are_hung_up_make_room_for_others
];

async fn a_watch_gives_what_is_there_and_then_what_comes(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    metadata
        .append(&chat.id, numbered(2))
        .await
        .expect("it is appended");
    let mut events = watch(&metadata, &chat.id, 0).await.expect("it is watched");
    assert_eq!(contents(&take(&mut events, 2).await), ["1", "2"]);
    let mut with_image = turn("3");
    with_image.images = vec![image("uploads/documents/a.png")];
    metadata
        .append(&chat.id, vec![with_image])
        .await
        .expect("it is appended");
    let third = take(&mut events, 1).await;
    assert_eq!(contents(&third), ["3"]);
    assert_eq!(third[0].images.len(), 1);

    let mut resumed = watch(&metadata, &chat.id, 2).await.expect("it is watched");
    assert_eq!(contents(&take(&mut resumed, 1).await), ["3"]);
    metadata.say(&chat.id, "4").await;
    for events in [&mut events, &mut resumed] {
        assert_eq!(contents(&take(events, 1).await), ["4"]);
    }
}

async fn no_turn_is_lost_or_doubled_while_many_append_at_once(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let other = metadata.chat("other").await;
    let mut events = watch(&metadata, &chat.id, 0).await.expect("it is watched");
    let appends = (0..25).flat_map(|_| {
        [
            metadata.append(&chat.id, numbered(4)),
            metadata.append(&other.id, numbered(1)),
        ]
    });
    let (seen, appended) = tokio::join!(take(&mut events, 100), join_all(appends));
    for answer in appended {
        answer.expect("it is appended");
    }
    let seqs = seen
        .iter()
        .filter_map(|turn| Some(turn.message.as_ref()?.seq));
    assert_eq!(seqs.collect::<Vec<_>>(), (1..=100).collect::<Vec<_>>());
}

async fn a_watch_ends_when_its_chat_is_deleted(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    metadata.say(&chat.id, "1").await;
    let mut events = watch(&metadata, &chat.id, 0).await.expect("it is watched");
    take(&mut events, 1).await;
    let request = DeleteChatRequest {
        chat_id: chat.id,
        ..DeleteChatRequest::default()
    };
    metadata
        .chats()
        .delete_chat(request)
        .await
        .expect("it is deleted");
    let end = events
        .message()
        .await
        .expect_err("there is no chat to watch");
    assert_eq!(end.code(), Code::NotFound);
    let absent = watch(&metadata, &id(), 0).await;
    assert_eq!(absent.expect_err("no chat").code(), Code::NotFound);
}

async fn watches_that_are_hung_up_make_room_for_others(storage: Storage) {
    let metadata = Metadata::start_with(storage, &[("MAX_CALLS", "4".to_owned())]).await;
    let chat = metadata.chat("t").await;
    let mut watches = Vec::new();
    for _ in 0..4 {
        watches.push(watch(&metadata, &chat.id, 0).await.expect("there is room"));
    }
    let over = watch(&metadata, &chat.id, 0).await.map(|_| ());
    assert_eq!(
        over.expect_err("four are there").code(),
        Code::ResourceExhausted
    );
    watches.clear();
    // The service hears of the hang-ups a moment later.
    while let Err(status) = metadata.read(&chat.id).await {
        assert_eq!(status.code(), Code::ResourceExhausted);
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn watch(
    metadata: &Client,
    chat_id: &str,
    after_seq: i64,
) -> Result<Streaming<WatchChatResponse>, Status> {
    let request = WatchChatRequest {
        chat_id: chat_id.to_owned(),
        after_seq,
    };
    Ok(metadata.chats().watch_chat(request).await?.into_inner())
}

/// The next `count` turns.
pub(crate) async fn take(events: &mut Streaming<WatchChatResponse>, count: usize) -> Vec<Turn> {
    let mut turns = Vec::new();
    while turns.len() < count {
        let event = events.message().await.expect("the watch goes on");
        let Some(Event::TurnAppended(turn)) = event.expect("the watch goes on").event else {
            continue;
        };
        turns.push(turn);
    }
    turns
}
