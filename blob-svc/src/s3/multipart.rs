//! Uploads in parts, for bytes whose number is not known beforehand: stores refuse a single PUT without a length.

use super::call::retried;
use super::dispatch::Extra;
use super::object::{length, whole};
use super::{Error, Store, metadata};
use crate::object::Attributes;
use bytes::Bytes;
use rusoto_s3::{
    AbortMultipartUploadRequest, CompleteMultipartUploadRequest, CompletedMultipartUpload,
    CompletedPart, CreateMultipartUploadRequest, ListPartsRequest, S3, UploadPartRequest,
};

/// An upload that was begun. Nothing is visible before [`Multipart::complete`]; what is neither completed nor aborted stays
/// in the store, unseen, until the bucket's lifecycle or a sweep ends it.
#[derive(Clone)]
pub struct Multipart {
    store: Store,
    key: String,
    upload_id: String,
    parts: Vec<CompletedPart>,
}

/// A part as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number, 1 to 10,000.
    pub number: u16,
    /// The store's entity tag.
    pub etag: String,
    /// Its length in bytes.
    pub size_bytes: u64,
}

impl Store {
    /// Begins an upload. Attributes are fixed here, before the digest of the bytes is known.
    pub async fn begin(&self, key: &str, attributes: &Attributes) -> Result<Multipart, Error> {
        let request = || {
            self.plain
                .create_multipart_upload(CreateMultipartUploadRequest {
                    bucket: self.bucket.clone(),
                    key: key.to_owned(),
                    content_type: Some(attributes.content_type.clone()),
                    metadata: Some(metadata::write(attributes)),
                    ..CreateMultipartUploadRequest::default()
                })
        };
        // A begin that got through unheard stays for the bucket's lifecycle, whether it is tried again or not.
        let upload_id = retried("s3.CreateMultipartUpload", request)
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

    /// An upload that was begun somewhere else, with the parts that are to make it, by number and entity tag. Asks the store
    /// nothing.
    #[must_use]
    pub fn resume(&self, key: &str, upload_id: &str, parts: &[(u16, String)]) -> Multipart {
        let part = |(number, etag): &(u16, String)| CompletedPart {
            e_tag: Some(etag.clone()),
            part_number: Some(i64::from(*number)),
        };
        Multipart {
            store: self.clone(),
            key: key.to_owned(),
            upload_id: upload_id.to_owned(),
            parts: parts.iter().map(part).collect(),
        }
    }
}

impl Multipart {
    /// The store's name for the upload.
    #[must_use]
    pub fn upload_id(&self) -> &str {
        &self.upload_id
    }

    /// All parts that the store has, by number.
    pub async fn list(&self) -> Result<Vec<Part>, Error> {
        let mut parts: Vec<Part> = Vec::new();
        loop {
            let behind = parts.last().map(|part| i64::from(part.number));
            let request = || {
                self.store.plain.list_parts(ListPartsRequest {
                    bucket: self.store.bucket.clone(),
                    key: self.key.clone(),
                    upload_id: self.upload_id.clone(),
                    part_number_marker: behind,
                    ..ListPartsRequest::default()
                })
            };
            let answer = retried("s3.ListParts", request).await?;
            // An empty answer would read as an upload without parts.
            if answer.upload_id.as_ref() != Some(&self.upload_id) {
                return Err(Error::Malformed);
            }
            let known = parts.len();
            for part in answer.parts.unwrap_or_default() {
                parts.push(listed(part).ok_or(Error::Malformed)?);
            }
            if !parts.is_sorted_by(|a, b| a.number < b.number) {
                return Err(Error::Malformed);
            }
            match answer.is_truncated {
                Some(true) if parts.len() > known => {}
                Some(true) => return Err(Error::Malformed),
                Some(false) | None => return Ok(parts),
            }
        }
    }

    /// Uploads a part, 5 MiB at least unless it is the last, and answers its entity tag. Parts may be uploaded at once.
    pub async fn part(&self, number: u16, bytes: &[Bytes]) -> Result<String, Error> {
        let request = || {
            self.store.plain.upload_part(UploadPartRequest {
                bucket: self.store.bucket.clone(),
                key: self.key.clone(),
                upload_id: self.upload_id.clone(),
                part_number: i64::from(number),
                content_length: Some(length(bytes) as i64),
                body: Some(whole(bytes)),
                ..UploadPartRequest::default()
            })
        };
        let answer = retried("s3.UploadPart", request).await?;
        answer.e_tag.ok_or(Error::Malformed)
    }

    /// Counts an uploaded part in: the object will be made of such parts, by number.
    pub fn count_in(&mut self, number: u16, etag: String) {
        let number = i64::from(number);
        let place = self
            .parts
            .partition_point(|part| part.part_number < Some(number));
        let part = CompletedPart {
            e_tag: Some(etag),
            part_number: Some(number),
        };
        self.parts.insert(place, part);
    }

    /// Makes the object of the parts. A try that got through unheard makes the next one fail, and may show late: whatever
    /// the error, the object may be there.
    pub async fn complete(&self) -> Result<(), Error> {
        let s3 = self.store.client.sends(Extra {
            only_new: self.store.capabilities().await?.conditional_complete,
            ..Extra::default()
        });
        let request = || {
            s3.complete_multipart_upload(CompleteMultipartUploadRequest {
                bucket: self.store.bucket.clone(),
                key: self.key.clone(),
                upload_id: self.upload_id.clone(),
                multipart_upload: Some(CompletedMultipartUpload {
                    parts: Some(self.parts.clone()),
                }),
                ..CompleteMultipartUploadRequest::default()
            })
        };
        let answer = retried("s3.CompleteMultipartUpload", request).await?;
        // An empty 200 would read as success.
        answer.e_tag.map(drop).ok_or(Error::Malformed)
    }

    /// Ends the upload and removes its parts. Ending an absent one succeeds.
    pub async fn abort(&self) -> Result<(), Error> {
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

fn listed(part: rusoto_s3::Part) -> Option<Part> {
    Some(Part {
        number: part
            .part_number
            .and_then(|number| u16::try_from(number).ok())?,
        etag: part.e_tag?,
        size_bytes: part.size.and_then(|size| u64::try_from(size).ok())?,
    })
}
