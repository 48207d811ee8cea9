//! Uploads in parts, for bytes whose number is not known beforehand: stores refuse a single PUT without a length.

use super::call::{once, retried};
use super::object::whole;
use super::{Error, ONLY_NEW, Store, metadata};
use crate::object::Attributes;
use bytes::Bytes;
use rusoto_s3::{
    AbortMultipartUploadRequest, CompleteMultipartUploadRequest, CompletedMultipartUpload,
    CompletedPart, CreateMultipartUploadRequest, S3, UploadPartRequest,
};

/// An upload that was begun. Nothing is visible before [`Multipart::complete`]; what is neither completed nor aborted stays
/// in the store, unseen, until the bucket's lifecycle or a sweep ends it.
pub struct Multipart {
    store: Store,
    key: String,
    upload_id: String,
    parts: Vec<CompletedPart>,
}

impl Store {
    /// Begins an upload. Attributes are fixed here, before the digest of the bytes is known.
    pub async fn begin(&self, key: &str, attributes: &Attributes) -> Result<Multipart, Error> {
        let request = self
            .plain
            .create_multipart_upload(CreateMultipartUploadRequest {
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                content_type: Some(attributes.content_type.clone()),
                metadata: Some(metadata::write(attributes)),
                ..CreateMultipartUploadRequest::default()
            });
        let upload_id = once("s3.CreateMultipartUpload", request)
            .await?
            .upload_id
            .ok_or(Error::Malformed)?;
        Ok(Multipart {
            store: self.clone(),
            key: key.to_owned(),
            upload_id,
            parts: Vec::new(),
        })
    }
}

impl Multipart {
    /// Uploads the next part: 5 MiB at least, unless it is the last.
    pub async fn part(&mut self, bytes: Bytes) -> Result<(), Error> {
        let part_number = self.parts.len() as i64 + 1;
        let request = || {
            self.store.plain.upload_part(UploadPartRequest {
                bucket: self.store.bucket.clone(),
                key: self.key.clone(),
                upload_id: self.upload_id.clone(),
                part_number,
                content_length: Some(bytes.len() as i64),
                body: Some(whole(&bytes)),
                ..UploadPartRequest::default()
            })
        };
        let etag = retried("s3.UploadPart", request)
            .await?
            .e_tag
            .ok_or(Error::Malformed)?;
        self.parts.push(CompletedPart {
            e_tag: Some(etag),
            part_number: Some(part_number),
        });
        Ok(())
    }

    /// Makes the object of the parts. On [`Error::Unavailable`] and [`Error::Malformed`] the object may be there or not.
    pub async fn complete(&mut self) -> Result<(), Error> {
        let s3 = self.store.client.sends(ONLY_NEW);
        let request = s3.complete_multipart_upload(CompleteMultipartUploadRequest {
            bucket: self.store.bucket.clone(),
            key: self.key.clone(),
            upload_id: self.upload_id.clone(),
            multipart_upload: Some(CompletedMultipartUpload {
                parts: Some(self.parts.clone()),
            }),
            ..CompleteMultipartUploadRequest::default()
        });
        let answer = once("s3.CompleteMultipartUpload", request).await?;
        // An empty 200 would read as success.
        answer.e_tag.map(drop).ok_or(Error::Malformed)
    }

    /// Ends the upload and removes its parts. Ending an absent one succeeds.
    pub async fn abort(self) -> Result<(), Error> {
        let request = || {
            self.store
                .plain
                .abort_multipart_upload(AbortMultipartUploadRequest {
                    bucket: self.store.bucket.clone(),
                    key: self.key.clone(),
                    upload_id: self.upload_id.clone(),
                    ..AbortMultipartUploadRequest::default()
                })
        };
        match retried("s3.AbortMultipartUpload", request).await {
            Ok(_) | Err(Error::NoSuchUpload | Error::NoSuchKey) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
