//! Downloads: from the store's answer to the frames of `GetObject`.

use super::request::Read;
use super::{Sha256, Span};
use crate::bucket::Bucket;
use crate::error::Error;
use crate::s3::{self, Condition, Download};
use bytes::Bytes;
use contract::blob::v1::GetObjectResponse;
use contract::blob::v1::get_object_response::Frame;
use contract::{Violations, status};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use sha2::Digest;
use tonic::Status;

/// The longest chunk of the contract.
const MAX_CHUNK: usize = 256 << 10;

/// The frames of one answer.
pub(super) type Answer = BoxStream<'static, Result<GetObjectResponse, Status>>;

impl Bucket {
    /// Begins to read an object.
    pub(super) async fn download(&self, read: Read) -> Result<Answer, Error> {
        let key = read.key.as_str();
        let download = self.store.get(key, read.span, &read.condition).await;
        let download = download.map_err(|error| of_read(error, key))?;
        let object = self.object(key.to_owned(), download.stored.clone());
        let head = futures::stream::once(async { Ok(frame(Frame::Object(object))) });
        Ok(head.chain(chunks(download)).boxed())
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
        while let Some(message) = chunks
            .try_next()
            .await
            .map_err(|_| s3::Error::Unavailable)?
        {
            if let Some(Frame::Chunk(chunk)) = message.frame {
                hasher.update(&chunk);
            }
        }
        Ok(Sha256::from(<[u8; 32]>::from(hasher.finalize())))
    }
}

/// The bytes as frames. Ends with OK only when all of them came.
fn chunks(download: Download) -> Answer {
    let state = (download.body, Bytes::new(), download.length);
    let chunks = futures::stream::try_unfold(state, |(mut body, mut ready, mut left)| async move {
        while ready.is_empty() {
            ready = match body.try_next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) if left == 0 => return Ok(None),
                Ok(None) | Err(_) => {
                    return Err(status::unavailable(
                        "the store broke off in the middle of the object",
                    ));
                }
            };
        }
        let chunk = ready.split_to(ready.len().min(MAX_CHUNK));
        left = left
            .checked_sub(chunk.len() as u64)
            .ok_or_else(|| status::unavailable("the store sent too much"))?;
        Ok(Some((frame(Frame::Chunk(chunk)), (body, ready, left))))
    });
    chunks.boxed()
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
