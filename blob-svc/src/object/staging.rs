//! Uploads of unknown length that outgrow memory: in parts, under a staging key, and copied to their own when they are whole.
//! Parts need their attributes before the digest is known, and a key that is free until the commit frame: a copy has both.

use super::Sha256;
use super::frames::{Frames, Next};
use super::request::Upload;
use super::upload::BUFFER;
use crate::error::Error;
use crate::server::Blobs;
use crate::{key, s3};
use bytes::BytesMut;

impl Blobs {
    /// Parts under a staging key; the whole is copied to its own key when it is known to be whole.
    pub(super) async fn stage(
        &self,
        upload: &Upload,
        buffer: BytesMut,
        frames: &mut Frames,
    ) -> Result<Sha256, Error> {
        let staging = key::staging();
        let store = &upload.bucket.store;
        let mut parts = store
            .begin(staging.as_str(), &upload.attributes_without_digest())
            .await?;
        let sha256 = match send_parts(&mut parts, buffer, frames).await {
            Ok(sha256) => sha256,
            Err(error) => {
                if let Err(error) = parts.abort().await {
                    tracing::warn!(%error, "an upload in parts is left for the sweep");
                }
                return Err(error);
            }
        };
        let copied = settle(upload, staging.as_str(), sha256, frames.size()).await;
        if let Err(error) = store.delete(staging.as_str()).await {
            tracing::warn!(%error, "a staging object is left for the sweep");
        }
        copied.map(|()| sha256)
    }
}

async fn settle(upload: &Upload, staging: &str, sha256: Sha256, size: u64) -> Result<(), Error> {
    let store = &upload.bucket.store;
    let staged = store.head(staging).await?;
    if staged.size_bytes != size {
        return Err(s3::Error::Malformed.into());
    }
    let attributes = upload.attributes(sha256);
    Ok(store
        .copy(staging, &staged.etag, upload.key.as_str(), &attributes)
        .await?)
}

/// Sends the upload in parts of equal size, and completes it after the commit frame.
async fn send_parts(
    parts: &mut s3::Multipart,
    mut buffer: BytesMut,
    frames: &mut Frames,
) -> Result<Sha256, Error> {
    let mut number = 1;
    loop {
        while buffer.len() >= BUFFER {
            number = send(parts, number, buffer.split_to(BUFFER)).await?;
        }
        match frames.next().await? {
            Next::Chunk(chunk) => buffer.extend_from_slice(&chunk),
            Next::Committed(sha256) => {
                if !buffer.is_empty() {
                    send(parts, number, buffer).await?;
                }
                parts.complete().await?;
                return Ok(sha256);
            }
        }
    }
}

async fn send(parts: &mut s3::Multipart, number: u16, bytes: BytesMut) -> Result<u16, Error> {
    let etag = parts.part(number, bytes.freeze()).await?;
    parts.count_in(number, etag);
    Ok(number + 1)
}
