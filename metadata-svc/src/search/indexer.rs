//! The indexer: writes the words of messages in the background, so that who appends does not wait for them.
//!
//! A note and the words that it becomes change places in one transaction, and what one indexer has under way others pass over:
//! any number of them work side by side, and whatever dies at any moment, no message is lost and none is indexed twice.

mod batch;

use std::time::{Duration, Instant};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Double},
};
use diesel_async::RunQueryDsl as _;
use futures::FutureExt as _;
use metrics::{Unit, describe_gauge, gauge};
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};

use self::batch::{Batch, ROWS};
use crate::{
    error::{Error, Result},
    postgres::sqlstate,
    txn::Sql,
};

/// How often it looks without being woken: for what other processes have appended, and after a failure.
const LOOK: Duration = Duration::from_secs(1);
/// What it waits for more once it is woken. A transaction for each message would cost the appends more than their own.
const GATHER: Duration = Duration::from_millis(100);
const LAG: &str = "search_lag_seconds";
const UNINDEXED: &str = "search_unindexed_messages";

/// An indexer.
pub(crate) struct Indexer {
    sql: Sql,
    /// So many notes at the front are taken one by one, because a batch of them could not be indexed.
    one_by_one: usize,
}

impl Indexer {
    /// One that appends of its own process wake.
    pub(crate) fn new(sql: Sql) -> Self {
        Self { sql, one_by_one: 0 }
    }

    /// Indexes what is appended, for as long as the service lives. It can be dropped at any moment.
    pub(crate) async fn run(mut self) {
        describe();
        let mut works = false;
        let mut told = None;
        loop {
            // No spans: nobody waits for these, and there would be two a second.
            let worked = self.work(&mut told).with_subscriber(NoSubscriber::new());
            let worked = worked.await;
            match &worked {
                Ok(_) if !works => tracing::info!("messages are indexed"),
                Err(error) if works => tracing::warn!(?error, "messages wait to be indexed"),
                Ok(_) | Err(_) => {}
            }
            works = worked.is_ok();
            match worked {
                Err(_) => sleep(LOOK).await,
                Ok(is_last) => {
                    if is_last && timeout(LOOK, self.sql.noted.notified()).await.is_ok() {
                        sleep(GATHER).await;
                    }
                }
            }
        }
    }

    /// Takes a step, and measures the lag when that is due; tells whether nothing is left to do.
    async fn work(&mut self, told: &mut Option<Instant>) -> Result<bool> {
        let is_last = self.step().await?.is_last;
        if is_last || told.is_none_or(|told| told.elapsed() >= LOOK) {
            let waiting = waiting(&self.sql).await?;
            gauge!(LAG).set(waiting.seconds);
            #[expect(clippy::cast_precision_loss, reason = "it is counted up to 10,000")]
            gauge!(UNINDEXED).set(waiting.notes as f64);
            *told = Some(Instant::now());
        }
        Ok(is_last)
    }

    /// Indexes what waits and is not in others' hands; tells how many messages that were, and `told` after each step.
    pub(crate) async fn index_all(mut self, told: impl Fn(usize)) -> Result<usize> {
        let mut done = 0;
        loop {
            let step = self.step().await?;
            done += step.taken;
            told(done);
            if step.is_last {
                return Ok(done);
            }
        }
    }

    /// One small transaction. Where a batch cannot be indexed, because of one of its messages, they are taken one by one.
    async fn step(&mut self) -> Result<Batch> {
        if self.one_by_one == 0 {
            match batch::index(&self.sql).await {
                Err(Error::Database(error)) if is_of_a_message(&error) => self.one_by_one = ROWS,
                indexed => return indexed,
            }
        }
        let step = batch::index_front(&self.sql).await?;
        self.one_by_one = self.one_by_one.saturating_sub(step.taken.max(1));
        Ok(step)
    }
}

fn describe() {
    let help = "How long the oldest message that is not searchable yet has waited.";
    describe_gauge!(LAG, Unit::Seconds, help);
    let help = "Messages that are not searchable yet; counted up to 10,000.";
    describe_gauge!(UNINDEXED, Unit::Count, help);
}

/// What waits to be indexed.
#[derive(QueryableByName)]
pub(crate) struct Waiting {
    /// How many messages; counted up to 10,000.
    #[diesel(sql_type = BigInt)]
    pub(crate) notes: i64,
    /// How long the oldest of them has waited; 0 when there is none.
    #[diesel(sql_type = Double)]
    pub(crate) seconds: f64,
}

/// Looks at what waits to be indexed.
pub(crate) async fn waiting(sql: &Sql) -> Result<Waiting> {
    sql.read(|connection| {
        async move {
            let waiting = sql_query(include_str!("indexer/waiting.sql"));
            Ok(waiting.get_result(connection).await?)
        }
        .boxed()
    })
    .await
}

/// Notes every message anew, to be indexed again; tells how many.
pub(crate) async fn note_all(sql: &Sql) -> Result<usize> {
    sql.write(|connection, _| {
        async move {
            let noted = sql_query(include_str!("indexer/note_all.sql"));
            Ok(noted.execute(connection).await?)
        }
        .boxed()
    })
    .await
}

/// Whether the cause may be a message and not the database: SQLSTATE classes 22 (data), 54 (a limit of the program, as that of a
/// tsvector), XX (damaged rows), and what took too long.
fn is_of_a_message(error: &diesel::result::Error) -> bool {
    let of_class = |state: &SqlState| {
        let classes = ["22", "54", "XX"];
        classes.iter().any(|class| state.code().starts_with(class))
    };
    took_too_long(error) || sqlstate(error).is_some_and(|state| of_class(&state))
}

fn took_too_long(error: &diesel::result::Error) -> bool {
    sqlstate(error) == Some(SqlState::QUERY_CANCELED)
}

#[cfg(test)]
mod tests;
