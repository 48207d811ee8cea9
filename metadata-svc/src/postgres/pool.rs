//! The pool: a few connections, made when they are wanted, handed out while they live.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bb8::{ErrorSink, ManageConnection, PooledConnection, RunError};
use diesel_async::{AnsiTransactionManager, TransactionManager as _};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use super::{
    Settings,
    connection::{ConnectError, Connection},
};

/// Connections at most. Postgres works best with two to four busy ones per core; three processes of ours on a small server
/// (100 connections, 3 of them reserved) leave most of it to others.
const MAX: u32 = 16;
/// Kept when nobody asks: the next caller after a pause does not wait for TLS and authentication.
const MIN_IDLE: u32 = 2;
/// What a caller waits for a connection before it is told to come back: less than callers' deadlines usually are, and enough
/// for one to be made.
const WAIT: Duration = Duration::from_secs(2);
/// Under the 350 s after which cloud load balancers drop silent connections without a word.
const IDLE: Duration = Duration::from_secs(300);
/// A server connection's memory grows with what it has seen, and a failover moves names to other servers.
const LIFETIME: Duration = Duration::from_secs(1_800);

const CONNECTIONS: &str = "db_pool_connections";
const PENDING: &str = "db_pool_pending_calls";
const TIMEOUTS: &str = "db_pool_timeouts_total";
const FAILURES: &str = "db_pool_failures_total";

/// The pool; clones share it.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: bb8::Pool<Manager>,
    failures: Arc<AtomicU64>,
}

/// A connection on loan.
pub(crate) type Loan<'a> = PooledConnection<'a, Manager>;

impl Pool {
    /// A pool that connects in the background, so that a service starts, and says what is wrong, without its database.
    pub(crate) fn new(settings: Settings) -> Self {
        describe();
        let failures = Arc::new(AtomicU64::new(0));
        let sink = Failures {
            count: failures.clone(),
            place: settings.place().into(),
        };
        let connections = bb8::Pool::builder()
            .max_size(MAX)
            .min_idle(MIN_IDLE)
            .connection_timeout(WAIT)
            .idle_timeout(IDLE)
            .max_lifetime(LIFETIME)
            // A look at what is known already, see `is_valid`.
            .test_on_check_out(true)
            .error_sink(Box::new(sink))
            .build_unchecked(Manager { settings });
        Self {
            connections,
            failures,
        }
    }

    /// Lends a connection.
    ///
    /// # Errors
    /// When none is free, and none can be made, in time.
    pub(crate) async fn get(&self) -> Result<Loan<'_>, PoolError> {
        self.connections.get().await.map_err(|error| match error {
            RunError::User(error) => PoolError::Connect(error),
            RunError::TimedOut => PoolError::Busy,
        })
    }

    /// Measures how the pool stands now.
    pub(crate) fn measure(&self) {
        let state = self.connections.state();
        let used = state.connections.saturating_sub(state.idle_connections);
        gauge!(CONNECTIONS, "state" => "idle").set(state.idle_connections);
        gauge!(CONNECTIONS, "state" => "used").set(used);
        let calls = state.statistics;
        // The numbers are read one after another: calls that end meanwhile may make more of them than had begun.
        let pending = calls.get_started.saturating_sub(calls.completed_gets());
        gauge!(PENDING).set(pending as f64);
        counter!(TIMEOUTS).absolute(calls.get_timed_out);
        counter!(FAILURES).absolute(self.failures());
    }

    /// How often connecting failed, or a pooled connection was found dead, since the start.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

fn describe() {
    let help = "Connections to Postgres: idle, or used by calls.";
    describe_gauge!(CONNECTIONS, Unit::Count, help);
    let help = "Calls that wait for a connection to Postgres.";
    describe_gauge!(PENDING, Unit::Count, help);
    let help = "Calls that were given no connection to Postgres in time.";
    describe_counter!(TIMEOUTS, Unit::Count, help);
    let help = "Connections to Postgres that could not be made, or were found dead.";
    describe_counter!(FAILURES, Unit::Count, help);
}

/// Why no connection is lent. All mean that the caller may come back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    /// All are in use, or none can be made.
    #[error("no connection to Postgres came free in time")]
    Busy,
    /// None can be made.
    #[error("Postgres: {0}")]
    Connect(ConnectError),
    /// The server does not answer.
    #[error("Postgres does not answer")]
    Silent,
}

/// Makes connections, and tells dead ones.
pub(crate) struct Manager {
    settings: Settings,
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = ConnectError;

    async fn connect(&self) -> Result<Connection, ConnectError> {
        Connection::open(&self.settings).await
    }

    /// No ping: it would double the time of a short query, and say nothing of the moment after it. A server that went away
    /// closes its connections, and that is known here; one that went silent is found out by `tcp_user_timeout`.
    async fn is_valid(&self, connection: &mut Connection) -> Result<(), ConnectError> {
        if connection.is_closed() {
            Err(ConnectError::Closed)
        } else {
            Ok(())
        }
    }

    /// One that was dropped within a transaction must not be lent again.
    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_closed() || AnsiTransactionManager::is_broken_transaction_manager(connection)
    }
}

/// Counts failures, and logs them.
#[derive(Clone, Debug)]
struct Failures {
    count: Arc<AtomicU64>,
    place: Arc<str>,
}

impl ErrorSink<ConnectError> for Failures {
    fn sink(&self, error: ConnectError) {
        self.count.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(place = %self.place, %error, "no connection to Postgres");
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<ConnectError>> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
