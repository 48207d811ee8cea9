//! Three processes on one database, and 64 callers that ask each of them in turn for all that metadata-svc does, in chats of
//! their own and in chats that they share: no call fails, and what is there afterwards is what the callers did.

mod caller;

use std::{collections::BTreeMap, sync::Arc};

use contract::metadata::v1::{Chat, SearchMessagesRequest, Turn};
use futures::future::{join_all, try_join, try_join_all};
use tests::Storage;
use tonic::Status;

use self::caller::{Caller, Done, IMAGE_BYTES, SHARED_TURNS};
use crate::{
    metadata::{Client, Metadata, USER, contents, image, turn},
    metadata_deletes::usage,
    metadata_watch::{take, watch},
    storage::on_databases,
};

const PROCESSES: usize = 3;
const CALLERS: usize = 64;
/// How many chats the callers share.
const SHARED: usize = 8;
/// How often each caller does all that it does.
const ROUNDS: usize = 2;
/// The messages of a shared chat in the end: its first one, and those of its callers.
const IN_SHARED: usize = 1 + CALLERS / SHARED * ROUNDS * SHARED_TURNS;
/// An object that all callers name; the first messages of the shared chats keep it from being removed.
const COMMON: &str = "uploads/documents/common.png";

on_databases![three_processes_serve_64_callers_without_an_error_and_keep_what_they_did];

async fn three_processes_serve_64_callers_without_an_error_and_keep_what_they_did(
    storage: Storage,
) {
    let store = Arc::new(storage.fresh());
    let processes = join_all((0..PROCESSES).map(|_| Metadata::join(&store, &[]))).await;
    let shared = shared_chats(&processes).await;
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| Caller::new(number, &processes, &shared[number % SHARED].id))
        .collect();
    let work = try_join(
        try_join_all(callers.iter().map(Caller::call_all)),
        try_join_all(shared.iter().zip(processes.iter().cycle()).map(watched)),
    );
    let (done, watched) = work.await.expect("no call fails");
    for seqs in watched {
        assert_eq!(seqs, numbers(IN_SHARED), "a watch saw each turn once");
    }

    for (number, done) in done.iter().enumerate() {
        is_kept(&processes[number % PROCESSES], number, done).await;
    }
    for (number, chat) in shared.iter().enumerate() {
        let by_its_callers = done.iter().skip(number).step_by(SHARED);
        let appended = by_its_callers.flat_map(|done| done.shared.clone());
        is_shared(&processes[0], chat, appended.collect()).await;
    }
    let (_, total) = usage(&processes[1], USER).await;
    let (chats, messages) = (counted(SHARED), counted(SHARED * IN_SHARED));
    assert_eq!((total.chat_count, total.message_count), (chats, messages));
    let images = counted(SHARED + CALLERS * ROUNDS);
    assert_eq!(
        (total.image_count, total.blob_size_bytes),
        (images, images * IMAGE_BYTES)
    );
}

/// Makes the chats that are shared, each with a first message.
async fn shared_chats(processes: &[Metadata]) -> Vec<Chat> {
    let chats = (0..SHARED).map(|number| async move {
        let process = &processes[number % PROCESSES];
        let chat = process.chat(&format!("shared {number}")).await;
        let mut first = turn("first");
        first.images = vec![image(COMMON)];
        let appended = process.append(&chat.id, vec![first]).await;
        appended.expect("it is appended");
        chat
    });
    join_all(chats).await
}

/// The numbers of all turns of a shared chat, as a watch sees them.
async fn watched((chat, process): (&Chat, &Metadata)) -> Result<Vec<i64>, Status> {
    let mut events = watch(process, &chat.id, 0).await?;
    Ok(seqs(&take(&mut events, IN_SHARED).await))
}

/// What a caller did in its own chats is there, and nothing else.
async fn is_kept(process: &Client, number: usize, done: &Done) {
    for (chat_id, turns) in &done.own {
        let history = process.history(chat_id, 0).await;
        assert_eq!(&history.expect("it can be read"), turns);
    }
    let (_, total) = usage(process, &caller::user(number)).await;
    let of = |count: fn(&Turn) -> usize| -> i64 {
        let turns = done.own.iter().flat_map(|(_, turns)| turns);
        counted(turns.map(count).sum())
    };
    assert_eq!(total.chat_count, counted(done.own.len()));
    assert_eq!(total.message_count, of(|_| 1));
    let images = of(|turn| turn.images.len());
    assert_eq!(
        (total.image_count, total.blob_size_bytes),
        (images, images * IMAGE_BYTES)
    );
}

/// A shared chat has what its callers were told that it has, numbered without gap, and all of it is found.
async fn is_shared(process: &Metadata, chat: &Chat, appended: BTreeMap<i64, String>) {
    let history = process.history(&chat.id, 0).await.expect("it can be read");
    assert_eq!(seqs(&history), numbers(IN_SHARED));
    let told: Vec<_> = appended.into_values().collect();
    assert_eq!(contents(&history[1..]), told);
    let read = process.read(&chat.id).await.expect("it is there");
    assert_eq!(read.last_seq, counted(IN_SHARED));

    process.indexed().await;
    let request = SearchMessagesRequest {
        chat_id: chat.id.clone(),
        query: "насос".to_owned(),
        page_size: 1_000,
        ..SearchMessagesRequest::default()
    };
    let found = process.chats().search_messages(request).await;
    let hits = found.expect("it is searched").into_inner().hits;
    assert_eq!(hits.len(), IN_SHARED - 1);
}

fn seqs(turns: &[Turn]) -> Vec<i64> {
    let messages = turns.iter().filter_map(|turn| turn.message.as_ref());
    messages.map(|message| message.seq).collect()
}

fn numbers(count: usize) -> Vec<i64> {
    (1..=counted(count)).collect()
}

fn counted(count: usize) -> i64 {
    count.try_into().expect("tests count less")
}
