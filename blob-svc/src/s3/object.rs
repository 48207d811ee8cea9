//! Single objects: put, get, head, copy.

use super::call::retried;
use super::dispatch::Extra;
use super::{Error, Store, metadata};
use crate::object::{Attributes, Span, Stored};
use crate::sign::PATH;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use percent_encoding::utf8_percent_encode;
use rusoto_core::ByteStream;
use rusoto_s3::{CopyObjectRequest, GetObjectRequest, HeadObjectRequest, PutObjectRequest, S3};
use std::collections::HashMap;
use std::io;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// On what a read depends: entity tags, with their quotes.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// The object must still have this tag.
    pub if_match: Option<String>,
    /// The object must have another tag than this.
    pub if_none_match: Option<String>,
}

/// An object being read.
pub struct Download {
    /// The whole object's description, also when a part is read.
    pub stored: Stored,
    /// How many bytes the stream has.
    pub length: u64,
    /// The bytes asked for. Ends with an error when the store breaks off.
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

impl Store {
    /// Stores an object under a key that is free; [`Error::ConditionFailed`] when it is taken, where the store can tell.
    pub async fn put(
        &self,
        key: &str,
        attributes: &Attributes,
        bytes: &[Bytes],
    ) -> Result<(), Error> {
        let known = self.capabilities().await?;
        let s3 = self.client.sends(Extra {
            only_new: known.conditional_put,
            sha256: attributes.sha256.filter(|_| known.checksums),
        });
        let request = || {
            s3.put_object(PutObjectRequest {
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                content_type: Some(attributes.content_type.clone()),
                metadata: Some(metadata::write(attributes)),
                content_length: Some(length(bytes) as i64),
                body: Some(whole(bytes)),
                ..PutObjectRequest::default()
            })
        };
        let answer = retried("s3.PutObject", request).await?;
        // Whoever answers 200 to all would read as success.
        answer.e_tag.map(drop).ok_or(Error::Malformed)
    }

    /// Reads an object, or a part of it. A part that begins at or behind the end is [`Error::InvalidRange`].
    pub async fn get(
        &self,
        key: &str,
        span: Span,
        condition: &Condition,
    ) -> Result<Download, Error> {
        let request = || {
            self.plain.get_object(GetObjectRequest {
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                range: range(span),
                if_match: condition.if_match.clone(),
                if_none_match: condition.if_none_match.clone(),
                ..GetObjectRequest::default()
            })
        };
        let answer = retried("s3.GetObject", request).await?;
        let length = unsigned(answer.content_length)?;
        let size = match (range(span), answer.content_range) {
            (None, _) => length,
            (Some(_), Some(range)) => total(&range).ok_or(Error::Malformed)?,
            // The whole object came instead of the part that was asked for.
            (Some(_), None) => return Err(Error::Malformed),
        };
        let stored = stored(
            size,
            answer.e_tag,
            answer.last_modified,
            answer.content_type,
            answer.metadata,
        )?;
        let body = answer.body.ok_or(Error::Malformed)?.boxed();
        Ok(Download {
            stored,
            length,
            body,
        })
    }

    /// Describes the object under a key, if there is one.
    pub async fn find(&self, key: &str) -> Result<Option<Stored>, Error> {
        match self.head(key).await {
            Ok(stored) => Ok(Some(stored)),
            Err(Error::NoSuchKey) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Describes an object.
    pub async fn head(&self, key: &str) -> Result<Stored, Error> {
        let request = || {
            self.plain.head_object(HeadObjectRequest {
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                ..HeadObjectRequest::default()
            })
        };
        let answer = retried("s3.HeadObject", request).await?;
        let size = unsigned(answer.content_length)?;
        stored(
            size,
            answer.e_tag,
            answer.last_modified,
            answer.content_type,
            answer.metadata,
        )
    }

    /// Copies an object to a key that is free, as long as its tag is `etag`, and gives the copy attributes of its own.
    pub async fn copy(
        &self,
        from: &str,
        etag: &str,
        to: &str,
        attributes: &Attributes,
    ) -> Result<(), Error> {
        let source = format!("{}/{from}", self.bucket);
        let s3 = self.client.sends(Extra {
            only_new: self.capabilities().await?.conditional_copy,
            ..Extra::default()
        });
        let request = || {
            s3.copy_object(CopyObjectRequest {
                bucket: self.bucket.clone(),
                key: to.to_owned(),
                copy_source: utf8_percent_encode(&source, PATH).to_string(),
                copy_source_if_match: Some(etag.to_owned()),
                content_type: Some(attributes.content_type.clone()),
                metadata: Some(metadata::write(attributes)),
                metadata_directive: Some("REPLACE".to_owned()),
                ..CopyObjectRequest::default()
            })
        };
        let answer = retried("s3.CopyObject", request).await?;
        // An empty 200 would read as success.
        answer
            .copy_object_result
            .and_then(|copy| copy.e_tag)
            .map(drop)
            .ok_or(Error::Malformed)
    }
}

/// A body that can be made again, with its length known to rusoto.
pub(super) fn whole(bytes: &[Bytes]) -> ByteStream {
    let chunks = futures::stream::iter(bytes.to_vec()).map(Ok);
    ByteStream::new_with_size(chunks, length(bytes))
}

/// The length of bytes that come in chunks.
pub(super) fn length(bytes: &[Bytes]) -> usize {
    bytes.iter().map(Bytes::len).sum()
}

/// `Range` of RFC 9110, section 14.2. None for the whole object: an empty one has no satisfiable range.
fn range(span: Span) -> Option<String> {
    match span {
        Span::WHOLE => None,
        Span {
            offset,
            length: None,
        } => Some(format!("bytes={offset}-")),
        Span {
            offset,
            length: Some(length),
        } => Some(format!(
            "bytes={offset}-{}",
            // Stores read positions as signed numbers of 64 bits.
            offset
                .saturating_add(length.saturating_sub(1))
                .min(i64::MAX as u64)
        )),
    }
}

/// The object's length in `bytes first-last/length`.
fn total(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.parse().ok()
}

fn unsigned(length: Option<i64>) -> Result<u64, Error> {
    length
        .and_then(|length| u64::try_from(length).ok())
        .ok_or(Error::Malformed)
}

fn stored(
    size_bytes: u64,
    etag: Option<String>,
    modified: Option<String>,
    content_type: Option<String>,
    metadata: Option<HashMap<String, String>>,
) -> Result<Stored, Error> {
    let modified = modified.ok_or(Error::Malformed)?;
    Ok(Stored {
        size_bytes,
        etag: etag.ok_or(Error::Malformed)?,
        create_time: OffsetDateTime::parse(&modified, &Rfc2822).map_err(|_| Error::Malformed)?,
        attributes: metadata::read(content_type, metadata),
    })
}
