//! How the ledger is kept: an entry per key and row that names it, and the pending deletes, found by id and by target.

use std::collections::BTreeSet;

use contract::{id::new_id, metadata::v1::pending_delete::Target, time::Time};
use prost::Message;
use redb::{ReadTransaction, ReadableTable as _, TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

use super::PendingDelete;
use crate::{
    error::{Error, Result},
    page::Page,
    store::{
        decode,
        kv::{Record, Tables, Write},
    },
};

/// (key, id of the row that names it)
const NAMED_KEYS: TableDefinition<(&str, Uuid), ()> = TableDefinition::new("named_keys");
/// By id: a UUIDv7 of ours, so the oldest first.
const PENDING: TableDefinition<Uuid, Record> = TableDefinition::new("pending_deletes");
/// (whether it is a prefix, the key or prefix) -> id
const PENDING_TARGETS: TableDefinition<(bool, &str), Uuid> =
    TableDefinition::new("pending_delete_targets");

#[derive(Clone, PartialEq, Message)]
struct PendingRecord {
    #[prost(string, tag = "1")]
    target: String,
    #[prost(bool, tag = "2")]
    is_prefix: bool,
    #[prost(int64, tag = "3")]
    create_micros: i64,
}

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(NAMED_KEYS)?;
    txn.open_table(PENDING)?;
    txn.open_table(PENDING_TARGETS)?;
    Ok(())
}

/// Notes that rows name keys. A key that is about to be removed is refused: its object would be lost to the row.
pub(crate) fn name<'a>(txn: &Write, rows: impl IntoIterator<Item = (&'a str, Uuid)>) -> Result<()> {
    let mut named = txn.table(NAMED_KEYS)?;
    let targets = txn.table(PENDING_TARGETS)?;
    for (key, row) in rows {
        let mut covers = key.match_indices('/').map(|(at, _)| (true, &key[..=at]));
        let covered = covers.try_fold(false, |found, prefix| {
            Ok::<_, Error>(found || targets.get(prefix)?.is_some())
        })?;
        if covered || targets.get((false, key))?.is_some() {
            return Err(Error::PendingDelete(key.to_owned()));
        }
        named.insert((key, row), ())?;
    }
    Ok(())
}

/// Notes that rows name keys no more; gives back the keys that no row names now.
pub(crate) fn release<'a>(
    txn: &Write,
    rows: impl IntoIterator<Item = (&'a str, Uuid)>,
) -> Result<Vec<String>> {
    let mut named = txn.table(NAMED_KEYS)?;
    let mut keys = BTreeSet::new();
    for (key, row) in rows {
        named.remove((key, row))?;
        keys.insert(key);
    }
    let mut free = Vec::new();
    for key in keys {
        let mut rows = named.range((key, Uuid::nil())..=(key, Uuid::max()))?;
        if rows.next().is_none() {
            free.push(key.to_owned());
        }
    }
    Ok(free)
}

/// Records what is to be removed of a deleted chat: `prefix`, its own, and those of the `free` keys that lie elsewhere.
/// Where a row of another chat names a key under the prefix, the free keys alone.
pub(crate) fn pend_chat(
    txn: &Write,
    prefix: String,
    mut free: Vec<String>,
) -> Result<Vec<PendingDelete>> {
    let is_named = {
        let named = txn.table(NAMED_KEYS)?;
        let next = named.range((prefix.as_str(), Uuid::nil())..)?.next();
        next.transpose()?
            .is_some_and(|(place, _)| place.value().0.starts_with(&prefix))
    };
    let mut targets = Vec::new();
    if !is_named {
        free.retain(|key| !key.starts_with(&prefix));
        targets.push(Target::Prefix(prefix));
    }
    targets.extend(free.into_iter().map(Target::Key));
    pend(txn, targets)
}

/// Records what is to be removed from the store.
pub(crate) fn pend(
    txn: &Write,
    targets: impl IntoIterator<Item = Target>,
) -> Result<Vec<PendingDelete>> {
    let mut pending = txn.table(PENDING)?;
    let mut ids = txn.table(PENDING_TARGETS)?;
    let mut recorded = Vec::new();
    for target in targets {
        let delete = PendingDelete {
            id: new_id(),
            target,
            create_time: txn.now,
        };
        let (is_prefix, target) = parts(&delete.target);
        let record = PendingRecord {
            target: target.to_owned(),
            is_prefix,
            create_micros: delete.create_time.micros(),
        };
        pending.insert(delete.id, record.encode_to_vec().as_slice())?;
        ids.insert((is_prefix, target), delete.id)?;
        recorded.push(delete);
    }
    Ok(recorded)
}

/// Reads a page of what is to be removed.
pub(crate) fn list(
    txn: &impl Tables,
    after: Option<Uuid>,
    size: usize,
) -> Result<Page<PendingDelete>> {
    use std::ops::Bound;

    let pending = txn.table(PENDING)?;
    let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
    let rows = pending
        .range::<Uuid>((begin, Bound::Unbounded))?
        .map(|entry| {
            let (id, record) = entry?;
            read(id.value(), record.value())
        });
    Page::fill(rows, size, |_| 0)
}

/// Reads all that is to be removed, the oldest first.
pub(crate) fn all(
    txn: &ReadTransaction,
) -> Result<impl Iterator<Item = Result<PendingDelete>> + use<>> {
    let pending = txn.table(PENDING)?.range::<Uuid>(..)?;
    Ok(pending.map(|entry| {
        let (id, record) = entry?;
        read(id.value(), record.value())
    }))
}

/// Strikes out what was removed; tells how much of it was there.
pub(crate) fn ack(txn: &Write, ids: Vec<Uuid>) -> Result<i64> {
    let mut pending = txn.table(PENDING)?;
    let mut targets = txn.table(PENDING_TARGETS)?;
    let mut acked = 0;
    for id in ids {
        let Some(record) = pending.remove(id)? else {
            continue;
        };
        let delete = read(id, record.value())?;
        targets.remove(parts(&delete.target))?;
        acked += 1;
    }
    Ok(acked)
}

fn parts(target: &Target) -> (bool, &str) {
    match target {
        Target::Key(key) => (false, key),
        Target::Prefix(prefix) => (true, prefix),
    }
}

fn read(id: Uuid, record: &[u8]) -> Result<PendingDelete> {
    let record: PendingRecord = decode(record)?;
    Ok(PendingDelete {
        id,
        target: if record.is_prefix {
            Target::Prefix(record.target)
        } else {
            Target::Key(record.target)
        },
        create_time: Time::from_micros(record.create_micros),
    })
}
