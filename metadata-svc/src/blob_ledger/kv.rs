//! How the ledger is kept: an entry per key and row that names it; beside them the pending deletes and the reservations.

pub(crate) mod pending;
pub(crate) mod referenced;
pub(crate) mod reservation;

use std::collections::BTreeSet;

use contract::{key, metadata::v1::pending_delete::Target, protection::Protection, time::Time};
use redb::{ReadableTable, TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

use self::{
    pending::{TARGETS, is_used_up, pend},
    referenced::named_by,
    reservation::RESERVED,
};
use super::{PendingDelete, RESERVED_FOR};
use crate::{
    error::{Error, Result},
    store::kv::{Tables, Write},
};

/// (key, id of the row that names it)
const NAMED_KEYS: TableDefinition<(&str, Uuid), ()> = TableDefinition::new("named_keys");

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(NAMED_KEYS)?;
    pending::make_tables(txn)?;
    reservation::make_tables(txn)
}

/// Notes that rows name keys. A key that is used up is refused: its object would be lost to the row.
pub(crate) fn name<'a>(txn: &Write, rows: impl IntoIterator<Item = (&'a str, Uuid)>) -> Result<()> {
    let mut named = txn.table(NAMED_KEYS)?;
    let targets = txn.table(TARGETS)?;
    for (key, row) in rows {
        if is_used_up(&targets, key)? {
            return Err(Error::KeyUsedUp(key.to_owned()));
        }
        named.insert((key, row), ())?;
    }
    Ok(())
}

/// Notes that rows, which are gone or changed by now, name keys no more; gives back the keys that no row names now. What an
/// older build took for a key, and the store does not, is none.
pub(crate) fn release<'a>(
    txn: &Write,
    rows: impl IntoIterator<Item = (&'a str, Uuid)>,
) -> Result<Vec<String>> {
    let mut named = txn.table(NAMED_KEYS)?;
    let mut names = BTreeSet::new();
    for (name, row) in rows {
        // An image and a chat may have the same id, and the other of them name the key still.
        if named_by(txn, name, row)?.is_none() {
            named.remove((name, row))?;
        }
        names.insert(name);
    }
    let mut free = Vec::new();
    for name in names {
        if key::judge(name).is_ok() && !is_named(&named, name)? {
            free.push(name.to_owned());
        }
    }
    Ok(free)
}

/// Notes that a row, which is changed by now, names `new` instead of `old`. Links to `old` may have been handed out just now, so
/// it is reserved, and readers have time to come to their end.
pub(crate) fn name_instead(
    txn: &Write,
    row: Uuid,
    old: Option<&str>,
    new: Option<&str>,
) -> Result<()> {
    name(txn, new.map(|new| (new, row)))?;
    release(txn, old.map(|old| (old, row)))?;
    let Some(old) = old.filter(|old| Some(*old) != new && key::judge(old).is_ok()) else {
        return Ok(());
    };
    if !is_used_up(&txn.table(TARGETS)?, old)? {
        reservation::hold(txn, &[old], txn.now + RESERVED_FOR)?;
    }
    Ok(())
}

fn is_named(named: &impl ReadableTable<(&'static str, Uuid), ()>, key: &str) -> Result<bool> {
    let mut rows = named.range((key, Uuid::nil())..=(key, Uuid::max()))?;
    Ok(rows.next().transpose()?.is_some())
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

/// Of keys, those that no row names and, unless they are used up, no reservation holds.
pub(crate) fn unreferenced(
    txn: &impl Tables,
    mut keys: Vec<String>,
    now: Time,
) -> Result<Vec<String>> {
    let named = txn.table(NAMED_KEYS)?;
    let targets = txn.table(TARGETS)?;
    let reserved = txn.table(RESERVED)?;
    let mut held = BTreeSet::new();
    for key in &keys {
        let ends = reserved.get(key.as_str())?.map(|ends| ends.value());
        let is_reserved = ends.is_some_and(|ends| ends > now.micros());
        if is_named(&named, key)? || (is_reserved && !is_used_up(&targets, key)?) {
            held.insert(key.clone());
        }
    }
    keys.retain(|key| !held.contains(key));
    Ok(keys)
}

/// Records those of the keys for removal that no row names and no reservation holds.
pub(crate) fn pend_unreferenced(txn: &Write, mut keys: Vec<String>) -> Result<Vec<PendingDelete>> {
    if Protection::SecondLook.is_on() {
        keys = unreferenced(txn, keys, txn.now)?;
    }
    pend(txn, keys.into_iter().map(Target::Key))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::store::kv::Kv;

    #[tokio::test]
    async fn what_no_store_takes_for_a_key_is_let_go_and_not_to_be_removed() {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let store = Kv::open(folder.path()).expect("an empty store can be opened");
        let released = store.write(|txn| {
            let names = ["a", "a/", "", "/b", "ключ"].map(|name| (name, Uuid::nil()));
            name(txn, names)?;
            let free = release(txn, names)?;
            let left = txn.table(NAMED_KEYS)?.first()?.is_some();
            Ok((free, left))
        });
        let released = released.await.expect("the store can be written");
        assert_eq!(released, (vec!["a".to_owned()], false));
    }
}
