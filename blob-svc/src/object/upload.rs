//! Uploads: from the frames of `PutObject` to an object that is there whole or not at all.
//!
//! What fits into memory is stored in one request after the commit frame was checked. A larger upload streams, and the store
//! learns its end only from the commit: where length and digest were declared, one PUT of exactly that length whose last
//! chunk is held back; else in parts under a staging key, which the checked upload is copied from. In all three ways the key
//! itself holds nothing before the commit frame, and a broken upload leaves the store short of bytes, so that it keeps none.

use super::frames::{Frames, Next};
use super::request::Upload;
use super::{Attributes, Sha256, Stored};
use crate::error::Error;
use crate::s3;
use crate::server::Blobs;
use bytes::{Bytes, BytesMut};
use contract::blob::v1::BlobRef;
use futures::StreamExt;
use std::io;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// What is kept in memory of an upload at most, and the size of a part.
pub(super) const BUFFER: usize = 8 << 20;
/// How many chunks lie between the caller and the store.
const CHANNEL: usize = 4;

impl Blobs {
    /// Stores what `frames` bring. The same request id with the same content answers the same again.
    pub(super) async fn upload(
        &self,
        upload: Upload,
        mut frames: Frames,
    ) -> Result<BlobRef, Error> {
        if let Some(stored) = upload.bucket.store.find(upload.key.as_str()).await? {
            return self.answer_again(&upload, &stored, frames).await;
        }
        let outcome = match (upload.size_bytes, upload.sha256) {
            (Some(size), Some(_)) if size > BUFFER as u64 => {
                self.stream(&upload, size, &mut frames).await
            }
            _ => self.collect(&upload, &mut frames).await,
        };
        match outcome {
            Ok(sha256) => Ok(self.receipts.blob_ref(
                upload.key.as_str(),
                frames.size(),
                &upload.content_type,
                sha256,
            )),
            // Somebody was faster, or the first try of ours got through unheard.
            Err(Error::Store(s3::Error::ConditionFailed)) => {
                let found = upload.bucket.store.find(upload.key.as_str()).await?;
                let stored = found.ok_or(s3::Error::Unavailable)?;
                self.answer_again(&upload, &stored, frames).await
            }
            Err(error) => Err(error),
        }
    }

    /// The answer for a key that is taken: the first answer again, when this is the first request again.
    async fn answer_again(
        &self,
        upload: &Upload,
        stored: &Stored,
        mut frames: Frames,
    ) -> Result<BlobRef, Error> {
        let key = upload.key.as_str();
        if stored.attributes.request_id != Some(upload.request_id) {
            return Err(Error::KeyTaken(key.to_owned()));
        }
        let sha256 = frames.drain().await?;
        if stored.size_bytes != frames.size() || stored.attributes != upload.attributes(sha256) {
            return Err(Error::RequestIdReused);
        }
        Ok(self
            .receipts
            .blob_ref(key, stored.size_bytes, &upload.content_type, sha256))
    }

    /// Collects the upload in memory and stores it, or goes over to parts when it becomes too large for that.
    async fn collect(&self, upload: &Upload, frames: &mut Frames) -> Result<Sha256, Error> {
        let mut buffer = BytesMut::new();
        loop {
            match frames.next().await? {
                Next::Committed(sha256) => {
                    let body = s3::Body::Bytes(buffer.freeze());
                    let store = &upload.bucket.store;
                    store
                        .put(upload.key.as_str(), &upload.attributes(sha256), body)
                        .await?;
                    return Ok(sha256);
                }
                Next::Chunk(chunk) if buffer.len() + chunk.len() <= BUFFER => {
                    buffer.extend_from_slice(&chunk)
                }
                Next::Chunk(chunk) => {
                    buffer.extend_from_slice(&chunk);
                    return self.stage(upload, buffer, frames).await;
                }
            }
        }
    }

    /// One PUT of the declared length.
    async fn stream(
        &self,
        upload: &Upload,
        length: u64,
        frames: &mut Frames,
    ) -> Result<Sha256, Error> {
        let (sender, receiver) = mpsc::channel(CHANNEL);
        let body = s3::Body::Stream {
            stream: ReceiverStream::new(receiver).boxed(),
            length,
        };
        let attributes = Attributes {
            sha256: upload.sha256,
            ..upload.attributes_without_digest()
        };
        let (put, fed) = tokio::join!(
            upload
                .bucket
                .store
                .put(upload.key.as_str(), &attributes, body),
            feed(frames, sender)
        );
        match fed {
            Ok(Some(sha256)) => put.map(|()| sha256).map_err(Error::from),
            // The store ended the request before the body did.
            Ok(None) => Err(put.err().unwrap_or(s3::Error::Malformed).into()),
            Err(error) => Err(error),
        }
    }
}

/// Hands the chunks on, the last one only after the commit frame. Gives nothing when the store takes no more.
async fn feed(
    frames: &mut Frames,
    sender: mpsc::Sender<io::Result<Bytes>>,
) -> Result<Option<Sha256>, Error> {
    let mut held: Option<Bytes> = None;
    loop {
        let next = match frames.next().await {
            Ok(next) => next,
            Err(error) => {
                // Without it the body would only end early; so the connection breaks at once.
                let _ = sender
                    .send(Err(io::Error::other("the upload was given up")))
                    .await;
                return Err(error);
            }
        };
        let (ready, committed) = match next {
            Next::Chunk(chunk) => (held.replace(chunk), None),
            Next::Committed(sha256) => (held.take(), Some(sha256)),
        };
        if let Some(chunk) = ready
            && sender.send(Ok(chunk)).await.is_err()
        {
            return Ok(None);
        }
        if committed.is_some() {
            return Ok(committed);
        }
    }
}

impl Upload {
    pub(super) fn attributes(&self, sha256: Sha256) -> Attributes {
        Attributes {
            sha256: Some(sha256),
            ..self.attributes_without_digest()
        }
    }

    pub(super) fn attributes_without_digest(&self) -> Attributes {
        Attributes {
            content_type: self.content_type.clone(),
            sha256: None,
            original_name: self.original_name.clone(),
            request_id: Some(self.request_id),
        }
    }
}
