//! Uploads, copies and removals on the embedded store: what is visible, and what is left.

mod copies;
mod downloads;
mod limits;
mod removals;
mod repeats;
mod requests;
mod stale;
mod types;
mod uploads;

use super::request::{Copy, Upload};
use super::*;
use crate::Config;
use crate::bucket::{Bucket, Buckets, Rules};
use crate::embedded::Embedded;
use crate::error::Error;
use crate::key::{Folder, Key};
use crate::s3::Listing;
use crate::server::Blobs;
use bytes::Bytes;
use contract::blob::v1::put_object_request::Frame;
use contract::blob::v1::{
    BlobRef, DeletePrefixResponse, PutObjectCommit, PutObjectHeader, PutObjectRequest,
};
use futures::{Stream, StreamExt, TryStreamExt};
use sha2::Digest;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;
use tonic::{Code, Status};

const MIB: usize = 1 << 20;

struct Rig {
    _folder: TempDir,
    _embedded: Embedded,
    blobs: Blobs,
    bucket: Arc<Bucket>,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let embedded = Embedded::start(folder.path(), 0)
            .await
            .expect("the folder can be served");
        let settings = |name: &str| (name == "MAX_FILE_SIZE_MB").then(|| "30".to_owned());
        let config = contract::settings::from(&settings, Config::read).expect("good settings");
        let blobs = Blobs::new(&config, embedded.endpoint.clone());
        let bucket = Arc::clone(blobs.buckets.named("").expect("one is configured"));
        bucket
            .store
            .ensure_bucket()
            .await
            .expect("the bucket can be made");
        Self {
            _folder: folder,
            _embedded: embedded,
            blobs,
            bucket,
        }
    }

    async fn put(&self, frames: Vec<Result<Frame, Status>>) -> Result<BlobRef, Error> {
        let messages = frames
            .into_iter()
            .map(|frame| frame.map(|frame| PutObjectRequest { frame: Some(frame) }));
        let stream = futures::stream::iter(messages.collect::<Vec<_>>());
        self.receive(stream, HOUR).await
    }

    /// What `PutObject` does with a stream of frames, when the call has `time`.
    async fn receive(
        &self,
        stream: impl Stream<Item = Result<PutObjectRequest, Status>> + Send + 'static,
        time: Duration,
    ) -> Result<BlobRef, Error> {
        let deadline = Instant::now() + time;
        let (upload, frames) = frames::open(stream, &self.blobs.buckets, deadline).await?;
        self.blobs.upload(upload, frames).await
    }

    /// Whether the store holds nothing of any upload: no object, no staging object, no upload in parts.
    async fn is_empty(&self) -> bool {
        self.keys().await.is_empty() && self.bucket.store.open_uploads().await.is_empty()
    }

    /// Everything that anybody could see, staging included.
    async fn keys(&self) -> Vec<String> {
        let page = self
            .bucket
            .store
            .list(&Listing {
                limit: 1_000,
                ..Listing::default()
            })
            .await;
        page.expect("the bucket can be listed")
            .objects
            .into_iter()
            .map(|object| object.key)
            .collect()
    }
}

/// What an upload knows beforehand; it decides the way to the store.
#[derive(Debug, Clone, Copy)]
struct Way {
    length: usize,
    declared: bool,
}

const HOUR: Duration = Duration::from_secs(3_600);

/// In one request: of nothing, of a part of a buffer, of a whole one. In parts, whose last is short or as long as the others:
/// to the key itself, and by way of a staging key.
const WAYS: [Way; 7] = [
    Way {
        length: 0,
        declared: true,
    },
    Way {
        length: 3 * MIB,
        declared: false,
    },
    Way {
        length: 5 * MIB,
        declared: true,
    },
    Way {
        length: 9 * MIB + 7,
        declared: true,
    },
    Way {
        length: 15 * MIB,
        declared: true,
    },
    Way {
        length: 9 * MIB + 7,
        declared: false,
    },
    Way {
        length: 10 * MIB,
        declared: false,
    },
];

fn bytes(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn hex_digest(bytes: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(bytes))
}

fn header(way: Way, content: &[u8]) -> PutObjectHeader {
    PutObjectHeader {
        key: "docs/plan.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        original_name: "План.pdf".to_owned(),
        size_bytes: way.declared.then_some(content.len() as i64),
        sha256: if way.declared {
            hex_digest(content)
        } else {
            String::new()
        },
        request_id: "0193f5c0-0000-7000-8000-000000000001".to_owned(),
        ..PutObjectHeader::default()
    }
}

fn commit(content: &[u8]) -> PutObjectCommit {
    PutObjectCommit {
        size_bytes: content.len() as i64,
        sha256: hex_digest(content),
    }
}

fn frames(
    header: PutObjectHeader,
    content: &[u8],
    end: Option<PutObjectCommit>,
) -> Vec<Result<Frame, Status>> {
    let chunks = content
        .chunks(MIB)
        .map(|chunk| Frame::Chunk(Bytes::copy_from_slice(chunk)));
    let empty = Frame::Chunk(Bytes::new());
    [Frame::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([empty])
        .chain(end.map(Frame::Commit))
        .map(Ok)
        .collect()
}

fn code(error: Error) -> Code {
    Status::from(error).code()
}
