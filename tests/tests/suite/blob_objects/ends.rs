//! However an upload ends that is not committed, the store keeps nothing of it: no object, no staging object, no upload in
//! parts. The store itself is asked.

use std::time::Duration;

use contract::blob::v1::{
    PutObjectCommit, PutObjectHeader, PutObjectRequest, PutObjectResponse,
    put_object_request::Frame,
};
use tests::{ObjectStore, S3, Seaweed, Service};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

use crate::{
    blob::{Objects, bytes, header, sha256, start, start_with},
    storage::on_each_object_store,
};

on_each_object_store![
    an_upload_that_is_cancelled_leaves_nothing,
    an_upload_whose_connection_breaks_leaves_nothing,
    an_upload_that_lies_or_grows_too_large_leaves_nothing,
    an_upload_is_over_when_its_deadline_is,
];

/// Two parts are on their way when this much was sent.
const SENT: usize = 12 << 20;
/// How long it may take until nothing is left; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);

/// An upload under way: its beginning was sent, and the store holds parts of it.
struct Begun {
    frames: mpsc::Sender<PutObjectRequest>,
    call: JoinHandle<Result<Response<PutObjectResponse>, Status>>,
}

impl Begun {
    async fn new(service: &Service, store: &S3, header: PutObjectHeader, time: Duration) -> Self {
        let (frames, receiver) = mpsc::channel(1);
        let mut request = Request::new(ReceiverStream::new(receiver));
        request.set_timeout(time);
        let mut objects = Objects::new(service.channel());
        let call = tokio::spawn(async move { objects.put_object(request).await });
        let begun = Self { frames, call };
        begun.send(Frame::Header(header)).await;
        for chunk in bytes(SENT).chunks(256 << 10) {
            begun.send(Frame::Chunk(chunk.to_vec().into())).await;
        }
        until(|| store.uploads().len() == 1).await;
        begun
    }

    async fn send(&self, frame: Frame) {
        let request = PutObjectRequest { frame: Some(frame) };
        // The service may have ended the call already.
        let _ = self.frames.send(request).await;
    }

    async fn end(self) -> Status {
        let end = self.call.await.expect("the call is not cancelled");
        end.expect_err("it is not stored")
    }
}

/// Waits until something holds.
async fn until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "it never holds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the store holds nothing.
async fn nothing_is_left(store: &S3) {
    until(|| store.uploads().is_empty() && store.keys().is_empty()).await;
}

/// An upload to its own key, as its digest is told beforehand, and one by way of a staging key.
fn headers() -> [PutObjectHeader; 2] {
    let told = PutObjectHeader {
        size_bytes: Some(2 * SENT as i64),
        sha256: sha256(b"something else"),
        ..header("chats/a/told.bin")
    };
    [told, header("chats/a/untold.bin")]
}

async fn an_upload_that_is_cancelled_leaves_nothing(store: ObjectStore) {
    let (service, _objects) = start(store).await;
    let direct = service.direct();
    for header in headers() {
        let begun = Begun::new(&service, &direct, header, LIMIT).await;
        begun.call.abort();
        nothing_is_left(&direct).await;
    }
}

async fn an_upload_whose_connection_breaks_leaves_nothing(store: ObjectStore) {
    let (service, _objects) = start(store).await;
    let direct = service.direct();
    for header in headers() {
        // The connection is of the call's own runtime, and ends with it.
        let (address, store) = (service.url(), direct.clone());
        let caller = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let (frames, receiver) = mpsc::channel(1);
                let mut objects = Objects::connect(address).await.expect("it serves");
                let call =
                    tokio::spawn(
                        async move { objects.put_object(ReceiverStream::new(receiver)).await },
                    );
                let begun = Begun { frames, call };
                begun.send(Frame::Header(header)).await;
                for chunk in bytes(SENT).chunks(256 << 10) {
                    begun.send(Frame::Chunk(chunk.to_vec().into())).await;
                }
                until(|| store.uploads().len() == 1).await;
            });
            runtime.shutdown_background();
        });
        caller.join().expect("the caller ends");
        nothing_is_left(&direct).await;
    }
}

async fn an_upload_that_lies_or_grows_too_large_leaves_nothing(store: ObjectStore) {
    let limit = [("MAX_FILE_SIZE_MB", "30".to_owned())];
    let (service, _objects) = start_with(store, &limit).await;
    let direct = service.direct();
    for header in headers() {
        let begun = Begun::new(&service, &direct, header.clone(), LIMIT).await;
        let lie = PutObjectCommit {
            size_bytes: SENT as i64,
            sha256: sha256(b"a lie"),
        };
        begun.send(Frame::Commit(lie)).await;
        assert_eq!(begun.end().await.code(), Code::InvalidArgument);
        nothing_is_left(&direct).await;

        let begun = Begun::new(&service, &direct, header, LIMIT).await;
        for chunk in bytes(SENT).repeat(2).chunks(1 << 20) {
            begun.send(Frame::Chunk(chunk.to_vec().into())).await;
        }
        let code = begun.end().await.code();
        assert!(
            matches!(code, Code::InvalidArgument | Code::ResourceExhausted),
            "{code}"
        );
        nothing_is_left(&direct).await;
    }
}

async fn an_upload_is_over_when_its_deadline_is(store: ObjectStore) {
    let (service, _objects) = start(store).await;
    let direct = service.direct();
    for header in headers() {
        let time = Duration::from_secs(4);
        let begun = Begun::new(&service, &direct, header, time).await;
        let code = begun.end().await.code();
        assert!(is_late(code), "{code}");
        nothing_is_left(&direct).await;
    }
}

/// The caller counts its time too, and may be the first to say that it is out.
fn is_late(code: Code) -> bool {
    matches!(code, Code::DeadlineExceeded | Code::Cancelled)
}

/// A store of its own: it is stopped.
async fn on_a_store_of_its_own(name: &str) -> (Seaweed, S3, Service) {
    let seaweed = Seaweed::start();
    let bucket = seaweed.bucket(name);
    assert!(bucket.make());
    let settings = [
        ("S3_ENDPOINT", format!("http://{}", bucket.address)),
        ("S3_ACCESS_KEY", bucket.access_key.clone()),
        ("S3_SECRET_KEY", bucket.secret_key.clone()),
        ("S3_BUCKET", bucket.name.clone()),
    ];
    let service = Service::start("blob-svc", &settings).await;
    (seaweed, bucket, service)
}

#[tokio::test]
async fn what_a_store_kept_that_failed_in_the_middle_is_aborted_when_it_is_back() {
    let (mut seaweed, direct, service) = on_a_store_of_its_own("fails").await;
    for header in headers() {
        let begun = Begun::new(&service, &direct, header, LIMIT).await;
        seaweed.kill_9();
        for chunk in bytes(SENT).chunks(1 << 20) {
            begun.send(Frame::Chunk(chunk.to_vec().into())).await;
        }
        assert_eq!(begun.end().await.code(), Code::Unavailable);
        seaweed.restart();
        nothing_is_left(&direct).await;
    }
}

#[tokio::test]
async fn an_upload_to_a_store_that_hangs_is_over_when_its_deadline_is() {
    let (seaweed, direct, service) = on_a_store_of_its_own("hangs").await;
    for header in headers() {
        let time = Duration::from_secs(6);
        let begun = Begun::new(&service, &direct, header, time).await;
        seaweed.freeze();
        for chunk in bytes(SENT).chunks(1 << 20) {
            begun.send(Frame::Chunk(chunk.to_vec().into())).await;
        }
        let code = begun.end().await.code();
        assert!(is_late(code), "{code}");
        seaweed.thaw();
        nothing_is_left(&direct).await;
    }
}
