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
    let places = places(txn, range)?;
    let images = IMAGES.find_all(txn, places.iter().map(|(_, row)| *row))?;
    let keys = places.into_iter().zip(images).map(|((key, row), image)| {
        let image = image.map(|image| image.given.blob);
        let blob = match image.filter(|blob| blob.key == key) {
            Some(blob) => blob,
            None => document(txn, &key, row)?
                .ok_or_else(|| Error::Broken(format!("no row {row} names its key")))?,
        };
        Ok(ReferencedKey {
            key,
            size_bytes: blob.size_bytes,
            sha256: blob.sha256,
        })
    });
    keys.collect()
}

/// The first keys of `range`, each with the id of the first row that names it.
fn places(txn: &impl Tables, range: &Range) -> Result<Vec<(String, Uuid)>> {
    let named = txn.table(NAMED_KEYS)?;
    let mut begin = if range.prefix > range.after {
        Bound::Included((range.prefix.clone(), Uuid::nil()))
    } else {
        Bound::Excluded((range.after.clone(), Uuid::max()))
    };
    let mut places = Vec::new();
    while places.len() < MAX_SIZE {
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
        // Behind all rows of this key, however many there are.
        begin = Bound::Excluded((key.to_owned(), Uuid::max()));
        places.push((key.to_owned(), row));
    }
    Ok(places)
}

/// What the image of this id says of `key`, or the chat of this id, where one of them names it.
pub(super) fn named_by(txn: &impl Tables, key: &str, row: Uuid) -> Result<Option<BlobRef>> {
    let image = IMAGES.find(txn, row)?.map(|image| image.given.blob);
    match image.filter(|blob| blob.key == key) {
        Some(blob) => Ok(Some(blob)),
        None => document(txn, key, row),
    }
}

fn document(txn: &impl Tables, key: &str, chat: Uuid) -> Result<Option<BlobRef>> {
    let document = chat::kv::find(txn, chat)?.and_then(|chat| chat.document);
    Ok(document.filter(|blob| blob.key == key))
}
