//! Uploads in parts outlive what single requests to the store may meet: a part that is not taken is sent again, an end that
//! was not heard is looked for, and an abort that does not get through is tried until it does.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use contract::blob::v1::{
    PutObjectCommit, PutObjectHeader, PutObjectRequest, put_object_request::Frame,
};
use tests::{
    Bucket, ObjectStore, S3, Service,
    fault_proxy::{End, Fault, FaultProxy, Place, Rule},
};
use tonic::Code;

use crate::blob::{Objects, bytes, frames, header, read, sha256, upload};

const LENGTH: usize = 12 << 20;
const BUSY: Fault = Fault::Answer(503, "<Error><Code>SlowDown</Code></Error>");
const ENDED: Fault = Fault::Answer(404, "<Error><Code>NoSuchUpload</Code></Error>");
const ERROR: &str = "<Error><Code>InternalError</Code></Error>";
/// How long it may take until nothing is left; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);

/// blob-svc on SeaweedFS, with a proxy between them.
struct Rig {
    proxy: FaultProxy,
    service: Service,
    _bucket: Bucket,
    direct: S3,
}

impl Rig {
    async fn new() -> Self {
        let bucket = ObjectStore::Seaweed.fresh();
        let mut settings = bucket.settings();
        let (_, endpoint) = settings.remove(0);
        let upstream: SocketAddr = endpoint["http://".len()..].parse().expect("an address");
        let proxy = FaultProxy::http(upstream);
        settings.push(("S3_ENDPOINT", format!("http://{}", proxy.address())));
        let service = Service::start("blob-svc", &settings).await;
        let direct = bucket.direct(&service);
        Self {
            proxy,
            service,
            _bucket: bucket,
            direct,
        }
    }

    fn objects(&self) -> Objects {
        Objects::new(self.service.channel())
    }

    async fn nothing_is_left(&self) {
        let deadline = Instant::now() + LIMIT;
        while !self.direct.uploads().is_empty() || !self.direct.keys().is_empty() {
            assert!(Instant::now() < deadline, "something is left");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Does something for an upload to its own key, as its digest is told beforehand, and for one by way of a staging key.
async fn either_way(content: &[u8], check: impl AsyncFn(PutObjectHeader)) {
    let told = PutObjectHeader {
        size_bytes: Some(content.len() as i64),
        sha256: sha256(content),
        ..header("chats/a/told.bin")
    };
    check(told).await;
    check(header("chats/a/untold.bin")).await;
}

#[tokio::test]
async fn a_part_that_the_store_does_not_take_at_first_is_sent_again() {
    let (rig, content) = (Rig::new().await, bytes(LENGTH));
    either_way(&content, async |header: PutObjectHeader| {
        let key = header.key.clone();
        let before = rig.proxy.hits();
        for part in ["partNumber=1", "partNumber=3"] {
            rig.proxy.add(Rule::on("PUT", part, BUSY).times(1));
        }
        let breaks = Fault::Break(End::Reset, Place::Request(1 << 20));
        rig.proxy
            .add(Rule::on("PUT", "partNumber=2", breaks).times(1));
        let stored = upload(&rig.objects(), header, &content).await;
        stored.expect("it is stored");
        assert_eq!(rig.proxy.hits() - before, 3);
        rig.proxy.clear();
        let found = read(&rig.objects(), &key).await.expect("it is there").1;
        assert!(found == content, "{key}");
        assert!(rig.direct.uploads().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_end_that_was_not_heard_or_not_believed_is_looked_for() {
    for fault in [
        Fault::Replace(200, ERROR),
        Fault::Replace(200, ""),
        Fault::Break(End::Reset, Place::Answer(0)),
    ] {
        let (rig, content) = (Rig::new().await, bytes(LENGTH));
        either_way(&content, async |header: PutObjectHeader| {
            let key = header.key.clone();
            rig.proxy.add(Rule::on("POST", "uploadId=", fault).times(1));
            let stored = upload(&rig.objects(), header, &content).await;
            stored.expect("it is stored");
            let found = read(&rig.objects(), &key).await.expect("it is there").1;
            assert!(found == content, "{key} after {fault:?}");
            assert!(rig.direct.uploads().is_empty());
        })
        .await;
        assert_eq!(rig.proxy.hits(), 2, "{fault:?}");
        assert_eq!(rig.direct.keys().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn an_end_that_the_store_refuses_leaves_nothing() {
    let (rig, content) = (Rig::new().await, bytes(LENGTH));
    for answer in [Fault::Answer(200, ERROR), Fault::Answer(200, "")] {
        either_way(&content, async |header: PutObjectHeader| {
            rig.proxy.add(Rule::on("POST", "uploadId=", answer));
            let refused = upload(&rig.objects(), header, &content).await;
            let refused = refused.expect_err("the store made no object");
            assert_eq!(refused.code(), Code::Unavailable);
            rig.proxy.clear();
            rig.nothing_is_left().await;
        })
        .await;
    }
}

#[tokio::test]
async fn an_upload_that_a_sweep_has_ended_is_unavailable_and_stored_when_it_is_repeated() {
    let (rig, content) = (Rig::new().await, bytes(LENGTH));
    for (method, part) in [("PUT", "partNumber=2"), ("POST", "uploadId=")] {
        either_way(&content, async |header: PutObjectHeader| {
            let key = header.key.clone();
            rig.proxy.add(Rule::on(method, part, ENDED));
            let ended = upload(&rig.objects(), header.clone(), &content).await;
            let ended = ended.expect_err("the store knows of no such upload");
            assert_eq!(ended.code(), Code::Unavailable, "{ended:?}");
            rig.proxy.clear();
            rig.nothing_is_left().await;
            let stored = upload(&rig.objects(), header, &content).await;
            stored.expect("it is stored");
            let removed = rig.direct.ask("DELETE", &key, "", b"");
            assert_eq!(removed.status, 204, "{key}");
        })
        .await;
    }
}

#[tokio::test]
async fn an_abort_that_does_not_get_through_is_tried_until_it_does() {
    let (rig, content) = (Rig::new().await, bytes(LENGTH));
    either_way(&content, async |header: PutObjectHeader| {
        let before = rig.proxy.hits();
        // More than one call to the store tries.
        rig.proxy
            .add(Rule::on("DELETE", "uploadId=", BUSY).times(6));
        let lie = PutObjectCommit {
            size_bytes: LENGTH as i64,
            sha256: sha256(b"a lie"),
        };
        let mut frames = frames(header, &content);
        frames.pop();
        frames.push(Frame::Commit(lie));
        let requests = frames
            .into_iter()
            .map(|frame| PutObjectRequest { frame: Some(frame) });
        let mut objects = rig.objects();
        let refused = objects.put_object(futures::stream::iter(requests)).await;
        assert_eq!(refused.expect_err("a lie").code(), Code::InvalidArgument);
        rig.nothing_is_left().await;
        assert_eq!(rig.proxy.hits() - before, 6);
        rig.proxy.clear();
    })
    .await;
}
