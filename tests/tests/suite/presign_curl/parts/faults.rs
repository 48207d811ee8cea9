//! Ends during which the store, or the network before it, fails.

use tests::{
    ObjectStore, Seaweed,
    fault_proxy::{End, Fault, FaultProxy, Place, Rule},
};
use tonic::Code;

use super::{KEY, LENGTH, complete, completion, create, creation, send};
use crate::{
    blob::{self, bytes, sha256},
    presign_curl::writes::remove,
};

const ERROR: &str = "<Error><Code>InternalError</Code></Error>";
const BUSY: &str = "<Error><Code>SlowDown</Code></Error>";
/// More often than anything is tried again.
const ALWAYS: usize = 100;

/// Requests of an end, and what becomes of them.
fn faults() -> [(&'static str, &'static str, Fault); 13] {
    let reset = |place| Fault::Break(End::Reset, place);
    let (list, join, read, copy) = ("uploadId=", "uploadId=", "staging_", "plan_1.pdf");
    [
        ("HEAD", copy, Fault::Answer(503, "")),
        ("GET", list, reset(Place::Answer(100))),
        ("GET", list, Fault::Answer(200, "")),
        ("POST", join, reset(Place::Request(0))),
        ("POST", join, reset(Place::Answer(0))),
        ("POST", join, Fault::Answer(200, ERROR)),
        ("POST", join, Fault::Replace(200, "")),
        (
            "GET",
            read,
            Fault::Break(End::Close, Place::Answer(5 << 20)),
        ),
        ("PUT", copy, reset(Place::Request(0))),
        ("PUT", copy, reset(Place::Answer(0))),
        ("PUT", copy, Fault::Replace(200, ERROR)),
        ("PUT", copy, Fault::Answer(503, BUSY)),
        ("DELETE", read, reset(Place::Request(0))),
    ]
}

#[tokio::test]
async fn an_end_is_whole_or_not_at_all_whatever_request_to_the_store_fails_and_the_next_finishes_it()
 {
    let store = Seaweed::shared().bucket("any").address;
    let proxy = FaultProxy::http(store.parse().expect("an address and a port"));
    let settings = [
        ("S3_ENDPOINT", format!("http://{}", proxy.address())),
        ("S3_PUBLIC_ENDPOINT", format!("http://{store}")),
    ];
    let (service, objects) = blob::start_with(ObjectStore::Seaweed, &settings).await;
    let content = bytes(LENGTH);
    for (method, part, fault) in faults() {
        let what = format!("{method} {part} {fault:?}");
        let begun = create(&service, creation(&content)).await.expect(&what);
        let parts = send(&service, &begun, &content).await;
        let request = completion(&begun, &parts, &content);
        let before = proxy.hits();
        proxy.add(Rule::on(method, part, fault).times(ALWAYS));
        if let Err(failed) = complete(&service, request.clone()).await {
            let codes = [Code::Unavailable, Code::ResourceExhausted];
            assert!(codes.contains(&failed.code()), "{what}: {failed:?}");
        }
        assert!(proxy.hits() > before, "{what} hits nothing");
        let shown = service.direct().read(KEY);
        assert!(shown.is_none_or(|shown| shown == content), "{what}");
        proxy.clear();
        let blob = complete(&service, request).await.expect(&what);
        assert_eq!(blob.sha256, sha256(&content), "{what}");
        assert!(
            service.direct().read(KEY).expect("it is there") == content,
            "{what}"
        );
        assert_eq!(service.direct().keys(), [KEY], "{what}");
        assert!(service.direct().uploads().is_empty(), "{what}");
        remove(&objects).await;
    }
}
