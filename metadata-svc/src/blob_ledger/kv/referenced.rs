//! The keys that rows name, in byte order, with what their rows say of them.

use std::ops::Bound;

use contract::{blob::v1::BlobRef, metadata::v1::ReferencedKey, page::MAX_SIZE};
use redb::ReadableTable as _;
use uuid::Uuid;

use super::NAMED_KEYS;
use crate::{
    attachment::kv::IMAGES,
    blob_ledger::referenced::Range,
    chat,
    error::{Error, Result},
    store::kv::Tables,
};

/// Reads the first keys of `range`, each with what the first row says that names it.
pub(crate) fn page(txn: &impl Tables, range: &Range) -> Result<Vec<ReferencedKey>> {
    let named = txn.table(NAMED_KEYS)?;
    let mut begin = if range.prefix > range.after {
        Bound::Included((range.prefix.clone(), Uuid::nil()))
    } else {
        Bound::Excluded((range.after.clone(), Uuid::max()))
    };
    let mut keys = Vec::new();
    while keys.len() < MAX_SIZE {
        let place = begin.as_ref().map(|(key, row)| (key.as_str(), *row));
        let next = named
            .range::<(&str, Uuid)>((place, Bound::Unbounded))?
            .next();
        let Some((place, _)) = next.transpose()? else {
            break;
        };
        let (key, row) = place.value();
        if !key.starts_with(&range.prefix) {
            break;
        }
        let blob = named_by(txn, key, row)?;
        let blob = blob.ok_or_else(|| Error::Broken(format!("no row {row} names its key")))?;
        // Behind all rows of this key, however many there are.
        begin = Bound::Excluded((key.to_owned(), Uuid::max()));
        keys.push(ReferencedKey {
            key: blob.key,
            size_bytes: blob.size_bytes,
            sha256: blob.sha256,
        });
    }
    Ok(keys)
}

/// What the image of this id says of `key`, or the chat of this id, where one of them names it.
pub(super) fn named_by(txn: &impl Tables, key: &str, row: Uuid) -> Result<Option<BlobRef>> {
    let image = IMAGES.find(txn, row)?.map(|image| image.given.blob);
    if let Some(blob) = image.filter(|blob| blob.key == key) {
        return Ok(Some(blob));
    }
    let document = chat::kv::find(txn, row)?.and_then(|chat| chat.document);
    Ok(document.filter(|blob| blob.key == key))
}
