//! A trace collector that is dead (P13): it costs no call anything, and delays no end.

use std::{net::TcpListener, thread, time::Duration};

use tests::{ObjectStore, Storage, free_address};
use tokio::{sync::oneshot, time::timeout};

use crate::{blob, metadata::Metadata};

/// How many calls are made: more than one batch of spans.
const CALLS: usize = 1_000;
/// How long the end of a service may take, as `k8s/README.md` promises.
const LONGEST_END: Duration = Duration::from_secs(12);

#[tokio::test]
async fn a_collector_that_is_not_there_costs_no_call_and_no_end_anything() {
    calls_are_answered_with(&format!("http://{}", free_address())).await;
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_no_call_and_no_end_anything() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = silent.local_addr().expect("it listens");
    calls_are_answered_with(&format!("http://{address}")).await;
}

/// Every call is answered, and both services end well and in time when they are asked to.
async fn calls_are_answered_with(collector: &str) {
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.to_owned())];
    let mut metadata = Metadata::start_with(Storage::Kv, &settings).await;
    let (mut blob, objects) = blob::start_with(ObjectStore::Embedded, &settings).await;
    let chat = metadata.chat("traced").await;
    blob::put(&objects, "uploads/documents/a.bin", b"a").await;
    for _ in 0..CALLS {
        metadata.read(&chat.id).await.expect("it is answered");
        let read = blob::read(&objects, "uploads/documents/a.bin").await;
        read.expect("it is answered");
    }
    drop(objects);
    ends_in_time(move || metadata.service.terminate()).await;
    ends_in_time(move || blob.terminate()).await;
}

/// Waits until a service has ended, for as long as it may take. Its clients live meanwhile, and hear that it goes.
async fn ends_in_time(end: impl FnOnce() + Send + 'static) {
    let (tell, ended) = oneshot::channel();
    thread::spawn(move || {
        end();
        // Nobody listens any more when it took too long.
        tell.send(()).ok();
    });
    let ended = timeout(LONGEST_END, ended).await;
    ended.expect("its end is held up").expect("it ends well");
}
