//! How usage is kept: one record per user and day, none for a day of which nothing is left.

use contract::time::Time;
use prost::Message;
use redb::{ReadableTable as _, TableDefinition, TableError, WriteTransaction};

use super::{Tally, Usage};
use crate::{
    error::Result,
    store::{
        decode,
        kv::{Record, Tables, Write},
    },
};

/// (user id, the day's beginning in micros)
const USAGE: TableDefinition<(&str, i64), Record> = TableDefinition::new("usage");

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(USAGE)?;
    Ok(())
}

/// Adds `tally` to what `user` keeps.
pub(crate) fn apply(txn: &Write, user: &str, tally: Tally) -> Result<()> {
    let mut table = txn.table(USAGE)?;
    for (day, change) in tally.0 {
        let key = (user, day.micros());
        let kept = table.get(key)?.map(|kept| decode(kept.value()));
        let mut usage: Usage = kept.transpose()?.unwrap_or_default();
        usage.add(change);
        if usage == Usage::default() {
            table.remove(key)?;
        } else {
            table.insert(key, usage.encode_to_vec().as_slice())?;
        }
    }
    Ok(())
}

/// What `user` keeps of the days from that of `start` to before that of `end`, the oldest first.
pub(crate) fn days(
    txn: &impl Tables,
    user: &str,
    start: Option<Time>,
    end: Option<Time>,
) -> Result<Vec<(Time, Usage)>> {
    let start = start.map_or(i64::MIN, |time| time.day_start().micros());
    let end = end.map_or(i64::MAX, |time| time.day_start().micros());
    if start >= end {
        return Ok(Vec::new());
    }
    let table = txn.table(USAGE)?;
    let mut days = Vec::new();
    for entry in table.range((user, start)..(user, end))? {
        let (key, kept) = entry?;
        days.push((Time::from_micros(key.value().1), decode(kept.value())?));
    }
    Ok(days)
}
