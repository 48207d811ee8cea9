//! A batch: appends that are written in one transaction. What is wrong with one of them is its caller's alone: the batch is
//! written again without it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    mem::take,
};

use contract::{metadata::v1::AppendMessagesResponse, time::Time};
use diesel::result::DatabaseErrorKind::UniqueViolation;
use tonic::Status;

use super::{BATCH_BYTES, BATCH_ROWS, Item, entry::Entry};
use crate::{
    error::{Error, Result},
    txn::{Attempts, Sql},
};

/// Appends of ids that are all different, in the order they came; but those that may create their chat come first.
pub(super) struct Batch {
    pub(super) now: Time,
    pub(super) entries: Vec<Entry>,
    /// Whether one of them was found to be wrong, so that all are looked at before they are written.
    pub(super) careful: bool,
}

/// Why a batch is not written as it stands.
pub(super) enum Stop {
    /// The answers of some entries, by their places, are known: nothing of them is to be written.
    Settled(Vec<(usize, Result<AppendMessagesResponse>)>),
    /// Nothing was written.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Batch {
    /// Takes what one batch can hold; behind the first, only what shares no id with those before it.
    pub(super) fn of(waiting: &mut VecDeque<Item>) -> Self {
        let now = Time::now();
        let mut entries = Vec::with_capacity(waiting.len());
        let mut later = VecDeque::new();
        let (mut ids, mut rows, mut bytes) = (HashSet::new(), 0, 0);
        while let Some(item) = waiting.pop_front() {
            if item.answer.to.is_closed() {
                continue;
            }
            rows += item.rows();
            bytes += item.bytes;
            if !entries.is_empty() && (rows > BATCH_ROWS || bytes > BATCH_BYTES) {
                later.push_back(item);
                break;
            }
            if item.ids().any(|id| ids.contains(&id)) {
                later.push_back(item);
                continue;
            }
            ids.extend(item.ids());
            entries.push(Entry::of(item, now));
        }
        while let Some(item) = later.pop_back() {
            waiting.push_front(item);
        }
        entries.sort_by_key(|entry| entry.create.is_none());
        Self {
            now,
            entries,
            careful: false,
        }
    }

    /// Writes it, and answers all of it.
    ///
    /// # Errors
    /// What everybody is answered when the database cannot be reached.
    pub(super) async fn write(mut self, sql: &Sql) -> std::result::Result<(), Status> {
        let mut attempts = Attempts::default();
        while !self.entries.is_empty() {
            match self.attempt(sql).await {
                Ok(answers) => {
                    sql.noted.notify_one();
                    self.answer(answers);
                    return Ok(());
                }
                // An answer that is kept, and an id that is taken, go before whatever else is in the way.
                Err(Stop::Settled(_)) if !self.careful => self.careful = true,
                Err(Stop::Settled(settled)) => self.settle(settled),
                Err(Stop::Failed(error)) if !self.careful && is_taken(&error) => {
                    self.careful = true;
                }
                Err(Stop::Failed(error)) => {
                    if let Err(error) = attempts.again(error).await {
                        return self.fail(sql, error).await;
                    }
                }
            }
        }
        Ok(())
    }

    fn answer(self, answers: Vec<Result<AppendMessagesResponse>>) {
        for (entry, answer) in self.entries.into_iter().zip(answers) {
            entry.answer.send(answer.map_err(Into::into));
        }
    }

    /// Answers some entries, and goes on without them.
    fn settle(&mut self, settled: Vec<(usize, Result<AppendMessagesResponse>)>) {
        let mut settled: HashMap<_, _> = settled.into_iter().collect();
        let entries = take(&mut self.entries).into_iter().enumerate();
        for (place, entry) in entries {
            match settled.remove(&place) {
                Some(answer) => entry.answer.send(answer.map_err(Into::into)),
                None => self.entries.push(entry),
            }
        }
    }

    /// Answers all that it failed; but where it may be the fault of one, each is tried alone.
    async fn fail(self, sql: &Sql, error: Error) -> std::result::Result<(), Status> {
        let is_away = error.is_away();
        if self.entries.len() > 1 && !is_away && !matches!(error, Error::Conflict) {
            for entry in self.entries {
                let alone = Self {
                    now: self.now,
                    entries: vec![entry],
                    careful: true,
                };
                Box::pin(alone.write(sql)).await?;
            }
            return Ok(());
        }
        let status = Status::from(error);
        for entry in self.entries {
            entry.answer.send(Err(status.clone()));
        }
        if is_away { Err(status) } else { Ok(()) }
    }
}

/// Whether an id that is to be new was not.
fn is_taken(error: &Error) -> bool {
    use diesel::result::Error::DatabaseError;
    matches!(
        error,
        Error::IdTaken(..) | Error::Database(DatabaseError(UniqueViolation, _))
    )
}
