//! More calls than a service serves at once (P12): one more is refused at once, with the time to come again, and costs nobody
//! who is served anything.

use std::time::{Duration, Instant};

use contract::{
    blob::v1::{GetObjectRequest, HeadObjectRequest, get_object_response::Frame},
    metadata::v1::{GetChatRequest, WatchChatRequest},
};
use futures::StreamExt as _;
use tests::{ObjectStore, Storage};
use tokio::time::sleep;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    blob::{self, Objects},
    metadata::Metadata,
};

/// How many calls are served at once here.
const AT_ONCE: usize = 4;
/// How long a place may take to become free; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(20);

fn settings() -> [(&'static str, String); 1] {
    [("MAX_CALLS", AT_ONCE.to_string())]
}

fn demand_wait(refused: &Status) {
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    let wait = refused.get_details_retry_info();
    assert!(wait.is_some_and(|wait| wait.retry_delay.is_some_and(|delay| !delay.is_zero())));
}

/// Calls until there is a place again: each refusal before tells when to come again.
async fn is_free<T>(call: impl AsyncFn() -> Result<T, Status>) {
    let deadline = Instant::now() + LIMIT;
    while let Err(status) = call().await {
        demand_wait(&status);
        assert!(Instant::now() < deadline, "no place becomes free");
        sleep(ASK_EVERY).await;
    }
}

#[tokio::test]
async fn one_call_more_than_metadata_svc_serves_is_told_when_to_come_again_and_the_others_go_on() {
    let metadata = Metadata::start_with(Storage::Kv, &settings()).await;
    let chat = metadata.chat("watched").await;
    let mut watches = Vec::new();
    for _ in 0..AT_ONCE {
        let request = WatchChatRequest {
            chat_id: chat.id.clone(),
            ..WatchChatRequest::default()
        };
        let watch = metadata.chats().watch_chat(request).await;
        watches.push(watch.expect("there is room").into_inner());
    }
    let read = GetChatRequest {
        chat_id: chat.id.clone(),
    };
    let refused = metadata.chats().get_chat(read.clone()).await;
    demand_wait(&refused.expect_err("all places are taken"));

    drop(watches.pop());
    is_free(async || metadata.chats().get_chat(read.clone()).await).await;
    metadata.say(&chat.id, "heard").await;
    for mut watch in watches {
        let heard = watch.next().await.expect("it goes on");
        heard.expect("it goes on well");
    }
}

#[tokio::test]
async fn one_call_more_than_blob_svc_serves_is_told_when_to_come_again_and_the_others_go_on() {
    const KEY: &str = "uploads/documents/long.bin";
    let (service, objects) = blob::start_with(ObjectStore::Embedded, &settings()).await;
    // More than a connection takes of an answer that nobody reads.
    let content = blob::bytes(16 << 20);
    blob::put(&objects, KEY, &content).await;
    let mut downloads = Vec::new();
    for _ in 0..AT_ONCE {
        let request = GetObjectRequest {
            key: KEY.to_owned(),
            ..GetObjectRequest::default()
        };
        // Each on a connection of its own: what is not read of one answer holds up the others on its connection.
        let mut client = Objects::new(service.channel());
        let download = client.get_object(request).await;
        downloads.push(download.expect("there is room").into_inner());
    }
    let head = HeadObjectRequest {
        key: KEY.to_owned(),
        ..HeadObjectRequest::default()
    };
    let refused = objects.clone().head_object(head.clone()).await;
    demand_wait(&refused.expect_err("all places are taken"));

    drop(downloads.pop());
    is_free(async || objects.clone().head_object(head.clone()).await).await;
    for mut download in downloads {
        let mut length = 0;
        while let Some(answer) = download.next().await {
            if let Some(Frame::Chunk(chunk)) = answer.expect("it goes on well").frame {
                length += chunk.len();
            }
        }
        assert_eq!(length, content.len());
    }
}
