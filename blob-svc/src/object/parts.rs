//! Uploads in parts: what does not fit into one buffer goes to the store buffer by buffer, several at once. A part is in
//! memory until the store has it, so it can be sent again; the object is made of the parts only after the commit frame.
//!
//! Attributes are fixed when such an upload begins. Where the header tells the digest, the parts go to the key itself, which
//! stays free until they are completed; else to a staging key, from which the proven whole is copied with its digest. A copy
//! ends at 5 GiB (`CopyObject`, Amazon S3 API Reference), and so does `MAX_FILE_SIZE_MB`: 1,024 parts of 10,000.
//!
//! Parts carry no checksum of their own: a second SHA-256 would cost as much again as the first, and CRCs must be announced
//! when the upload begins, which not every store takes. Length and entity tag of each part are checked instead, and the
//! whole's length at the end.

use super::buffer::Buffer;
use super::request::Upload;
use super::{Attributes, Sha256, Stored, frames::Frames};
use crate::error::Error;
use crate::key;
use crate::s3::{self, Multipart, Store};
use crate::server::Blobs;
use std::pin::pin;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

/// How many parts of one upload are under way at once.
const AT_ONCE: usize = 4;
/// How long parts under way may take to arrive before the upload is aborted: one that arrives later would stay.
const LANDING: Duration = Duration::from_secs(10);
/// When an abort is tried that does not get through, in seconds after the one before.
const ABORT_AFTER: [u64; 7] = [0, 1, 5, 15, 60, 300, 900];
/// How long an answer waits for the cleaning up.
const CLEANING: Duration = Duration::from_secs(3);

/// The parts of one upload.
struct Parts {
    multipart: Multipart,
    sent: u16,
    under_way: JoinSet<Result<(u16, String), s3::Error>>,
}

impl Blobs {
    /// Stores the upload that begins with `first`, and goes on in `frames`.
    pub(super) async fn store_in_parts(
        &self,
        upload: &Upload,
        first: Buffer,
        frames: &mut Frames,
    ) -> Result<Sha256, Error> {
        let key = upload.key.as_str();
        if upload.sha256.is_some() {
            let (sha256, _) = self.send(upload, key, first, frames).await?;
            return Ok(sha256);
        }
        let (store, staging) = (&upload.bucket.store, key::staging());
        let sent = self.send(upload, staging.as_str(), first, frames).await;
        let copied = match sent {
            Err(error) => Err(error),
            Ok((sha256, staged)) => {
                let attributes = upload.attributes(frames.content_type(), Some(sha256));
                let copied = store.copy(staging.as_str(), &staged.etag, key, &attributes);
                let copied = copied.await.map_err(s3::Error::swept);
                let settled = settle(store, key, &attributes, frames.size(), copied).await;
                settled.map(|_| sha256)
            }
        };
        let store = store.clone();
        clean(async move {
            if let Err(error) = store.delete(staging.as_str()).await {
                tracing::warn!(%error, "a staging object is left for the lifecycle and the sweep");
            }
        })
        .await;
        copied
    }

    /// Sends everything to `key` and makes the object of it, or leaves nothing.
    async fn send(
        &self,
        upload: &Upload,
        key: &str,
        first: Buffer,
        frames: &mut Frames,
    ) -> Result<(Sha256, Stored), Error> {
        let store = &upload.bucket.store;
        let attributes = upload.attributes(frames.content_type(), upload.sha256);
        let mut parts = Parts {
            multipart: store.begin(key, &attributes).await?,
            sent: 0,
            under_way: JoinSet::new(),
        };
        let sha256 = match self.feed(&mut parts, first, frames).await {
            Ok(sha256) => sha256,
            Err(error) => {
                clean(parts.give_up()).await;
                return Err(error);
            }
        };
        let completed = parts.multipart.complete().await.map_err(s3::Error::swept);
        if completed.is_err() {
            clean(parts.give_up()).await;
        }
        let stored = settle(store, key, &attributes, frames.size(), completed).await?;
        Ok((sha256, stored))
    }

    /// Hands buffer after buffer to the store, up to the commit frame, and waits until it has them all.
    async fn feed(
        &self,
        parts: &mut Parts,
        first: Buffer,
        frames: &mut Frames,
    ) -> Result<Sha256, Error> {
        let mut buffer = first;
        loop {
            parts.add(buffer).await?;
            let (next, committed) = parts.beside(self.fill(frames)).await?;
            buffer = next;
            if let Some(sha256) = committed {
                if !buffer.bytes().is_empty() {
                    parts.add(buffer).await?;
                }
                while parts.landed().await? {}
                return Ok(sha256);
            }
        }
    }
}

impl Parts {
    /// Begins to upload the next part, when few enough are under way.
    async fn add(&mut self, mut buffer: Buffer) -> Result<(), Error> {
        while self.under_way.len() >= AT_ONCE {
            self.landed().await?;
        }
        self.sent += 1;
        let (number, multipart) = (self.sent, self.multipart.clone());
        let upload = async move {
            let etag = multipart.part(number, buffer.bytes()).await?;
            Ok((number, etag))
        };
        self.under_way.spawn(upload.in_current_span());
        Ok(())
    }

    /// Does `work` while parts are under way; one that fails ends it.
    async fn beside<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                landed = self.landed(), if !self.under_way.is_empty() => drop(landed?),
            }
        }
    }

    /// Waits for a part that is under way; tells whether there was one.
    async fn landed(&mut self) -> Result<bool, Error> {
        let Some(landed) = self.under_way.join_next().await else {
            return Ok(false);
        };
        // A task that ends in another way was cancelled, with the process.
        let landed = landed.unwrap_or(Err(s3::Error::Unavailable));
        let (number, etag) = landed.map_err(s3::Error::swept)?;
        self.multipart.count_in(number, etag);
        Ok(true)
    }

    /// Leaves no part at the store, as soon as that lets itself be told so.
    async fn give_up(mut self) {
        let landing = async { while self.under_way.join_next().await.is_some() {} };
        if timeout(LANDING, landing).await.is_err() {
            self.under_way.shutdown().await;
        }
        for pause in ABORT_AFTER {
            sleep(Duration::from_secs(pause)).await;
            if self.multipart.abort().await.is_ok() {
                return;
            }
        }
        tracing::warn!("an upload in parts is left for the lifecycle and the sweep");
    }
}

/// Cleans up behind an upload, to the end. The answer waits for it only as long as a store takes that is well.
async fn clean(work: impl Future<Output = ()> + Send + 'static) {
    let _ = timeout(CLEANING, tokio::spawn(work.in_current_span())).await;
}

/// What became of an object that was to be made: whatever the store `answered`, what lies under the key decides.
pub(super) async fn settle(
    store: &Store,
    key: &str,
    attributes: &Attributes,
    size: u64,
    answered: Result<(), s3::Error>,
) -> Result<Stored, Error> {
    let found = store.find(key).await?;
    let ours = found.filter(|found| {
        let found = &found.attributes;
        (found.request_id, found.sha256) == (attributes.request_id, attributes.sha256)
    });
    match ours {
        Some(stored) if stored.size_bytes == size => Ok(stored),
        Some(_) => {
            // The store made another object than it was told to; nobody may take it for ours.
            store.delete(key).await?;
            Err(s3::Error::Malformed.into())
        }
        None => Err(answered.err().unwrap_or(s3::Error::Malformed).into()),
    }
}
