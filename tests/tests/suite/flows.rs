//! The flows of the caller: each one, each one again with the same request id, and each one again after a service died
//! under it just before one of its steps.

mod bad_input;
mod delete;
mod exit_code;
mod read;
mod save_document;
mod save_turn;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caller::{Caller, Config, Picture, Progress, SaveDocument, SaveTurn, Source};
use contract::{
    blob::v1::{ListObjectsRequest, Object},
    id::{Uuid, new_id},
    metadata::v1::{Chat, ListMessagesRequest, Message, Role, SearchResult},
};
use tests::{Pair, Service};

/// One of the pair, by which a test says who dies.
pub(crate) type Victim = fn(&mut Pair) -> &mut Service;

pub(crate) const METADATA: Victim = |pair| &mut pair.metadata;
pub(crate) const BLOB: Victim = |pair| &mut pair.blob;

/// A caller of `pair` whose flows may take as long as a busy machine needs.
fn caller(pair: &Pair) -> Caller {
    caller_within(pair, Duration::from_secs(60))
}

fn caller_within(pair: &Pair, timeout: Duration) -> Caller {
    let config = Config {
        metadata_url: pair.metadata.url(),
        blob_url: pair.blob.url(),
        timeout,
    };
    Caller::connect(config).expect("well-formed addresses")
}

/// Runs a flow under which `victim` dies just before `step`, which the flow does not survive; then `victim` is back.
pub(crate) async fn die_before<T, Flow>(
    pair: Pair,
    (victim, step): (Victim, &'static str),
    flow: impl FnOnce(Caller) -> Flow,
) -> Pair
where
    Flow: Future<Output = caller::Result<T>>,
{
    let caller = caller_within(&pair, Duration::from_secs(2));
    let shared = Arc::new(Mutex::new(Some(pair)));
    let (scene, dead) = (shared.clone(), AtomicBool::new(false));
    let caller = caller.observed(move |progress| {
        if progress == Progress::Step(step) && !dead.swap(true, Ordering::Relaxed) {
            let mut scene = scene.lock().expect("nobody panics here");
            victim(scene.as_mut().expect("a pair")).kill_9();
        }
    });
    let error = flow(caller).await.err().expect("the flow does not survive");
    assert_eq!(error.step(), Some(step), "{error}");
    let pair = shared.lock().expect("nobody panics here").take();
    let mut pair = pair.expect("a pair");
    victim(&mut pair).restart().await;
    pair
}

/// A file of the demo.
fn carried(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../caller/demo")
        .join(name)
}

fn a_document() -> SaveDocument {
    SaveDocument {
        request_id: new_id(),
        user_id: "анна".into(),
        title: "Насосная станция".into(),
        description: String::new(),
        metadata: None,
        document: Source::File(carried("pump_station.pdf")),
        name: "План насосной.pdf".into(),
        content_type: String::new(),
    }
}

/// A turn with a viewport, a zoom crop and a search result.
fn a_turn(chat_id: Uuid) -> SaveTurn {
    let picture = |name: &str, image_type: &str| Picture {
        source: Source::File(carried(name)),
        name: String::new(),
        image_type: image_type.into(),
        description: "План".into(),
    };
    SaveTurn {
        request_id: new_id(),
        chat_id,
        role: Role::Assistant,
        content: "Рабочие насосы P-1 и P-2".into(),
        message_type: String::new(),
        pictures: vec![
            picture("viewport_step_1.png", "viewport"),
            picture("zoom_crop_1.png", "zoom_crop"),
        ],
        search_results: vec![SearchResult {
            block_id: "p1-pump-1".into(),
            page_number: 1,
            ..Default::default()
        }],
    }
}

/// Saves a document, and gives the chat about it.
async fn saved_chat(pair: &Pair) -> (Chat, Uuid) {
    let save = a_document();
    let chat = caller(pair)
        .save_document(&save)
        .await
        .expect("a document is saved");
    (chat, save.chat_id())
}

/// Every object of the store.
async fn objects(pair: &Pair) -> Vec<Object> {
    let all = ListObjectsRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let listed = pair.objects().list_objects(all).await.expect("a list");
    listed.into_inner().objects
}

async fn messages(pair: &Pair, chat_id: Uuid) -> Vec<Message> {
    let all = ListMessagesRequest {
        chat_id: chat_id.to_string(),
        page_size: 1_000,
        ..Default::default()
    };
    let listed = pair.messages().list_messages(all).await.expect("a list");
    listed.into_inner().messages
}
