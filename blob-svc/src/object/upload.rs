//! Uploads: from the frames of `PutObject` to an object that is there whole or not at all.
//!
//! What fits into one buffer is stored in one request after the commit frame was checked; what does not, in parts
//! ([`super::parts`]). Either way the key holds nothing before the commit frame. The upload runs in a task of its own, to its
//! end also when the caller goes away, and everything before the commit ends with the call's time at the latest.

use super::buffer::Buffer;
use super::frames::{Frames, Next};
use super::request::Upload;
use super::{Attributes, Sha256, Stored};
use crate::error::Error;
use crate::s3;
use crate::server::Blobs;
use contract::blob::v1::BlobRef;
use std::time::Duration;
use tokio::time::Instant;

/// The size of a buffer, and of a part: the least that stores take ("Amazon S3 multipart upload limits").
pub(super) const PART: usize = 5 << 20;
/// How long an upload waits for its first buffer. Nothing of it is read yet: the caller loses nothing by another try.
const FIRST_BUFFER: Duration = Duration::from_secs(5);
/// How long for the others. It has come so far that it may wait as long as a caller may be silent.
const NEXT_BUFFER: Duration = Duration::from_secs(30);

impl Blobs {
    /// Stores what `frames` bring. The same request id with the same content answers the same again.
    pub(super) async fn upload(
        &self,
        upload: Upload,
        mut frames: Frames,
    ) -> Result<BlobRef, Error> {
        let (store, key) = (&upload.bucket.store, upload.key.as_str());
        let sha256 = match store.find(key).await? {
            Some(stored) => same(&upload, &stored, &mut frames).await?,
            None => match self.store(&upload, &mut frames).await {
                // Somebody was faster, or the first try of ours got through unheard.
                Err(Error::Store(s3::Error::ConditionFailed)) => {
                    // SeaweedFS says so too of a key that names one of its folders: there is none to find, ever.
                    let stored = store.find(key).await?.ok_or(s3::Error::ConditionFailed)?;
                    same(&upload, &stored, &mut frames).await?
                }
                stored => stored?,
            },
        };
        let (size, content_type) = (frames.size(), frames.content_type());
        Ok(upload
            .bucket
            .receipts
            .blob_ref(key, size, content_type, sha256.to_string()))
    }

    async fn store(&self, upload: &Upload, frames: &mut Frames) -> Result<Sha256, Error> {
        let (mut buffer, committed) = self.fill(frames).await?;
        let Some(sha256) = committed else {
            return self.store_in_parts(upload, buffer, frames).await;
        };
        let attributes = upload.attributes(frames.content_type(), Some(sha256));
        let store = &upload.bucket.store;
        store
            .put(upload.key.as_str(), &attributes, buffer.bytes())
            .await?;
        Ok(sha256)
    }

    /// A buffer of what comes next, full or with the commit behind it. Of a declared length the last byte is given only with
    /// the commit.
    pub(super) async fn fill(
        &self,
        frames: &mut Frames,
    ) -> Result<(Buffer, Option<Sha256>), Error> {
        let room = frames
            .left()
            .map_or(PART as u64, |left| left.min(PART as u64));
        let patience = if frames.size() == 0 {
            FIRST_BUFFER
        } else {
            NEXT_BUFFER
        };
        let until = frames.deadline().min(Instant::now() + patience);
        let mut buffer = self.limits.memory.buffer(room as usize, until).await?;
        while buffer.room() > 0 || frames.left() == Some(0) {
            match frames.next(buffer.room()).await? {
                Next::Chunk(chunk) => buffer.put(&chunk),
                Next::Committed(sha256) => return Ok((buffer, Some(sha256))),
            }
        }
        Ok((buffer, None))
    }
}

/// The proven digest of an upload whose key is taken, when what lies there is this very upload.
async fn same(upload: &Upload, stored: &Stored, frames: &mut Frames) -> Result<Sha256, Error> {
    if stored.attributes.request_id != Some(upload.request_id) {
        return Err(Error::KeyTaken(upload.key.to_string()));
    }
    let sha256 = frames.drain().await?;
    let attributes = upload.attributes(frames.content_type(), Some(sha256));
    if stored.size_bytes != frames.size() || stored.attributes != attributes {
        return Err(Error::RequestIdReused);
    }
    Ok(sha256)
}

impl Upload {
    /// What the object carries. The digest is not known before the end, unless it was declared.
    pub(super) fn attributes(&self, content_type: &str, sha256: Option<Sha256>) -> Attributes {
        Attributes {
            content_type: content_type.to_owned(),
            sha256,
            original_name: self.original_name.clone(),
            request_id: Some(self.request_id),
        }
    }
}
