//! Transactions on Postgres. A change runs to its end also when its caller is gone, and again when it and another stood in each
//! other's way.

pub(crate) mod ends;
mod gate;

use std::{fmt, sync::Arc, time::Duration};

use contract::{call::time_left, time::Time};
use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;
use tracing::{Instrument as _, Span};

use self::gate::Gate;
use crate::{
    error::{Error, Result},
    postgres::{Connection, Loan, Pool, PoolError, Settings, sqlstate},
    store::joined,
    watch::Watched,
};

/// How often a change is tried. Two that lock in different orders fall out once; more than this is a storm.
const ATTEMPTS: u32 = 5;
/// The first pause before another attempt; it doubles, and up to all of it is left out by chance.
const PAUSE: Duration = Duration::from_millis(10);
/// How long before its deadline a call that waits for Postgres is told to come back: at most this, and at most a quarter of the
/// time that it has.
const MARGIN: Duration = Duration::from_millis(250);

/// The database; clones share its pool.
#[derive(Clone)]
pub(crate) struct Sql {
    pool: Pool,
    gate: Arc<Gate>,
    /// Told of messages that were appended and wait to be indexed.
    pub(crate) noted: Arc<Notify>,
    watched: Arc<Watched>,
}

impl Sql {
    /// The database of these settings. It connects in the background, and [`Sql::keep_watch`] lets calls through.
    pub(crate) fn of(settings: Settings) -> Self {
        Self {
            pool: Pool::new(settings),
            gate: Arc::default(),
            noted: Arc::default(),
            watched: Arc::default(),
        }
    }

    /// A database whose schema is known.
    #[cfg(test)]
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            gate: Arc::new(Gate::open()),
            noted: Arc::default(),
            watched: Arc::default(),
        }
    }

    /// The chats that are watched in this process.
    pub(crate) fn watched(&self) -> &Watched {
        &self.watched
    }

    /// Reads with `query`. Each statement sees what was committed before it.
    pub(crate) async fn read<T>(
        &self,
        query: impl for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T> {
        self.gate.pass()?;
        let query = async {
            let mut connection = self.pool.get().await?;
            connection.is_asked = true;
            let answer = query(&mut connection).await;
            connection.is_asked = false;
            answer
        };
        in_time(query.instrument(span("read"))).await
    }

    /// Changes with `change` all or, when it fails, nothing. It is told the time of what it writes.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl for<'c> Fn(&'c mut Connection, Time) -> BoxFuture<'c, Result<T>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T> {
        let sql = self.clone();
        // A task of its own: dropped in the middle, it would break its connection and leave open whether it was committed.
        let change = async move { sql.attempts(change).await };
        let change = tokio::spawn(change.instrument(span("write")));
        in_time(async { joined(change.await) }).await
    }

    async fn attempts<T: Send>(
        &self,
        change: impl for<'c> Fn(&'c mut Connection, Time) -> BoxFuture<'c, Result<T>> + Send + Sync,
    ) -> Result<T> {
        let mut attempts = Attempts::default();
        loop {
            let mut connection = self.connection().await?;
            let now = Time::now();
            ends::open(&mut connection).await?;
            let changed = change(&mut connection, now).await;
            let changed = ends::close(&mut connection, changed).await;
            drop(connection);
            match changed {
                Ok(changed) => return Ok(changed),
                Err(error) => attempts.again(error).await?,
            }
        }
    }

    /// Lends a connection, for who knows himself when his change ends and whether it is tried again.
    pub(crate) async fn connection(&self) -> Result<Loan<'_>> {
        self.gate.pass()?;
        Ok(self.pool.get().await?)
    }
}

/// The attempts of a change.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Waits for another attempt, when the last one failed only because of others at the same time.
    ///
    /// # Errors
    /// What it failed of else, or that there was the last attempt.
    pub(crate) async fn again(&mut self, error: Error) -> Result<()> {
        if !matches!(&error, Error::Database(error) if in_the_way(error)) {
            return Err(error);
        }
        if self.0 + 1 == ATTEMPTS {
            return Err(Error::Conflict);
        }
        tracing::debug!(attempt = self.0, "a change stood in another's way");
        tokio::time::sleep(pause(self.0)).await;
        self.0 += 1;
        Ok(())
    }
}

/// Waits for an answer of Postgres while there is time to tell the caller that there is none. What became of a change is
/// unknown then; the same request id tells.
pub(crate) async fn in_time<T, E: From<Error>>(
    answer: impl Future<Output = std::result::Result<T, E>>,
) -> std::result::Result<T, E> {
    let Some(left) = time_left() else {
        return answer.await;
    };
    let limit = left - MARGIN.min(left / 4);
    let answer = tokio::time::timeout(limit, answer).await;
    answer.unwrap_or_else(|_| Err(Error::Unreachable(PoolError::Silent).into()))
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql").finish_non_exhaustive()
    }
}

/// Time spent at the database.
fn span(operation: &'static str) -> Span {
    tracing::info_span!(
        "sql",
        otel.name = format!("sql.{operation}"),
        otel.kind = "client",
        db.system.name = "postgresql",
        db.operation.name = operation,
    )
}

/// Whether the transaction failed only because of others at the same time: serialization failure, deadlock, and an id that
/// another took after it was looked for.
fn in_the_way(error: &diesel::result::Error) -> bool {
    sqlstate(error).is_some_and(|state| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
        ]
        .contains(&state)
    })
}

fn pause(attempt: u32) -> Duration {
    // A UUIDv4 is as good a die as any, and is linked already.
    let chance = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    PAUSE.mul_f64(chance) * 2_u32.pow(attempt)
}

#[cfg(test)]
mod tests;
