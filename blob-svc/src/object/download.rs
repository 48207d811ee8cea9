//! Downloads: from the store's answer to the frames of `GetObject`.
//!
//! A task of its own reads one chunk ahead of the caller, and no more: who reads slowly holds the store back. It lets go of the
//! store when the caller goes away, takes nothing for long, or has no time left; none of which the answer's stream would
//! notice, because nobody polls it then.

use super::limits::Place;
use super::request::Read;
use super::{Sha256, Span};
use crate::bucket::Bucket;
use crate::error::Error;
use crate::s3::{self, Condition, Download};
use bytes::Bytes;
use contract::Violations;
use contract::blob::v1::GetObjectResponse;
use contract::blob::v1::get_object_response::Frame;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use sha2::Digest;
use std::time::Duration;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::Status;
use tracing::Instrument;

/// The longest chunk of the contract.
const MAX_CHUNK: usize = 256 << 10;
/// How long a caller may take nothing. Connections hold some hundred KiB more, so that one of 8 KiB a second still goes on.
const IDLE: Duration = Duration::from_secs(120);

/// The frames of one answer.
pub(super) type Answer = BoxStream<'static, Result<GetObjectResponse, Status>>;

/// An object's bytes, of which none are missing when they end without an error.
pub(super) type Chunks = BoxStream<'static, Result<Bytes, Error>>;

impl Bucket {
    /// Begins to read an object, until `deadline`.
    pub(super) async fn download(
        &self,
        read: Read,
        place: Place,
        deadline: Instant,
    ) -> Result<Answer, Error> {
        let key = read.key.as_str();
        let download = self.store.get(key, read.span, &read.condition).await;
        let download = download.map_err(|error| of_read(error, key))?;
        let object = self.object(key.to_owned(), download.stored.clone());
        let head = futures::stream::once(async { Ok(frame(Frame::Object(object))) });
        let chunks = ahead(chunks(download), deadline).map(move |chunk| {
            let _until_the_end = &place;
            Ok(frame(Frame::Chunk(chunk?)))
        });
        Ok(head.chain(chunks).boxed())
    }

    /// The digest of an object's bytes, read back from the store.
    pub(crate) async fn digest(&self, key: &str, etag: &str) -> Result<Sha256, Error> {
        let unchanged = Condition {
            if_match: Some(etag.to_owned()),
            if_none_match: None,
        };
        let download = self
            .store
            .get(key, Span::WHOLE, &unchanged)
            .await
            .map_err(Error::of_key(key))?;
        let mut hasher = sha2::Sha256::new();
        let mut chunks = chunks(download);
        while let Some(chunk) = chunks.try_next().await? {
            hasher.update(&chunk);
        }
        Ok(Sha256::from(<[u8; 32]>::from(hasher.finalize())))
    }
}

/// The bytes as they come, in chunks of the contract's length.
pub(super) fn chunks(download: Download) -> Chunks {
    let state = (download.body, Bytes::new(), download.length);
    let chunks = futures::stream::try_unfold(state, |(mut body, mut ready, mut left)| async move {
        while ready.is_empty() {
            ready = match body.try_next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) if left == 0 => return Ok(None),
                Ok(None) | Err(_) => return Err(Error::BrokenOff),
            };
        }
        let chunk = ready.split_to(ready.len().min(MAX_CHUNK));
        // More than was announced is as wrong as less.
        left = left
            .checked_sub(chunk.len() as u64)
            .ok_or(Error::BrokenOff)?;
        Ok(Some((chunk, (body, ready, left))))
    });
    chunks.boxed()
}

/// The same, read in a task of its own.
pub(super) fn ahead(chunks: Chunks, deadline: Instant) -> Chunks {
    let (sender, receiver) = mpsc::channel(1);
    let reading = tokio::spawn(read(chunks, sender, deadline).in_current_span());
    let state = (receiver, Some(reading));
    futures::stream::unfold(state, |(mut receiver, mut reading)| async move {
        let next = match receiver.recv().await {
            Some(chunk) => Ok(chunk),
            None => Err(end(reading.take()?).await?),
        };
        Some((next, (receiver, reading)))
    })
    .boxed()
}

/// Why the reading ended too early, if it did.
async fn end(reading: JoinHandle<Result<(), Error>>) -> Option<Error> {
    // A task that ends in another way was cancelled, with the process.
    reading.await.unwrap_or(Err(Error::BrokenOff)).err()
}

/// Reads a chunk when there is room for it, to the end or as long as somebody takes them.
async fn read(mut chunks: Chunks, sender: Sender<Bytes>, deadline: Instant) -> Result<(), Error> {
    loop {
        let until = deadline.min(Instant::now() + IDLE);
        let room = timeout_at(until, sender.reserve()).await;
        let Ok(room) = room.map_err(|_| Error::Stalled)? else {
            return Ok(());
        };
        tokio::select! {
            next = chunks.try_next() => match next? {
                Some(chunk) => room.send(chunk),
                None => return Ok(()),
            },
            () = sender.closed() => return Ok(()),
            () = sleep_until(deadline) => return Err(Error::Stalled),
        }
    }
}

fn frame(frame: Frame) -> GetObjectResponse {
    GetObjectResponse { frame: Some(frame) }
}

fn of_read(error: s3::Error, key: &str) -> Error {
    if error == s3::Error::ConditionFailed {
        return Error::Condition(key.to_owned());
    }
    if error == s3::Error::InvalidRange {
        let mut violations = Violations::default();
        violations.add("offset_bytes", "must lie before the end of the object");
        return violations.into();
    }
    Error::of_key(key)(error)
}
