//! The end of an upload in parts: what was claimed is proven, and then it shows.

use super::request::Completion;
use crate::error::Error;
use crate::key::Key;
use crate::object::{Attributes, Stored};
use crate::s3::{self, Part};
use contract::Violations;
use contract::blob::v1::BlobRef;

/// The least length of a part that is not the last ("Amazon S3 multipart upload limits").
const MIN_PART: u64 = 5 << 20;

impl Completion {
    /// Makes the object. The same upload, request id and content answer the same again.
    pub(in crate::presign) async fn run(&self) -> Result<BlobRef, Error> {
        let done = match self.done().await? {
            Some(done) => done,
            None => match self.make().await {
                Ok(made) => made,
                Err(error) => self.done_by_another(error).await?,
            },
        };
        // Also after a call that died as soon as it had made it.
        self.clear().await;
        let key = self.upload.key.as_str();
        let sha256 = self.sha256.to_string();
        let receipts = &self.upload.bucket.receipts;
        Ok(receipts.blob_ref(key, self.size_bytes, &done.content_type, sha256))
    }

    /// The object, when this very call, or one like it, made it.
    async fn done(&self) -> Result<Option<Attributes>, Error> {
        let key = &self.upload.key;
        let Some(stored) = self.upload.bucket.store.find(key.as_str()).await? else {
            return Ok(None);
        };
        if stored.attributes.request_id != Some(self.request_id) {
            return Err(Error::KeyTaken(key.to_string()));
        }
        if stored.size_bytes != self.size_bytes || stored.attributes.sha256 != Some(self.sha256) {
            return Err(Error::RequestIdReused);
        }
        Ok(Some(stored.attributes))
    }

    /// After a failure: the same call may have come twice, and the other was faster.
    async fn done_by_another(&self, error: Error) -> Result<Attributes, Error> {
        let gone = matches!(
            error,
            Error::NoSuchKey(_) | Error::Store(s3::Error::NoSuchKey | s3::Error::NoSuchUpload)
        );
        match self.done().await {
            Ok(Some(done)) => Ok(done),
            Ok(None) if gone => Err(Error::NoSuchUpload(self.upload.key.to_string())),
            Err(Error::KeyTaken(key)) => {
                self.clear().await;
                Err(Error::KeyTaken(key))
            }
            // Whether it is done is not known.
            Err(unknown) if gone => Err(unknown),
            Ok(None) | Err(_) => Err(error),
        }
    }

    /// Joins the parts under the staging key, proves the whole, and copies it to its own key.
    async fn make(&self) -> Result<Attributes, Error> {
        let (store, staging) = (&self.upload.bucket.store, self.upload.staging());
        let staged = match store.find(staging.as_str()).await? {
            // An earlier call came this far.
            Some(staged) => staged,
            None => self.join(&staging).await?,
        };
        if let Err(error) = self.prove(&staging, &staged).await {
            if matches!(error, Error::Invalid(_)) {
                self.clear().await;
            }
            return Err(error);
        }
        let attributes = Attributes {
            sha256: Some(self.sha256),
            request_id: Some(self.request_id),
            ..staged.attributes
        };
        let key = self.upload.key.as_str();
        store
            .copy(staging.as_str(), &staged.etag, key, &attributes)
            .await?;
        Ok(self.done().await?.ok_or(s3::Error::Malformed)?)
    }

    async fn join(&self, staging: &Key) -> Result<Stored, Error> {
        let store = &self.upload.bucket.store;
        let upload = store.resume(staging.as_str(), &self.upload.id.store_id, &self.parts);
        let outcome = match self.judge(&upload).await {
            Ok(()) => upload.complete().await.map_err(of_join),
            Err(error) => Err(error),
        };
        // Whatever was answered: here it shows whether this call, or one like it, has joined them.
        let staged = store.find(staging.as_str()).await?;
        staged.ok_or_else(|| outcome.err().unwrap_or(s3::Error::Malformed.into()))
    }

    async fn judge(&self, upload: &s3::Multipart) -> Result<(), Error> {
        let listed = upload.list().await?;
        self.judge_parts(&listed)?;
        let judged = self.judge_size(self.length_of(&listed));
        if judged.is_err() {
            self.upload.abort().await?;
        }
        judged
    }

    /// Every part that is named must be there, with this tag, and large enough.
    fn judge_parts(&self, listed: &[Part]) -> Result<(), Error> {
        let mut v = Violations::default();
        for (i, (number, etag)) in self.parts.iter().enumerate() {
            let found = find(listed, *number);
            v.within(format_args!("parts[{i}]"), |v| match found {
                None => v.add("part_number", "was not uploaded"),
                Some(part) if part.etag.trim_matches('"') != etag.trim_matches('"') => {
                    v.add("etag", "differs from that of the uploaded part");
                }
                Some(part) if part.size_bytes < MIN_PART && i + 1 < self.parts.len() => {
                    let allowed = "must have at least 5 MiB: only the last part may have less";
                    v.add("part_number", allowed);
                }
                Some(_) => {}
            });
        }
        Ok(v.accept(Some(()))?)
    }

    fn length_of(&self, listed: &[Part]) -> u64 {
        let sizes = self
            .parts
            .iter()
            .filter_map(|(number, _)| find(listed, *number));
        sizes.map(|part| part.size_bytes).sum()
    }

    fn judge_size(&self, found: u64) -> Result<(), Error> {
        let mut v = Violations::default();
        if found != self.size_bytes {
            let told =
                format!("differs from what was uploaded: {found} bytes; the upload is ended");
            v.add("size_bytes", told);
        }
        Ok(v.accept(Some(()))?)
    }

    /// Reads the whole back: the store's word for a part's checksum is no word for the whole's.
    async fn prove(&self, staging: &Key, staged: &Stored) -> Result<(), Error> {
        self.judge_size(staged.size_bytes)?;
        let bucket = &self.upload.bucket;
        let found = bucket.digest(staging.as_str(), &staged.etag).await?;
        let mut v = Violations::default();
        if found != self.sha256 {
            let told = "differs from the digest of what was uploaded; the upload is ended";
            v.add("sha256", told);
        }
        Ok(v.accept(Some(()))?)
    }

    async fn clear(&self) {
        if let Err(error) = self.upload.clear().await {
            tracing::warn!(?error, "a staging object is left for the sweep");
        }
    }
}

fn find(listed: &[Part], number: u16) -> Option<&Part> {
    listed
        .binary_search_by_key(&number, |part| part.number)
        .ok()
        .and_then(|at| listed.get(at))
}

/// The upload was there just before: so a try of ours got through unheard, or another call did. It may show late.
fn of_join(error: s3::Error) -> Error {
    if error == s3::Error::NoSuchUpload {
        s3::Error::Unavailable.into()
    } else {
        error.into()
    }
}
