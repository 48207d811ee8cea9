//! Listing uploads in parts that are neither completed nor aborted, a page at a time.

use super::call::retried;
use super::list::decoded;
use super::{Error, Store};
use rusoto_s3::{ListMultipartUploadsRequest, MultipartUpload, S3};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A page of unfinished uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The uploads, in the order of the store.
    pub uploads: Vec<Begun>,
    /// For the next page; none on the last.
    pub next: Option<Marker>,
}

/// An upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The key of the object that it would make.
    pub key: String,
    /// The store's name for the upload.
    pub upload_id: String,
    /// When it was begun.
    pub create_time: OffsetDateTime,
}

/// The place in the list behind which the next page begins, in the store's own words: S3 lists by key, and tells the key and the id;
/// SeaweedFS lists by id, and tells the id alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    key: Option<String>,
    upload_id: Option<String>,
}

impl Store {
    /// Reads one page of at most `limit` uploads, 1 to 1,000, behind a marker.
    pub async fn unfinished(
        &self,
        behind: Option<&Marker>,
        limit: u16,
    ) -> Result<Unfinished, Error> {
        let request = || {
            self.plain
                .list_multipart_uploads(ListMultipartUploadsRequest {
                    bucket: self.bucket.clone(),
                    encoding_type: Some("url".to_owned()),
                    key_marker: behind.and_then(|marker| marker.key.clone()),
                    upload_id_marker: behind.and_then(|marker| marker.upload_id.clone()),
                    max_uploads: Some(i64::from(limit)),
                    ..ListMultipartUploadsRequest::default()
                })
        };
        let answer = retried("s3.ListMultipartUploads", request).await?;
        // An empty answer would read as a bucket without uploads.
        if answer.bucket.as_ref() != Some(&self.bucket) {
            return Err(Error::Malformed);
        }
        let encoded = answer.encoding_type.as_deref() == Some("url");
        let told = |marker: Option<String>| marker.filter(|marker| !marker.is_empty());
        let key = told(answer.next_key_marker).map(|key| decoded(key, encoded));
        let next = (answer.is_truncated == Some(true)).then_some(Marker {
            key: key.transpose()?,
            upload_id: told(answer.next_upload_id_marker),
        });
        // The same page for ever would be no walk.
        if let Some(next) = &next
            && (next.key.is_none() && next.upload_id.is_none() || Some(next) == behind)
        {
            return Err(Error::Malformed);
        }
        let uploads = answer.uploads.unwrap_or_default().into_iter();
        Ok(Unfinished {
            uploads: uploads
                .map(|upload| begun(upload, encoded))
                .collect::<Result<_, _>>()?,
            next,
        })
    }
}

fn begun(upload: MultipartUpload, encoded: bool) -> Result<Begun, Error> {
    let initiated = upload.initiated.ok_or(Error::Malformed)?;
    Ok(Begun {
        key: decoded(upload.key.ok_or(Error::Malformed)?, encoded)?,
        upload_id: upload.upload_id.ok_or(Error::Malformed)?,
        create_time: OffsetDateTime::parse(&initiated, &Rfc3339).map_err(|_| Error::Malformed)?,
    })
}
