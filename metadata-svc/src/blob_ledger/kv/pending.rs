//! The pending deletes, found by id and by target. A target stays when its pending delete is struck out: it is used up.

use std::{ops::Bound, time::Duration};

use contract::{metadata::v1::pending_delete::Target, protection::Protection, time::Time};
use prost::Message;
use redb::{ReadTransaction, ReadableTable, TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

use crate::{
    blob_ledger::{PendingDelete, Tombstone, parts},
    error::{Error, Result},
    page::Page,
    store::{
        decode,
        kv::{Record, Tables, Write},
    },
};

/// By id: a UUIDv7 of ours, so the oldest first.
const PENDING: TableDefinition<Uuid, Record> = TableDefinition::new("pending_deletes");
/// (whether it is a prefix, the key or prefix) -> the id that it has or had
pub(super) const TARGETS: TableDefinition<(bool, &str), Uuid> =
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

pub(super) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(PENDING)?;
    txn.open_table(TARGETS)?;
    Ok(())
}

/// Whether a key, or a prefix of it, was recorded for removal.
pub(super) fn is_used_up(
    targets: &impl ReadableTable<(bool, &'static str), Uuid>,
    key: &str,
) -> Result<bool> {
    let mut prefixes = key.match_indices('/').map(|(at, _)| &key[..=at]);
    let is_covered = prefixes.try_fold(false, |found, prefix| {
        Ok::<_, Error>(found || targets.get((true, prefix))?.is_some())
    })?;
    Ok(is_covered || targets.get((false, key))?.is_some())
}

/// Records what is to be removed from the store. What is recorded and not yet removed keeps its record.
pub(crate) fn pend(
    txn: &Write,
    targets: impl IntoIterator<Item = Target>,
) -> Result<Vec<PendingDelete>> {
    let mut pending = txn.table(PENDING)?;
    let mut ids = txn.table(TARGETS)?;
    let mut recorded = Vec::new();
    for target in targets {
        let delete = PendingDelete::new(target, txn.now);
        if !Protection::Tombstone.is_on() {
            recorded.push(delete);
            continue;
        }
        let known = ids.get(parts(&delete.target))?.map(|id| id.value());
        if let Some(id) = known
            && let Some(record) = pending.get(id)?
        {
            recorded.push(read(id, record.value())?);
            continue;
        }
        let record = record(&delete).encode_to_vec();
        pending.insert(delete.id, record.as_slice())?;
        ids.insert(parts(&delete.target), delete.id)?;
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

/// Reads all that is to be removed, the oldest first, and then all that was.
pub(crate) fn all(
    txn: &ReadTransaction,
) -> Result<impl Iterator<Item = Result<Tombstone>> + use<>> {
    let pending = txn.table(PENDING)?;
    let to_remove = pending.range::<Uuid>(..)?.map(|entry| {
        let (id, record) = entry?;
        Ok(Tombstone {
            delete: read(id.value(), record.value())?,
            is_removed: false,
        })
    });
    let targets = txn.table(TARGETS)?.range::<(bool, &str)>(..)?;
    let removed = targets.filter_map(move |entry| {
        let removed = entry.map_err(Error::from).and_then(|(target, id)| {
            let (is_prefix, target) = target.value();
            let is_removed = pending.get(id.value())?.is_none();
            Ok(is_removed.then(|| removed(id.value(), (is_prefix, target.to_owned()))))
        });
        removed.transpose()
    });
    Ok(to_remove.chain(removed))
}

/// What is left of a target that was removed: its id tells when it was recorded, to the millisecond.
fn removed(id: Uuid, target: (bool, String)) -> Tombstone {
    let since = id.get_timestamp().map(|time| time.to_unix());
    let since = since.map(|(seconds, nanos)| Duration::new(seconds, nanos));
    Tombstone {
        delete: PendingDelete::of(id, target, Time::from_micros(0) + since.unwrap_or_default()),
        is_removed: true,
    }
}

/// Strikes out what was removed; tells how much of it was there.
pub(crate) fn ack(txn: &Write, ids: Vec<Uuid>) -> Result<i64> {
    let mut pending = txn.table(PENDING)?;
    let mut acked = 0;
    for id in ids {
        if pending.remove(id)?.is_some() {
            acked += 1;
        }
    }
    Ok(acked)
}

fn record(delete: &PendingDelete) -> PendingRecord {
    let (is_prefix, target) = parts(&delete.target);
    PendingRecord {
        target: target.to_owned(),
        is_prefix,
        create_micros: delete.create_time.micros(),
    }
}

fn read(id: Uuid, record: &[u8]) -> Result<PendingDelete> {
    let record: PendingRecord = decode(record)?;
    let target = (record.is_prefix, record.target);
    Ok(PendingDelete::of(
        id,
        target,
        Time::from_micros(record.create_micros),
    ))
}
