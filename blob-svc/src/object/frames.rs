//! The frames of an upload, counted, digested and judged as they come.

use super::checks::Checks;
use super::request::Upload;
use super::{Sha256, sniff};
use crate::bucket::{Bucket, Buckets};
use crate::error::Error;
use bytes::{Bytes, BytesMut};
use contract::Violations;
use contract::blob::v1::put_object_request::Frame;
use contract::blob::v1::{PutObjectCommit, PutObjectHeader, PutObjectRequest};
use contract::protection::Protection;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use sha2::Digest;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tonic::Status;

/// The longest chunk of the contract.
const MAX_CHUNK: usize = 2 << 20;
/// How long a caller may be silent in the middle of an upload.
const IDLE: Duration = Duration::from_secs(30);

/// What follows the header of an upload.
pub(super) struct Frames {
    frames: Incoming,
    bucket: Arc<Bucket>,
    declared_size: Option<u64>,
    declared_sha256: Option<Sha256>,
    content_type: ContentType,
    hasher: sha2::Sha256,
    /// How many bytes came.
    size: u64,
    /// What of them was not asked for yet.
    ready: Bytes,
    committed: Option<Sha256>,
}

/// The frames as they come, until the call's time is out.
struct Incoming {
    stream: BoxStream<'static, Result<PutObjectRequest, Status>>,
    deadline: Instant,
}

enum ContentType {
    Known(String),
    /// The first bytes, as far as they came.
    Sniffed(BytesMut),
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Bytes, never none.
    Chunk(Bytes),
    /// The commit frame, which is true and the last.
    Committed(Sha256),
}

/// Takes the header off a stream of frames and judges it. The stream is read up to `deadline`.
pub(super) async fn open<S>(
    stream: S,
    buckets: &Buckets,
    deadline: Instant,
) -> Result<(Upload, Frames), Error>
where
    S: Stream<Item = Result<PutObjectRequest, Status>> + Send + 'static,
{
    let mut frames = Incoming {
        stream: stream.boxed(),
        deadline,
    };
    let header = first(&mut frames).await?;
    let upload = Upload::parse(header, buckets)?;
    let limit = upload.bucket.rules.max_size_bytes;
    if upload.size_bytes.is_some_and(|size| size > limit) {
        return Err(Error::TooLarge(limit));
    }
    let content_type = match &upload.content_type {
        Some(declared) => ContentType::Known(declared.clone()),
        None => ContentType::Sniffed(BytesMut::with_capacity(sniff::HEAD)),
    };
    let frames = Frames {
        frames,
        bucket: Arc::clone(&upload.bucket),
        declared_size: upload.size_bytes,
        declared_sha256: upload.sha256,
        content_type,
        hasher: sha2::Sha256::new(),
        size: 0,
        ready: Bytes::new(),
        committed: None,
    };
    Ok((upload, frames))
}

async fn first(frames: &mut Incoming) -> Result<PutObjectHeader, Error> {
    match frames.take().await? {
        Some(Frame::Header(header)) => Ok(header),
        Some(Frame::Chunk(_) | Frame::Commit(_)) | None => {
            Err(bad("header", "is required: it must be the first frame"))
        }
    }
}

impl Frames {
    /// How many bytes came so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// How many of the declared bytes were not given yet.
    pub(super) fn left(&self) -> Option<u64> {
        let given = self.size - self.ready.len() as u64;
        self.declared_size.map(|declared| declared - given)
    }

    /// When the call's time is out.
    pub(super) fn deadline(&self) -> Instant {
        self.frames.deadline
    }

    /// The media type: the declared one, or what [`sniff::HEAD`] bytes or the commit told; nothing before.
    pub(super) fn content_type(&self) -> &str {
        match &self.content_type {
            ContentType::Known(known) => known,
            ContentType::Sniffed(_) => "",
        }
    }

    /// The next bytes, at most `room`, or the end, once it is proven.
    pub(super) async fn next(&mut self, room: usize) -> Result<Next, Error> {
        loop {
            if !self.ready.is_empty() {
                let chunk = self.ready.split_to(room.min(self.ready.len()));
                return Ok(Next::Chunk(chunk));
            }
            match self.frames.take().await? {
                Some(Frame::Chunk(chunk)) => {
                    self.count(&chunk)?;
                    self.ready = chunk;
                }
                Some(Frame::Commit(commit)) => {
                    let sha256 = self.judge(&commit)?;
                    self.sniff(&[], 0)?;
                    if self.frames.take().await?.is_some() {
                        return Err(bad("commit", "must be the last frame"));
                    }
                    self.committed = Some(sha256);
                    return Ok(Next::Committed(sha256));
                }
                Some(Frame::Header(_)) => return Err(bad("header", "must not come twice")),
                None if !Protection::CommitFrame.is_on() => {
                    self.sniff(&[], 0)?;
                    return Ok(Next::Committed(self.digest()));
                }
                None => {
                    return Err(bad(
                        "commit",
                        "is required: the stream ended without a commit frame",
                    ));
                }
            }
        }
    }

    /// Reads to the end, and gives the digest that was proven there.
    pub(super) async fn drain(&mut self) -> Result<Sha256, Error> {
        if let Some(sha256) = self.committed {
            return Ok(sha256);
        }
        loop {
            if let Next::Committed(sha256) = self.next(MAX_CHUNK).await? {
                return Ok(sha256);
            }
        }
    }

    fn count(&mut self, chunk: &[u8]) -> Result<(), Error> {
        if chunk.len() > MAX_CHUNK {
            return Err(bad("chunk", "must be at most 2 MiB"));
        }
        self.size += chunk.len() as u64;
        let limit = self.bucket.rules.max_size_bytes;
        if self.size > limit {
            return Err(Error::TooLarge(limit));
        }
        if self
            .declared_size
            .is_some_and(|declared| self.size > declared)
        {
            return Err(bad(
                "header.size_bytes",
                "differs from what arrived: more bytes came",
            ));
        }
        self.hasher.update(chunk);
        self.sniff(chunk, sniff::HEAD)
    }

    /// Learns the type from the next bytes, as soon as there are `enough`, and refuses one that the bucket does not take.
    fn sniff(&mut self, chunk: &[u8], enough: usize) -> Result<(), Error> {
        let ContentType::Sniffed(head) = &mut self.content_type else {
            return Ok(());
        };
        let missing = sniff::HEAD - head.len();
        head.extend_from_slice(&chunk[..chunk.len().min(missing)]);
        if head.len() < enough {
            return Ok(());
        }
        let found = sniff::content_type(head).to_owned();
        let mut v = Violations::default();
        v.within("header", |v| v.taken_type(&found, &self.bucket));
        self.content_type = ContentType::Known(found);
        Ok(v.accept(Some(()))?)
    }

    /// Of what came so far.
    fn digest(&self) -> Sha256 {
        <[u8; 32]>::from(self.hasher.clone().finalize()).into()
    }

    fn judge(&self, commit: &PutObjectCommit) -> Result<Sha256, Error> {
        let found = self.digest();
        if !Protection::HashCheck.is_on() {
            return Ok(found);
        }
        let mut v = Violations::default();
        if u64::try_from(commit.size_bytes) != Ok(self.size) {
            v.add(
                "commit.size_bytes",
                format!("differs from what arrived: {} bytes", self.size),
            );
        }
        match Sha256::parse(&commit.sha256) {
            None => v.add("commit.sha256", "must be 64 lower-case hexadecimal digits"),
            Some(claimed) if claimed != found => {
                v.add("commit.sha256", "differs from the digest of what arrived")
            }
            Some(_) => {}
        }
        if self
            .declared_size
            .is_some_and(|declared| declared != self.size)
        {
            v.add(
                "header.size_bytes",
                format!("differs from what arrived: {} bytes", self.size),
            );
        }
        if self
            .declared_sha256
            .is_some_and(|declared| declared != found)
        {
            v.add("header.sha256", "differs from the digest of what arrived");
        }
        Ok(v.accept(Some(found))?)
    }
}

impl Incoming {
    /// The next frame; none at the end of the stream, which a cancelled upload has too.
    async fn take(&mut self) -> Result<Option<Frame>, Error> {
        let until = self.deadline.min(Instant::now() + IDLE);
        let next = timeout_at(until, self.stream.next())
            .await
            .map_err(|_| Error::Stalled)?;
        let Some(message) = next else { return Ok(None) };
        let message = message.map_err(|status| Error::Broken(Box::new(status)))?;
        message
            .frame
            .map(Some)
            .ok_or_else(|| bad("frame", "is required: header, chunk or commit"))
    }
}

fn bad(field: &str, description: &str) -> Error {
    let mut violations = Violations::default();
    violations.add(field, description);
    Error::Invalid(violations)
}
