//! Uploads in parts whose bytes go straight to the store: begun here, sent through signed URLs, ended here.
//!
//! Parts come together under a staging key. There the whole is read back and digested, and only what is what the caller claims
//! is copied to its own key: so nothing unproven ever shows there. Every step can be repeated, by any process, because all that
//! is known of an upload lies in its id and in the store.

mod complete;
mod create;
mod note;
pub(super) mod request;

use super::upload_id::UploadId;
use crate::bucket::Bucket;
use crate::error::Error;
use crate::key::Key;
use std::sync::Arc;

/// An upload, which need not be there.
pub(super) struct Upload {
    bucket: Arc<Bucket>,
    key: Key,
    id: UploadId,
}

impl Upload {
    fn staging(&self) -> Key {
        self.id.staging(&self.key)
    }

    /// Ends the upload: no part, and nothing that was staged, stays. Ending an absent one succeeds.
    pub(super) async fn abort(&self) -> Result<(), Error> {
        let (store, staging) = (&self.bucket.store, self.staging());
        let parts = store.resume(staging.as_str(), &self.id.store_id, &[]);
        parts.abort().await?;
        self.clear().await
    }

    /// Removes what lies under the staging key, and the note of the upload's begin.
    async fn clear(&self) -> Result<(), Error> {
        let (store, staging) = (&self.bucket.store, self.staging());
        store.delete(staging.as_str()).await?;
        Ok(store.delete(&note::key_of(&staging)).await?)
    }
}
