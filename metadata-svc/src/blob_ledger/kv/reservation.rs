//! The reservations: when each ends, found by key and by time.

use contract::time::Time;
use redb::{ReadableTable as _, TableDefinition, TableError, WriteTransaction};

use super::pending::{TARGETS, is_used_up};
use crate::{
    error::{Error, Result},
    store::kv::{Tables as _, Write},
};

/// key -> micros
pub(super) const RESERVED: TableDefinition<&str, i64> = TableDefinition::new("reserved_keys");
/// (micros, key), to forget the oldest first.
const BY_TIME: TableDefinition<(i64, &str), ()> = TableDefinition::new("reserved_keys_by_time");
/// How many ended reservations are forgotten when some are added, beside as many as are added.
const FORGOTTEN_AT_ONCE: usize = 16;

pub(super) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(RESERVED)?;
    txn.open_table(BY_TIME)?;
    Ok(())
}

/// Reserves keys until `ends`, or until later where they are so already; tells until when all of them are.
pub(crate) fn reserve(txn: &Write, keys: &[String], ends: Time) -> Result<Time> {
    let targets = txn.table(TARGETS)?;
    for key in keys {
        if is_used_up(&targets, key)? {
            return Err(Error::KeyUsedUp(key.clone()));
        }
    }
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    hold(txn, &keys, ends)
}

/// Like [`reserve`], of keys that are known not to be used up.
pub(super) fn hold(txn: &Write, keys: &[&str], ends: Time) -> Result<Time> {
    forget(txn, keys.len() + FORGOTTEN_AT_ONCE)?;
    let mut reserved = txn.table(RESERVED)?;
    let mut by_time = txn.table(BY_TIME)?;
    let mut first = i64::MAX;
    for &key in keys {
        let before = reserved.get(key)?.map(|ends| ends.value());
        let until = before.unwrap_or(i64::MIN).max(ends.micros());
        first = first.min(until);
        if before == Some(until) {
            continue;
        }
        if let Some(before) = before {
            by_time.remove((before, key))?;
        }
        reserved.insert(key, until)?;
        by_time.insert((until, key), ())?;
    }
    Ok(Time::from_micros(first))
}

/// Forgets some of the reservations that have ended.
fn forget(txn: &Write, at_most: usize) -> Result<()> {
    let mut reserved = txn.table(RESERVED)?;
    let mut by_time = txn.table(BY_TIME)?;
    let mut old = Vec::new();
    for entry in by_time.range(..(txn.now.micros(), ""))?.take(at_most) {
        let (place, _) = entry?;
        let (micros, key) = place.value();
        old.push((micros, key.to_owned()));
    }
    for (micros, key) in old {
        by_time.remove((micros, key.as_str()))?;
        reserved.remove(key.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use redb::ReadableTableMetadata as _;
    use tempfile::TempDir;

    use super::*;
    use crate::store::kv::Kv;

    #[tokio::test]
    async fn reservations_that_have_ended_are_forgotten_some_at_a_time() {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let store = Kv::open(folder.path()).expect("an empty store can be opened");
        let left = store.write(|txn| {
            let old: Vec<_> = (0..40).map(|number| number.to_string()).collect();
            reserve(txn, &old, Time::from_micros(1))?;
            let mut left = Vec::new();
            for _ in 0..4 {
                reserve(txn, &["new".to_owned()], txn.now + Duration::from_secs(60))?;
                left.push((txn.table(RESERVED)?.len()?, txn.table(BY_TIME)?.len()?));
            }
            Ok(left)
        });
        let left = left.await.expect("the store can be written");
        assert_eq!(left, [(24, 24), (7, 7), (1, 1), (1, 1)]);
    }
}
