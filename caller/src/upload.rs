//! Upload: a source becomes an object, whole or not at all.
//!
//! 1. The source is read for its length and hash.
//! 2. `PutObject` sends it; the object shows when its commit frame was checked.
//!
//! Dead behind 1, or within 2: nothing shows. Dead behind 2: an object without a row, which a rerun answers again, and the sweep
//! removes when nobody names it within the grace period.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use contract::{
    blob::v1::{
        BlobRef, PutObjectCommit, PutObjectHeader, PutObjectRequest, put_object_request::Frame,
    },
    id::Uuid,
};
use futures::{Stream, StreamExt as _, future, stream};

use crate::{
    Caller, Error, Progress, Result, Source,
    flow::Flow,
    source::{self, Digest},
};

const STEP: &str = "PutObject";

/// An object to store.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The key, which must be free or hold these very bytes by this request id.
    pub key: String,
    /// The bytes.
    pub source: Source,
    /// The media type. Empty means what the ending of `original_name` says.
    pub content_type: String,
    /// The name of the file, in any script, at most 512 characters. Empty means none.
    pub original_name: String,
    /// Makes the upload safe to repeat.
    pub request_id: Uuid,
}

impl Caller {
    /// Stores an object and gives the reference that metadata-svc takes.
    ///
    /// # Errors
    /// [`Error::File`] when the source cannot be read; else as `PutObject`.
    pub async fn upload(&self, upload: Upload) -> Result<BlobRef> {
        let flow = Flow::begin(self, "upload", upload.request_id);
        let digest = upload.source.digest().await?;
        flow.tell(Progress::Expected(digest.size_bytes.unsigned_abs()));
        put(&flow, &upload, &digest).await
    }
}

/// Stores an object whose digest is known, as a step of `flow`.
pub(crate) async fn put(flow: &Flow, upload: &Upload, digest: &Digest) -> Result<BlobRef> {
    let answer = flow.attempt(STEP, || async {
        let sent = Sent::default();
        let frames = frames(flow, upload, digest, &sent).await?;
        let answer = flow.caller.objects().put_object(flow.request(frames)).await;
        if answer.is_err() {
            flow.tell(Progress::Undone(sent.bytes.load(Ordering::Relaxed)));
        }
        // A source that cannot be read ends the stream without its commit frame; the service's complaint is not the cause.
        if let (Source::File(path), Some(kind)) = (&upload.source, sent.unread.get()) {
            return Err(Error::file(path)((*kind).into()));
        }
        Ok(answer.map_err(Error::at(STEP))?.into_inner())
    });
    answer.await?.blob.ok_or_else(|| Error::Broken {
        step: STEP,
        problem: "answered without the stored object's reference".into(),
    })
}

/// What became of an attempt's frames.
#[derive(Clone, Debug, Default)]
struct Sent {
    bytes: Arc<AtomicU64>,
    unread: Arc<OnceLock<io::ErrorKind>>,
}

/// The header, the chunks, and behind the last chunk the commit.
async fn frames(
    flow: &Flow,
    upload: &Upload,
    digest: &Digest,
    sent: &Sent,
) -> Result<impl Stream<Item = PutObjectRequest> + use<>> {
    let header = stream::iter([Frame::Header(header(upload, digest))]);
    let commit = PutObjectCommit {
        size_bytes: digest.size_bytes,
        sha256: digest.sha256.clone(),
    };
    let (flow, sent) = (flow.clone(), sent.clone());
    let unread = sent.unread.clone();
    let chunks = upload.source.chunks().await?.scan((), move |(), chunk| {
        let read = chunk.map_err(|error| sent.unread.set(error.kind())).ok();
        if let Some(chunk) = &read {
            sent.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            flow.tell(Progress::Done(chunk.len() as u64));
        }
        future::ready(read)
    });
    let commit =
        stream::once(async move { unread.get().is_none().then_some(Frame::Commit(commit)) });
    let frames = header.chain(chunks.map(Frame::Chunk));
    let frames = frames.chain(commit.filter_map(future::ready));
    Ok(frames.map(|frame| PutObjectRequest { frame: Some(frame) }))
}

fn header(upload: &Upload, digest: &Digest) -> PutObjectHeader {
    let mut content_type = upload.content_type.clone();
    if content_type.is_empty() {
        content_type = source::content_type(&upload.original_name);
    }
    PutObjectHeader {
        bucket: String::new(),
        key: upload.key.clone(),
        content_type,
        size_bytes: Some(digest.size_bytes),
        sha256: digest.sha256.clone(),
        original_name: upload.original_name.clone(),
        request_id: upload.request_id.to_string(),
    }
}
