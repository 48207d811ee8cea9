//! A batch: appends that are written in one transaction. What is wrong with one of them is its caller's alone: the batch is
//! written again without it.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    mem::take,
    time::Duration,
};

use contract::{id::Uuid, metadata::v1::AppendMessagesResponse, time::Time};
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel_async::{AnsiTransactionManager, AsyncConnection as _, TransactionManager as _};
use tokio::time::timeout;
use tonic::Status;

use super::{BATCH_BYTES, BATCH_ROWS, Item, check::check, entry::Entry};
use crate::{
    error::{Error, Result},
    image,
    message::sql::append::{Growth, Row, append},
    postgres::{Connection, PoolError},
    request_id, search_result,
    txn::{Attempts, Sql},
};

/// What a batch may take: a server that is slower than that does not serve.
const LIMIT: Duration = Duration::from_secs(10);

/// Appends of ids that are all different, in the order they came; but those that may create their chat come first.
pub(super) struct Batch {
    pub(super) now: Time,
    pub(super) entries: Vec<Entry>,
    /// Whether one of them was found to be wrong, so that all are looked at before they are written.
    careful: bool,
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

    async fn attempt(
        &self,
        sql: &Sql,
    ) -> std::result::Result<Vec<Result<AppendMessagesResponse>>, Stop> {
        let mut connection = sql.connection().await?;
        let written = timeout(LIMIT, self.run(&mut connection)).await;
        written.unwrap_or_else(|_| {
            // It is not known what it is doing: never to be lent again.
            AnsiTransactionManager::transaction_manager_status_mut(&mut *connection).set_in_error();
            Err(Error::Unreachable(PoolError::Silent).into())
        })
    }

    async fn run(
        &self,
        connection: &mut Connection,
    ) -> std::result::Result<Vec<Result<AppendMessagesResponse>>, Stop> {
        if !self.careful
            && self
                .entries
                .iter()
                .all(|e| e.is_plain() && e.call.request_id().is_none())
        {
            // A statement alone is a transaction, and saves two round trips.
            return Ok(self.append(connection, &HashSet::new()).await?);
        }
        connection
            .transaction(async |connection| self.write_all(connection).await)
            .await
    }

    async fn write_all(
        &self,
        connection: &mut Connection,
    ) -> std::result::Result<Vec<Result<AppendMessagesResponse>>, Stop> {
        let mut created = HashSet::new();
        if self.careful || !self.entries.iter().all(Entry::is_plain) {
            created = check(connection, self, self.careful).await?;
        }
        let answers = self.append(connection, &created).await?;
        let mut asked = self.entries.iter().zip(&answers);
        if !self.careful && asked.any(|(e, a)| a.is_err() && e.call.request_id().is_some()) {
            return Err(Stop::Settled(Vec::new()));
        }
        let turns = || self.entries.iter().flat_map(|entry| &entry.turns);
        let images: Vec<_> = turns().flat_map(|turn| &turn.images).collect();
        image::sql::insert(connection, &images, self.now).await?;
        let results: Vec<_> = turns().flat_map(|turn| &turn.search_results).collect();
        search_result::sql::insert(connection, &results, self.now).await?;
        let calls = self.entries.iter().map(|entry| &entry.call);
        let answered = calls
            .zip(&answers)
            .filter_map(|(call, answer)| Some((call, answer.as_ref().ok()?)));
        request_id::sql::keep_all(connection, answered, self.now).await?;
        Ok(answers)
    }

    /// Appends the messages, to chats of which some were just `created`, and makes the answers.
    async fn append(
        &self,
        connection: &mut Connection,
        created: &HashSet<Uuid>,
    ) -> Result<Vec<Result<AppendMessagesResponse>>> {
        let mut growth: BTreeMap<Uuid, Growth> = BTreeMap::new();
        let mut firsts = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let chat = growth.entry(entry.chat_id).or_insert_with(|| {
                let document = entry.create.as_ref();
                let document = document.filter(|new| created.contains(&new.id));
                document.map(Growth::of_new).unwrap_or_default()
            });
            firsts.push(chat.messages);
            chat.add(&entry.turns);
        }
        let rows = self.rows(&growth, &firsts);
        let chats = append(connection, &growth, &rows, self.now).await?;
        let places = self.entries.iter().zip(firsts);
        Ok(places
            .map(|(entry, first)| {
                let (Some(chat), Some(growth)) =
                    (chats.get(&entry.chat_id), growth.get(&entry.chat_id))
                else {
                    return Err(Error::no_chat(entry.chat_id));
                };
                let before = chat.last_seq - growth.messages + first;
                let is_created = first == 0 && created.contains(&entry.chat_id);
                Ok(entry.answered(chat, before, is_created))
            })
            .collect())
    }

    fn rows(&self, growth: &BTreeMap<Uuid, Growth>, firsts: &[i64]) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for (entry, first) in self.entries.iter().zip(firsts) {
            let all = growth.get(&entry.chat_id).map_or(0, |chat| chat.messages);
            let turns = entry.turns.iter().zip(&entry.contents);
            rows.extend(turns.zip(first + 1..).map(|((turn, content), place)| Row {
                message: &turn.message,
                content,
                behind: all - place,
            }));
        }
        rows
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
