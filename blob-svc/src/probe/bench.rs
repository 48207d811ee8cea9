//! Where trials are made: keys of their own, and requests as they must be written.

use super::PREFIX;
use crate::object::{Attributes, OCTET_STREAM};
use crate::s3::{Answer, Error, Multipart, Store};
use crate::sign::{Lifetime, Pen, Signer};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// A store that is busy is asked so often.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);
/// How long URLs of trials live.
const LIFE: Duration = Duration::from_secs(300);

pub(super) struct Bench {
    pub(super) store: Store,
    pub(super) signer: Signer,
    folder: String,
    keys: Mutex<Vec<String>>,
    uploads: Mutex<Vec<Multipart>>,
}

impl Bench {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            signer: Signer::new(store.endpoint().clone()),
            folder: format!("{PREFIX}{}/", Uuid::now_v7().simple()),
            keys: Mutex::default(),
            uploads: Mutex::default(),
        }
    }

    /// A key of this bench; whatever comes to lie there is removed in the end.
    pub(super) fn key(&self, name: &str) -> String {
        let key = format!("{}{name}", self.folder);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.push(key.clone());
        key
    }

    /// A signed request for a key; [`Error::Unavailable`] when the store is busy or failing, and so proves nothing.
    pub(super) async fn send(
        &self,
        method: &str,
        key: &str,
        parameters: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Error> {
        for _ in 1..TRIES {
            match self
                .store
                .send(method, key, parameters, headers, body)
                .await
            {
                Ok(answer) if !is_busy(&answer) => return Ok(answer),
                Ok(_) | Err(Error::Unavailable) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
        let answer = self
            .store
            .send(method, key, parameters, headers, body)
            .await?;
        if is_busy(&answer) {
            return Err(Error::Unavailable);
        }
        Ok(answer)
    }

    pub(super) async fn put(
        &self,
        key: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Error> {
        self.send("PUT", key, &[], headers, body).await
    }

    /// Stores an object as a trial needs one. Whoever may not write learns nothing from trials.
    pub(super) async fn given(&self, key: &str, body: &[u8]) -> Result<(), Error> {
        let answer = self.put(key, &[], body).await?;
        match answer.status {
            200..300 => Ok(()),
            401 | 403 => Err(Error::Forbidden),
            404 => Err(Error::NoSuchBucket),
            _ => Err(Error::Refused),
        }
    }

    /// The bytes under a key; none where nothing lies.
    pub(super) async fn content(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let answer = self.send("GET", key, &[], &[], b"").await?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            401 | 403 => Err(Error::Forbidden),
            _ => Err(Error::Refused),
        }
    }

    /// Begins an upload in parts; it is aborted in the end.
    pub(super) async fn begin(&self, key: &str) -> Result<Multipart, Error> {
        let upload = self.store.begin(key, &plain()).await?;
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        uploads.push(upload.clone());
        Ok(upload)
    }

    /// Signs for the store as we reach it ourselves, from `start` on.
    pub(super) fn pen(&self, start: OffsetDateTime) -> Pen {
        self.signer
            .pen(self.store.bucket(), Lifetime::new(start, LIFE))
    }

    /// Removes what the trials made.
    pub(super) async fn clear(&self) {
        let uploads =
            std::mem::take(&mut *self.uploads.lock().unwrap_or_else(PoisonError::into_inner));
        let keys = std::mem::take(&mut *self.keys.lock().unwrap_or_else(PoisonError::into_inner));
        let aborted = uploads.iter().map(Multipart::abort);
        let removed = keys.iter().map(|key| self.store.delete(key));
        let (aborted, removed) = tokio::join!(
            futures::future::join_all(aborted),
            futures::future::join_all(removed)
        );
        if let Some(error) = aborted.into_iter().chain(removed).find_map(Result::err) {
            tracing::warn!(folder = self.folder, %error, "what the trials of the store made is not all removed");
        }
    }
}

/// Neither a yes nor a no. 501 is a no.
fn is_busy(answer: &Answer) -> bool {
    matches!(answer.status, 408 | 429 | 500 | 502..=504)
}

fn plain() -> Attributes {
    Attributes {
        content_type: OCTET_STREAM.to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    }
}
