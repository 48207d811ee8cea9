//! The sweep: objects that no row names go (P4), and no others, whatever dies, comes between, or is not as it should be (P5).

mod command;
mod deaths;
mod missing;
mod orders;
mod orphans;
mod pending;
mod progress;
mod refusals;
mod reruns;
mod stops;
mod streams;

use std::{collections::BTreeSet, thread, time::Duration};

use bytes::Bytes;
use caller::{Caller, Config, Progress, Report, Source, Sweep, Upload};
use contract::{
    blob::v1::{BlobRef, ListObjectsRequest},
    id::new_id,
    metadata::v1::{
        AppendMessagesRequest, Chat, CreateChatRequest, Image, ListPendingDeletesRequest, Message,
        PendingDelete, Role, Turn, message_service_client::MessageServiceClient,
    },
};
use futures::{StreamExt as _, stream};
use tests::{ObjectStore, Pair, Storage};
use tonic::Status;

/// As old as anything is.
const NOW: Duration = Duration::ZERO;
const DAY: Duration = Duration::from_secs(86_400);

/// The pairs on which these claims hold: every storage, and every store.
const PAIRS: [(Storage, ObjectStore); 3] = [
    (Storage::Kv, ObjectStore::Embedded),
    (Storage::Postgres, ObjectStore::Embedded),
    (Storage::Kv, ObjectStore::Seaweed),
];

/// Makes tests of claims about pairs: `kv_embedded::claim`, `postgres_embedded::claim`, `kv_seaweedfs::claim`.
macro_rules! on_each_pair {
    ($($claim:ident),+ $(,)?) => {
        $crate::sweep::on_pair!(kv_embedded, 0: $($claim),+);
        $crate::sweep::on_pair!(postgres_embedded, 1: $($claim),+);
        $crate::sweep::on_pair!(kv_seaweedfs, 2: $($claim),+);
    };
}

macro_rules! on_pair {
    ($module:ident, $number:literal: $($claim:ident),+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $claim() {
                    let (storage, store) = $crate::sweep::PAIRS[$number];
                    super::$claim(::tests::Pair::start_over(storage, store).await).await;
                }
            )+
        }
    };
}

use {on_each_pair, on_pair};

/// A caller of `pair` whose calls may take as long as a busy machine needs.
fn caller(pair: &Pair) -> Caller {
    caller_of(pair.metadata.url(), pair.blob.url(), 60)
}

fn caller_of(metadata_url: String, blob_url: String, seconds: u64) -> Caller {
    let config = Config {
        metadata_url,
        blob_url,
        timeout: Duration::from_secs(seconds),
    };
    Caller::connect(config).expect("well-formed addresses")
}

fn sweep(grace: Duration, delete: bool) -> Sweep {
    Sweep {
        grace,
        delete,
        ..Sweep::default()
    }
}

/// Sweeps, which must come to its end.
async fn swept(pair: &Pair, grace: Duration, delete: bool) -> Report {
    let report = caller(pair).sweep(&sweep(grace, delete)).await;
    let report = report.expect("a sweep ends");
    assert_eq!(report.stopped, None);
    report
}

/// Stores an object without a row.
async fn stored(pair: &Pair, key: &str) -> BlobRef {
    store(&caller(pair), key.to_owned()).await
}

async fn store(caller: &Caller, key: String) -> BlobRef {
    let upload = Upload {
        source: Source::Bytes(Bytes::from(key.clone())),
        key,
        content_type: String::new(),
        original_name: String::new(),
        request_id: new_id(),
    };
    caller.upload(upload).await.expect("an object is stored")
}

/// Stores many of them: `{prefix}0` and so on.
async fn stored_many(pair: &Pair, prefix: &str, count: usize) -> Vec<BlobRef> {
    let caller = caller(pair);
    stream::iter(0..count)
        .map(|n| store(&caller, format!("{prefix}{n}")))
        .buffered(16)
        .collect()
        .await
}

/// Creates a chat that names an object.
async fn named(pair: &Pair, blob: BlobRef) -> Result<Chat, Status> {
    let chat = Chat {
        user_id: "anna".into(),
        title: "Plan".into(),
        document: Some(blob),
        ..Default::default()
    };
    let request = CreateChatRequest {
        chat: Some(chat),
        ..Default::default()
    };
    let answer = pair.chats().create_chat(request).await?;
    Ok(answer.into_inner().chat.expect("a chat is answered"))
}

/// Stores an object and creates a chat that names it: a store of which no row names anything is not swept.
async fn kept(pair: &Pair, key: &str) -> Chat {
    let blob = stored(pair, key).await;
    named(pair, blob).await.expect("a chat")
}

/// Appends a message whose pictures name these objects, up to 1,000, to this chat or one of its own; gives the chat's id.
async fn named_many(pair: &Pair, chat: Option<String>, blobs: Vec<BlobRef>) -> String {
    let image = |blob: BlobRef| Image {
        image_name: "x.png".into(),
        blob: Some(blob),
        ..Default::default()
    };
    let message = Message {
        role: Role::User.into(),
        content: "many".into(),
        ..Default::default()
    };
    let request = AppendMessagesRequest {
        create_chat: chat.is_none().then(|| Chat {
            user_id: "anna".into(),
            title: "Many".into(),
            ..Default::default()
        }),
        chat_id: chat.unwrap_or_default(),
        turns: vec![Turn {
            message: Some(message),
            images: blobs.into_iter().map(image).collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut messages = MessageServiceClient::new(pair.metadata.channel())
        .max_encoding_message_size(64 << 20)
        .max_decoding_message_size(64 << 20);
    let answer = messages.append_messages(request).await.expect("appended");
    let turn = answer.into_inner().turns.pop().expect("a turn is answered");
    turn.message.expect("with its message").chat_id
}

/// A reference to an object that was never stored.
fn absent(key: &str) -> BlobRef {
    BlobRef {
        key: key.to_owned(),
        size_bytes: 3,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
        content_type: "image/png".into(),
        receipt: Bytes::new(),
    }
}

/// The keys of the store.
async fn keys(pair: &Pair) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut request = ListObjectsRequest {
        page_size: 1_000,
        ..Default::default()
    };
    loop {
        let page = pair.objects().list_objects(request.clone()).await;
        let page = page.expect("a list").into_inner();
        keys.extend(page.objects.into_iter().map(|object| object.key));
        if page.next_page_token.is_empty() {
            return keys;
        }
        request.page_token = page.next_page_token;
    }
}

fn set<const N: usize>(keys: [&str; N]) -> BTreeSet<String> {
    keys.into_iter().map(str::to_owned).collect()
}

/// What the ledger has recorded for removal.
async fn recorded(pair: &Pair) -> Vec<PendingDelete> {
    let request = ListPendingDeletesRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let listed = pair.ledger().list_pending_deletes(request).await;
    listed.expect("a list").into_inner().pending_deletes
}

/// The caller, with `happens` in the moment before it calls `step` for the first time, on a thread and a runtime of its own: the
/// caller waits until it is over.
fn when<Happens>(
    caller: Caller,
    step: &'static str,
    happens: impl Fn() -> Happens + Send + Sync + 'static,
) -> Caller
where
    Happens: Future<Output = ()>,
{
    let (once, happens) = (std::sync::Once::new(), std::sync::Arc::new(happens));
    caller.observed(move |progress| {
        if progress == Progress::Step(step) {
            once.call_once(|| {
                let happens = std::sync::Arc::clone(&happens);
                let thread = thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build();
                    runtime.expect("a runtime can be made").block_on(happens());
                });
                thread.join().expect("it happens");
            });
        }
    })
}
