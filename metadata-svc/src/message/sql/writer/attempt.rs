//! An attempt at a batch: the transaction that writes it.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use contract::{id::Uuid, metadata::v1::AppendMessagesResponse};
use diesel_async::{AnsiTransactionManager, TransactionManager as _};
use futures::join;
use tokio::time::timeout;

use super::{
    batch::{Batch, Stop},
    check::check,
    entry::Entry,
};
use crate::{
    error::{Error, Result},
    image,
    message::sql::append::{Growth, Row, append},
    postgres::{Connection, PoolError},
    request_id, search_result,
    txn::{Sql, ends},
};

/// What an attempt may take: a server that is slower than that does not serve.
const LIMIT: Duration = Duration::from_secs(10);

/// The answers of a batch, each in its entry's place.
type Answers = Vec<Result<AppendMessagesResponse>>;

impl Batch {
    /// Writes it, if nothing is wrong with any entry.
    pub(super) async fn attempt(&self, sql: &Sql) -> std::result::Result<Answers, Stop> {
        let mut connection = sql.connection().await?;
        let written = timeout(LIMIT, self.run(&mut connection)).await;
        written.unwrap_or_else(|_| {
            // It is not known what it is doing: never to be lent again.
            AnsiTransactionManager::transaction_manager_status_mut(&mut *connection).set_in_error();
            Err(Error::Unreachable(PoolError::Silent).into())
        })
    }

    async fn run(&self, connection: &mut Connection) -> std::result::Result<Answers, Stop> {
        if self.careful || !self.entries.iter().all(Entry::is_plain) {
            ends::open(connection).await?;
            let written = self.write_all(connection).await;
            return ends::close(connection, written).await;
        }
        Ok(if self.entries.iter().any(has_request_id) {
            self.write_messages(connection).await?
        } else {
            // A statement alone is a transaction.
            self.append(connection, &HashSet::new()).await?
        })
    }

    /// Writes messages, of which nothing needs to be known before, and keeps their answers: two round trips.
    async fn write_messages(
        &self,
        connection: &mut Connection,
    ) -> std::result::Result<Answers, Stop> {
        ends::mark_begin(connection)?;
        let created = HashSet::new();
        let (begun, answers) = join!(ends::begin(connection), self.append(connection, &created));
        let answers = match begun.and(answers) {
            Ok(answers) => answers,
            Err(error) => {
                ends::roll_back(connection).await?;
                return Err(error.into());
            }
        };
        let mut asked = self.entries.iter().zip(&answers);
        if asked.any(|(entry, answer)| answer.is_err() && has_request_id(entry)) {
            // It may have been answered before its chat went: to be looked for.
            ends::roll_back(connection).await?;
            return Err(Stop::Settled(Vec::new()));
        }
        let (kept, committed) = join!(self.keep(connection, &answers), ends::commit(connection));
        ends::mark_end(connection)?;
        kept.and(committed)?;
        Ok(answers)
    }

    async fn write_all(&self, connection: &mut Connection) -> std::result::Result<Answers, Stop> {
        let created = check(connection, self, self.careful).await?;
        let answers = self.append(connection, &created).await?;
        let turns = || self.entries.iter().flat_map(|entry| &entry.turns);
        let images: Vec<_> = turns().flat_map(|turn| &turn.images).collect();
        let results: Vec<_> = turns().flat_map(|turn| &turn.search_results).collect();
        let (images, results, kept) = {
            let connection = &*connection;
            join!(
                image::sql::insert(connection, &images, self.now),
                search_result::sql::insert(connection, &results, self.now),
                self.keep(connection, &answers),
            )
        };
        // In the order they were sent: after the first that fails, Postgres refuses the others.
        images?;
        results?;
        kept?;
        Ok(answers)
    }

    /// Keeps the answers of those who gave a request id.
    async fn keep(
        &self,
        connection: &Connection,
        answers: &[Result<AppendMessagesResponse>],
    ) -> Result<()> {
        let calls = self.entries.iter().map(|entry| &entry.call);
        let answered = calls
            .zip(answers)
            .filter_map(|(call, answer)| Some((call, answer.as_ref().ok()?)));
        request_id::sql::keep_all(connection, answered, self.now).await
    }

    /// Appends the messages, to chats of which some were just `created`, and makes the answers.
    async fn append(&self, connection: &Connection, created: &HashSet<Uuid>) -> Result<Answers> {
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
}

fn has_request_id(entry: &Entry) -> bool {
    entry.call.request_id().is_some()
}
