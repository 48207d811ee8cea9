//! Listing: a page at a time, in the order of the store.

use super::call::retried;
use super::{Error, Store};
use percent_encoding::percent_decode_str;
use rusoto_s3::{ListObjectsV2Request, Object, S3};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Keys that hold this behind the prefix are folded.
    pub delimiter: Option<String>,
    /// Only keys behind this one.
    pub start_after: Option<String>,
    /// The `next` of the page before.
    pub continuation: Option<String>,
    /// At most this many objects and prefixes, 1 to 1,000.
    pub limit: u16,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The objects, by key.
    pub objects: Vec<Listed>,
    /// What was folded, each ending in the delimiter.
    pub prefixes: Vec<String>,
    /// For the next page; none on the last.
    pub next: Option<String>,
}

/// An object as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key, which may be none of ours: anybody may store objects in a bucket.
    pub key: String,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// The store's entity tag, with its quotes.
    pub etag: String,
    /// When it was stored.
    pub create_time: OffsetDateTime,
}

impl Store {
    /// Reads one page of a listing.
    pub async fn list(&self, listing: &Listing) -> Result<Page, Error> {
        let request = || {
            self.plain.list_objects_v2(ListObjectsV2Request {
                bucket: self.bucket.clone(),
                prefix: Some(listing.prefix.clone()),
                delimiter: listing.delimiter.clone(),
                start_after: listing.start_after.clone(),
                continuation_token: listing.continuation.clone(),
                max_keys: Some(i64::from(listing.limit)),
                // A key may hold characters that XML cannot.
                encoding_type: Some("url".to_owned()),
                ..ListObjectsV2Request::default()
            })
        };
        let answer = retried("s3.ListObjectsV2", request).await?;
        // An empty answer would read as an empty bucket, which a sweep would act on.
        if answer.name.as_ref() != Some(&self.bucket) {
            return Err(Error::Malformed);
        }
        let next = answer
            .next_continuation_token
            .filter(|_| answer.is_truncated == Some(true));
        if next.is_none() && answer.is_truncated == Some(true) {
            return Err(Error::Malformed);
        }
        let encoded = answer.encoding_type.as_deref() == Some("url");
        let objects = answer
            .contents
            .unwrap_or_default()
            .into_iter()
            .map(|object| listed(object, encoded));
        let prefixes = answer.common_prefixes.unwrap_or_default().into_iter();
        let prefixes =
            prefixes.map(|folded| decoded(folded.prefix.ok_or(Error::Malformed)?, encoded));
        Ok(Page {
            objects: objects.collect::<Result<_, _>>()?,
            prefixes: prefixes.collect::<Result<_, _>>()?,
            next,
        })
    }
}

fn listed(object: Object, encoded: bool) -> Result<Listed, Error> {
    let modified = object.last_modified.ok_or(Error::Malformed)?;
    Ok(Listed {
        key: decoded(object.key.ok_or(Error::Malformed)?, encoded)?,
        size_bytes: object
            .size
            .and_then(|size| u64::try_from(size).ok())
            .ok_or(Error::Malformed)?,
        etag: object.e_tag.ok_or(Error::Malformed)?,
        create_time: OffsetDateTime::parse(&modified, &Rfc3339).map_err(|_| Error::Malformed)?,
    })
}

/// `encoding-type=url` is form encoding: a space may come as `+`.
pub(super) fn decoded(text: String, encoded: bool) -> Result<String, Error> {
    if !encoded {
        return Ok(text);
    }
    let spaced = text.replace('+', " ");
    Ok(percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| Error::Malformed)?
        .into_owned())
}
