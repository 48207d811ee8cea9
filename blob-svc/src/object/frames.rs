//! The frames of an upload, counted, digested and judged as they come.

use super::Sha256;
use super::request::Upload;
use crate::bucket::Buckets;
use crate::error::Error;
use bytes::Bytes;
use contract::Violations;
use contract::blob::v1::put_object_request::Frame;
use contract::blob::v1::{PutObjectCommit, PutObjectHeader, PutObjectRequest};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use sha2::Digest;
use std::time::Duration;
use tonic::Status;

/// The longest chunk of the contract.
const MAX_CHUNK: usize = 2 << 20;
/// How long a caller may be silent in the middle of an upload.
const IDLE: Duration = Duration::from_secs(30);

/// What follows the header of an upload.
pub(super) struct Frames {
    frames: BoxStream<'static, Result<PutObjectRequest, Status>>,
    limit: u64,
    declared_size: Option<u64>,
    declared_sha256: Option<Sha256>,
    hasher: sha2::Sha256,
    size: u64,
    committed: Option<Sha256>,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Bytes, never none.
    Chunk(Bytes),
    /// The commit frame, which is true and the last.
    Committed(Sha256),
}

/// Takes the header off a stream of frames and judges it.
pub(super) async fn open<S>(frames: S, buckets: &Buckets) -> Result<(Upload, Frames), Error>
where
    S: Stream<Item = Result<PutObjectRequest, Status>> + Send + 'static,
{
    let mut frames = frames.boxed();
    let header = first(&mut frames).await?;
    let upload = Upload::parse(header, buckets)?;
    let limit = upload.bucket.rules.max_size_bytes;
    if upload.size_bytes.is_some_and(|size| size > limit) {
        return Err(Error::TooLarge(limit));
    }
    let frames = Frames {
        frames,
        limit,
        declared_size: upload.size_bytes,
        declared_sha256: upload.sha256,
        hasher: sha2::Sha256::new(),
        size: 0,
        committed: None,
    };
    Ok((upload, frames))
}

async fn first(
    frames: &mut BoxStream<'static, Result<PutObjectRequest, Status>>,
) -> Result<PutObjectHeader, Error> {
    match take(frames).await? {
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

    /// The next bytes, or the end, once it is proven.
    pub(super) async fn next(&mut self) -> Result<Next, Error> {
        loop {
            match take(&mut self.frames).await? {
                Some(Frame::Chunk(chunk)) if chunk.is_empty() => {}
                Some(Frame::Chunk(chunk)) => return self.count(chunk).map(Next::Chunk),
                Some(Frame::Commit(commit)) => {
                    let sha256 = self.judge(&commit)?;
                    if take(&mut self.frames).await?.is_some() {
                        return Err(bad("commit", "must be the last frame"));
                    }
                    self.committed = Some(sha256);
                    return Ok(Next::Committed(sha256));
                }
                Some(Frame::Header(_)) => return Err(bad("header", "must not come twice")),
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
            if let Next::Committed(sha256) = self.next().await? {
                return Ok(sha256);
            }
        }
    }

    fn count(&mut self, chunk: Bytes) -> Result<Bytes, Error> {
        if chunk.len() > MAX_CHUNK {
            return Err(bad("chunk", "must be at most 2 MiB"));
        }
        self.size += chunk.len() as u64;
        if self.size > self.limit {
            return Err(Error::TooLarge(self.limit));
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
        self.hasher.update(&chunk);
        Ok(chunk)
    }

    fn judge(&self, commit: &PutObjectCommit) -> Result<Sha256, Error> {
        let found = Sha256::from(<[u8; 32]>::from(self.hasher.clone().finalize()));
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

/// The next frame; none at the end of the stream, which a cancelled upload has too.
async fn take(
    frames: &mut BoxStream<'static, Result<PutObjectRequest, Status>>,
) -> Result<Option<Frame>, Error> {
    let next = tokio::time::timeout(IDLE, frames.next())
        .await
        .map_err(|_| Error::Stalled)?;
    let Some(message) = next else { return Ok(None) };
    let message = message.map_err(|status| Error::Broken(Box::new(status)))?;
    message
        .frame
        .map(Some)
        .ok_or_else(|| bad("frame", "is required: header, chunk or commit"))
}

fn bad(field: &str, description: &str) -> Error {
    let mut violations = Violations::default();
    violations.add(field, description);
    Error::Invalid(violations)
}
