//! blob-svc as the suites about it use it: uploads, downloads and walks in one line.

use std::ops::{Deref, DerefMut};

use contract::blob::v1::{
    BlobRef, GetObjectRequest, ListObjectsRequest, Object, PutObjectCommit, PutObjectHeader,
    PutObjectRequest, get_object_response, object_service_client::ObjectServiceClient,
    presign_service_client::PresignServiceClient, put_object_request::Frame,
};
use futures::stream;
use sha2::{Digest as _, Sha256};
use tests::{Bucket, ObjectStore, S3, Service};
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt as _;

/// A client of `ObjectService`.
pub(crate) type Objects = ObjectServiceClient<Channel>;

/// How large the chunks of an upload are.
const CHUNK: usize = 256 << 10;

/// blob-svc, and the bucket that it stands on.
pub(crate) struct BlobSvc {
    service: Service,
    // It goes behind the service that stands on it.
    bucket: Bucket,
}

impl BlobSvc {
    /// The bucket, seen past the service.
    pub(crate) fn direct(&self) -> S3 {
        self.bucket.direct(&self.service)
    }
}

impl Deref for BlobSvc {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl DerefMut for BlobSvc {
    fn deref_mut(&mut self) -> &mut Service {
        &mut self.service
    }
}

/// Starts blob-svc on an empty bucket.
pub(crate) async fn start(store: ObjectStore) -> (BlobSvc, Objects) {
    start_with(store, &[]).await
}

/// Starts blob-svc on an empty bucket with `settings` beside those of the bucket.
pub(crate) async fn start_with(
    store: ObjectStore,
    settings: &[(&'static str, String)],
) -> (BlobSvc, Objects) {
    let bucket = store.fresh();
    let all = [&bucket.settings(), settings].concat();
    let service = Service::start("blob-svc", &all).await;
    let objects = ObjectServiceClient::new(service.channel());
    (BlobSvc { service, bucket }, objects)
}

/// A client of `PresignService`.
pub(crate) fn presign(service: &Service) -> PresignServiceClient<Channel> {
    PresignServiceClient::new(service.channel())
}

/// Bytes that differ from place to place.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8)) as u8).collect()
}

/// A SHA-256 as the contract writes it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A header that names nothing but the key.
pub(crate) fn header(key: &str) -> PutObjectHeader {
    PutObjectHeader {
        key: key.to_owned(),
        ..PutObjectHeader::default()
    }
}

/// The frames of a whole upload.
pub(crate) fn frames(header: PutObjectHeader, content: &[u8]) -> Vec<Frame> {
    let commit = PutObjectCommit {
        size_bytes: content.len() as i64,
        sha256: sha256(content),
    };
    let chunks = content
        .chunks(CHUNK)
        .map(|chunk| Frame::Chunk(chunk.to_vec().into()));
    [Frame::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([Frame::Commit(commit)])
        .collect()
}

/// Uploads `content`.
pub(crate) async fn upload(
    objects: &Objects,
    header: PutObjectHeader,
    content: &[u8],
) -> Result<BlobRef, Status> {
    let frames = frames(header, content).into_iter();
    let requests = stream::iter(frames.map(|frame| PutObjectRequest { frame: Some(frame) }));
    let answer = objects.clone().put_object(requests).await?.into_inner();
    Ok(answer.blob.expect("PutObject answers a blob"))
}

/// Uploads `content` under a free key.
pub(crate) async fn put(objects: &Objects, key: &str, content: &[u8]) -> BlobRef {
    let stored = upload(objects, header(key), content).await;
    stored.expect("an upload to a free key succeeds")
}

/// Reads an object: its description, which comes first and once, and its bytes.
pub(crate) async fn get(
    objects: &Objects,
    request: GetObjectRequest,
) -> Result<(Object, Vec<u8>), Status> {
    let mut answer = objects.clone().get_object(request).await?.into_inner();
    let mut object = None;
    let mut content = Vec::new();
    while let Some(message) = answer.message().await? {
        match message.frame.expect("a frame is header or chunk") {
            get_object_response::Frame::Object(first) => {
                assert!(content.is_empty() && object.replace(first).is_none());
            }
            get_object_response::Frame::Chunk(chunk) => {
                assert!(
                    chunk.len() <= 256 << 10,
                    "a chunk has {} bytes",
                    chunk.len()
                );
                content.extend_from_slice(&chunk);
            }
        }
    }
    Ok((object.expect("an answer begins with the object"), content))
}

/// Reads a whole object.
pub(crate) async fn read(objects: &Objects, key: &str) -> Result<(Object, Vec<u8>), Status> {
    let key = key.to_owned();
    get(
        objects,
        GetObjectRequest {
            key,
            ..GetObjectRequest::default()
        },
    )
    .await
}

/// The keys under a prefix, over all pages.
pub(crate) async fn keys(objects: &Objects, prefix: &str) -> Vec<String> {
    let mut request = ListObjectsRequest {
        prefix: prefix.to_owned(),
        page_size: 1_000,
        ..ListObjectsRequest::default()
    };
    let mut keys = Vec::new();
    loop {
        let page = objects.clone().list_objects(request.clone()).await;
        let page = page.expect("a list can be read").into_inner();
        keys.extend(page.objects.into_iter().map(|object| object.key));
        if page.next_page_token.is_empty() {
            return keys;
        }
        request.page_token = page.next_page_token;
    }
}

/// The reason that an error gives to programs (`google.rpc.ErrorInfo.reason`).
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}
