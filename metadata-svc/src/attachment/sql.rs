//! What images and search results have in common in Postgres: what is checked when they come, and how those of many messages
//! are read at once.

use std::{collections::HashSet, pin::pin};

use contract::page::MAX_SIZE;
use diesel::{QueryResult, QueryableByName, sql_types::Uuid as SqlUuid};
use futures::{Stream, StreamExt as _};
use uuid::Uuid;

use super::Attachment;
use crate::error::{Error, Result};

/// As many rows as `of_turns.sql` asks for; of the last one's message it gives more.
const ROWS: usize = 1_000;

/// Checks that a message has room for `new` rows beside those that it has.
pub(crate) fn demand_room(message: Uuid, has: i64, new: usize) -> Result<()> {
    if usize::try_from(has).unwrap_or_default() + new > MAX_SIZE {
        let subject = format!("message {message}");
        return Err(Error::OverLimit(subject, "has at most 1,000 of each kind"));
    }
    Ok(())
}

/// An id that was free.
#[derive(QueryableByName)]
pub(crate) struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Checks that all ids were free.
pub(crate) fn demand_all(
    noun: &'static str,
    ids: &[Uuid],
    inserted: QueryResult<Vec<Inserted>>,
) -> Result<()> {
    let inserted = inserted?;
    if inserted.len() == ids.len() {
        return Ok(());
    }
    let inserted: HashSet<_> = inserted.into_iter().map(|row| row.id).collect();
    match ids.iter().find(|id| !inserted.contains(id)) {
        Some(taken) => Err(Error::IdTaken(noun, *taken)),
        None => Ok(()),
    }
}

/// A row as a read of many messages gives it.
pub(crate) struct Placed<T> {
    /// The seq of its message.
    pub(crate) seq: i64,
    /// Its place among those of its message.
    pub(crate) number: i64,
    /// The row.
    pub(crate) row: T,
}

/// The attachments of consecutive messages.
pub(crate) struct Attached<T> {
    /// In order of their messages.
    rows: std::iter::Peekable<std::vec::IntoIter<Placed<T>>>,
    /// Up to the message of this seq, all attachments are here.
    pub(crate) through: i64,
}

impl<T: Attachment> Attached<T> {
    /// Takes rows of whole messages, in order of those, up to about `bytes`.
    pub(crate) async fn gather(
        rows: impl Stream<Item = QueryResult<impl Into<Placed<T>>>>,
        bytes: usize,
    ) -> Result<Self> {
        let mut rows = pin!(rows);
        let mut weight = 0;
        let mut gathered: Vec<Placed<T>> = Vec::new();
        let mut through = i64::MAX;
        while let Some(row) = rows.next().await {
            let placed: Placed<T> = row?.into();
            let last = gathered.last().map_or(placed.seq, |last| last.seq);
            if weight > bytes && placed.seq > last {
                through = last;
                break;
            }
            weight += placed.row.weight();
            gathered.push(placed);
        }
        if through == i64::MAX && gathered.len() >= ROWS {
            through = gathered.last().map_or(through, |last| last.seq);
        }
        Ok(Self {
            rows: gathered.into_iter().peekable(),
            through,
        })
    }

    /// Those of the message of this seq, in the order they came. To be asked in order; those of messages that are passed over
    /// are let go.
    pub(crate) fn of(&mut self, seq: i64) -> Vec<T> {
        while self.rows.next_if(|placed| placed.seq < seq).is_some() {}
        let mut own: Vec<_> =
            std::iter::from_fn(|| self.rows.next_if(|placed| placed.seq == seq)).collect();
        own.sort_unstable_by_key(|placed| placed.number);
        own.into_iter().map(|placed| placed.row).collect()
    }
}
