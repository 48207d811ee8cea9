//! The pool: a few connections, made when they are wanted, handed out while they live.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bb8::{ErrorSink, ManageConnection, PooledConnection, QueueStrategy, RunError};
use diesel_async::{AnsiTransactionManager, TransactionManager as _};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use tokio::{
    select,
    sync::{Semaphore, SemaphorePermit, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

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
/// The pause behind an attempt to connect that failed: short, so that a server that comes back is served again at once, and long
/// enough that thousands of callers who come back cost it a few attempts a second.
const PAUSE: Duration = Duration::from_millis(250);
/// For how long an attempt that failed speaks for the next one, which is under way by then: no longer than who was told of it is
/// told to stay away (`RETRY_AFTER`), so that he finds the server that is back.
const NEWS: Duration = PAUSE.saturating_mul(2);
/// How often who waits for a connection looks whether there is one left to wait for, once the server is known to be away.
const LOOK_EVERY: Duration = Duration::from_millis(20);
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
    /// As many as connections, given in the order that callers came: in bb8 alone who comes last may be served first, and under
    /// load some wait for seconds while others go round and round.
    places: Arc<Semaphore>,
    failures: Arc<AtomicU64>,
    /// Callers who wait.
    waiting: Arc<AtomicU64>,
    /// When the last attempt to connect failed, where it did.
    away: watch::Receiver<Option<Instant>>,
}

/// A connection on loan.
pub(crate) struct Loan<'a> {
    connection: PooledConnection<'a, Manager>,
    /// Given back behind the connection, so that whoever gets it next finds that.
    _place: Option<SemaphorePermit<'a>>,
}

impl Deref for Loan<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Loan<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Pool {
    /// A pool that connects in the background, so that a service starts, and says what is wrong, without its database.
    pub(crate) fn new(settings: Settings) -> Self {
        describe();
        let failures = Arc::new(AtomicU64::new(0));
        let sink = Failures {
            count: failures.clone(),
            place: settings.place().into(),
        };
        let (attempts, away) = watch::channel(None);
        let connections = bb8::Pool::builder()
            .max_size(MAX)
            .min_idle(MIN_IDLE)
            // The one that came back last: the server has its tables and statements at hand, and those too many grow old.
            .queue_strategy(QueueStrategy::Lifo)
            .connection_timeout(WAIT)
            .idle_timeout(IDLE)
            .max_lifetime(LIFETIME)
            // A look at what is known already, see `is_valid`.
            .test_on_check_out(true)
            // The next caller asks for the next attempt: who waits is told how the last one went.
            .retry_connection(false)
            .error_sink(Box::new(sink))
            .build_unchecked(Manager { settings, attempts });
        Self {
            connections,
            places: Arc::new(Semaphore::new(MAX as usize)),
            failures,
            waiting: Arc::default(),
            away,
        }
    }

    /// Lends a connection, in the order that callers came. Nobody waits for a server that is known to be away.
    ///
    /// # Errors
    /// When none is free, and none can be made, in time.
    pub(crate) async fn get(&self) -> Result<Loan<'_>, PoolError> {
        let _waiting = Waiting::of(&self.waiting);
        let lent = select! {
            // A free one is lent before anybody asks how the last attempt went; and asking for one begins the next attempt.
            biased;
            lent = timeout(WAIT, self.lend()) => lent.unwrap_or(Err(PoolError::Busy)),
            () = self.hopeless() => Err(PoolError::Away),
        };
        if lent.is_err() {
            counter!(TIMEOUTS).increment(1);
        }
        lent
    }

    async fn lend(&self) -> Result<Loan<'_>, PoolError> {
        // Nobody closes it.
        let _place = self.places.acquire().await.ok();
        let connection = self.connections.get().await;
        let connection = connection.map_err(|error| match error {
            RunError::User(error) => PoolError::Connect(error),
            RunError::TimedOut => PoolError::Busy,
        })?;
        Ok(Loan { connection, _place })
    }

    /// Resolves when there is nothing to wait for: the last attempt failed, and nobody has a connection to give back.
    async fn hopeless(&self) {
        let mut away = self.away.clone();
        loop {
            let failed = *away.borrow_and_update();
            if failed.is_none_or(|failed| failed.elapsed() > NEWS) {
                // Its sender lives in the pool.
                let _ = away.changed().await;
            } else if self.connections.state().connections > 0 {
                sleep(LOOK_EVERY).await;
            } else {
                return;
            }
        }
    }

    /// Measures how the pool stands now.
    pub(crate) fn measure(&self) {
        let state = self.connections.state();
        let used = state.connections.saturating_sub(state.idle_connections);
        gauge!(CONNECTIONS, "state" => "idle").set(state.idle_connections);
        gauge!(CONNECTIONS, "state" => "used").set(used);
        gauge!(PENDING).set(self.waiting.load(Ordering::Relaxed) as f64);
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
    /// The last attempt to make one failed; its cause was logged.
    #[error("Postgres is not reached")]
    Away,
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
    /// Told of each attempt when it failed, or that it did not.
    attempts: watch::Sender<Option<Instant>>,
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = ConnectError;

    async fn connect(&self) -> Result<Connection, ConnectError> {
        let failed = *self.attempts.borrow();
        if let Some(failed) = failed {
            sleep_until(failed + PAUSE).await;
        }
        let opened = Connection::open(&self.settings).await;
        let failed = opened.is_err().then(Instant::now);
        self.attempts.send_replace(failed);
        opened
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

    /// One that was dropped within a transaction must not be lent again. Nor one that was dropped within a query: the next
    /// query would wait for that one's answer, and a server that answers nobody would be sent more and more.
    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_closed()
            || connection.is_asked
            || AnsiTransactionManager::is_broken_transaction_manager(connection)
    }
}

/// A caller who waits.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn of(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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
