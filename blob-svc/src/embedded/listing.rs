//! Listing a bucket: one range scan of the index, however the keys are folded.

use super::index::{BUCKETS, OBJECTS, read, require_bucket};
use super::object::length;
use super::record::{Entry, timestamp};
use super::{Backend, Disk, Error};
use crate::sign::PATH;
use percent_encoding::utf8_percent_encode;
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListObjectsV2Input, ListObjectsV2Output, Object,
    ObjectStorageClass,
};
use s3s::{S3ErrorCode, S3Result};

const MAX_KEYS: i32 = 1_000;

/// What to scan for.
struct Scan {
    prefix: String,
    delimiter: Option<String>,
    /// The first key that may be found.
    from: Vec<u8>,
    limit: usize,
}

/// What a scan found, and from where the next one goes on.
#[derive(Default)]
struct Found {
    objects: Vec<(String, Entry)>,
    prefixes: Vec<String>,
    next: Option<Vec<u8>>,
}

impl Backend {
    pub(super) async fn list(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let max_keys = input.max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS);
        let scan = Scan {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input
                .delimiter
                .clone()
                .filter(|delimiter| !delimiter.is_empty()),
            from: first(
                input.continuation_token.as_deref(),
                input.start_after.as_deref(),
            )?,
            limit: max_keys.unsigned_abs() as usize,
        };
        let bucket = input.bucket.clone();
        let found = self.disk(move |disk| disk.scan(&bucket, scan)).await?;
        let url = input
            .encoding_type
            .as_ref()
            .is_some_and(|encoding| encoding.as_str() == EncodingType::URL);
        let spell = |text: String| {
            if url {
                utf8_percent_encode(&text, PATH).to_string()
            } else {
                text
            }
        };
        let objects: Vec<Object> = found
            .objects
            .into_iter()
            .map(|(key, entry)| object(spell(key), entry))
            .collect();
        let prefixes: Vec<CommonPrefix> = found
            .prefixes
            .into_iter()
            .map(|prefix| CommonPrefix {
                prefix: Some(spell(prefix)),
            })
            .collect();
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(spell(input.prefix.unwrap_or_default())),
            delimiter: input.delimiter.map(spell),
            start_after: input.start_after.map(spell),
            encoding_type: input.encoding_type,
            continuation_token: input.continuation_token,
            max_keys: Some(max_keys),
            key_count: i32::try_from(objects.len() + prefixes.len()).ok(),
            is_truncated: Some(found.next.is_some()),
            next_continuation_token: found.next.map(hex::encode),
            contents: Some(objects),
            common_prefixes: Some(prefixes),
            ..ListObjectsV2Output::default()
        })
    }
}

impl Disk {
    fn scan(&self, bucket: &str, scan: Scan) -> Result<Found, Error> {
        let view = self.index.view()?;
        require_bucket(&view.open_table(BUCKETS)?, bucket)?;
        let objects = view.open_table(OBJECTS)?;
        let mut found = Found::default();
        let mut from = scan.from.as_slice().max(scan.prefix.as_bytes()).to_vec();
        if scan.limit == 0 {
            return Ok(found);
        }
        // A folded prefix is stepped over as a whole: the scan begins anew behind it.
        'behind: loop {
            for object in objects.range((bucket, from.as_slice())..)? {
                let (place, entry) = object?;
                let (owner, key) = place.value();
                if owner != bucket || !key.starts_with(scan.prefix.as_bytes()) {
                    break 'behind;
                }
                if found.objects.len() + found.prefixes.len() == scan.limit {
                    found.next = Some(key.to_vec());
                    break 'behind;
                }
                let key = String::from_utf8_lossy(key).into_owned();
                if let Some(prefix) = scan.fold(&key) {
                    from = behind(prefix);
                    found.prefixes.push(prefix.to_owned());
                    continue 'behind;
                }
                found.objects.push((key, read(entry.value())?));
            }
            break;
        }
        Ok(found)
    }
}

impl Scan {
    /// The part of a key up to the first delimiter behind the prefix.
    fn fold<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.as_ref()?;
        let at = key[self.prefix.len()..].find(delimiter)?;
        Some(&key[..self.prefix.len() + at + delimiter.len()])
    }
}

/// The first key of a page. Tokens are the hexadecimal form of it.
fn first(token: Option<&str>, start_after: Option<&str>) -> S3Result<Vec<u8>> {
    match (token, start_after) {
        (Some(token), _) => hex::decode(token).map_err(|_| S3ErrorCode::InvalidArgument.into()),
        // No key lies between a key and itself with a zero byte behind.
        (None, Some(key)) => Ok([key.as_bytes(), &[0]].concat()),
        (None, None) => Ok(Vec::new()),
    }
}

/// The least byte string that is greater than all that begin with `prefix`. UTF-8 has no byte 0xFF.
fn behind(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    bytes
}

fn object(key: String, entry: Entry) -> Object {
    Object {
        key: Some(key),
        size: length(entry.content.size),
        e_tag: Some(ETag::Strong(entry.content.etag)),
        last_modified: Some(timestamp(entry.content.modified_ms)),
        storage_class: Some(ObjectStorageClass::from_static(
            ObjectStorageClass::STANDARD,
        )),
        ..Object::default()
    }
}
