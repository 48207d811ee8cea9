//! Copies: an object under a second key, with the request id of the copy as its own.

use super::parts::settle;
use super::request::Copy;
use super::{Attributes, Stored};
use crate::error::Error;
use crate::s3;
use crate::server::Blobs;
use contract::blob::v1::BlobRef;

impl Blobs {
    /// Copies an object to a key that is free. The same request id answers the same again.
    pub(super) async fn copy(&self, copy: Copy) -> Result<BlobRef, Error> {
        let (from, to) = (copy.from.as_str(), copy.to.as_str());
        let store = &copy.bucket.store;
        let source = store.head(from).await.map_err(Error::of_key(from))?;
        let sha256 = match source.attributes.sha256 {
            Some(sha256) => sha256,
            None => copy.bucket.digest(from, &source.etag).await?,
        };
        let attributes = Attributes {
            sha256: Some(sha256),
            request_id: Some(copy.request_id),
            ..source.attributes.clone()
        };
        let copied = match store.find(to).await? {
            None => {
                let copied = store.copy(from, &source.etag, to, &attributes).await;
                settle(store, to, &attributes, source.size_bytes, copied).await
            }
            Some(_) => Err(s3::Error::ConditionFailed.into()),
        };
        match copied {
            Ok(_) => {}
            Err(Error::Store(s3::Error::ConditionFailed)) => {
                // Either the key is taken, or the source was replaced in between: then a retry finds the new one.
                let stored = store.find(to).await?.ok_or(s3::Error::Unavailable)?;
                same(to, &stored, &attributes, source.size_bytes)?;
            }
            Err(Error::Store(error)) => return Err(Error::of_key(from)(error)),
            Err(error) => return Err(error),
        }
        let (size, content_type) = (source.size_bytes, &attributes.content_type);
        Ok(copy
            .bucket
            .receipts
            .blob_ref(to, size, content_type, sha256.to_string()))
    }
}

/// Whether what lies under the key is what this very request put there.
fn same(key: &str, stored: &Stored, attributes: &Attributes, size_bytes: u64) -> Result<(), Error> {
    if stored.attributes.request_id != attributes.request_id {
        return Err(Error::KeyTaken(key.to_owned()));
    }
    if stored.attributes != *attributes || stored.size_bytes != size_bytes {
        return Err(Error::RequestIdReused);
    }
    Ok(())
}
