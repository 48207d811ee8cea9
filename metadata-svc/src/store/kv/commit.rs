//! Commits: how writes get to the disk, many with one wait for it.
//!
//! Writes take turns. One that has nobody behind it is committed to the disk at once. Otherwise it is committed in memory, and
//! the flush that follows makes everything before it durable together: it queues up like a write, behind those that already wait,
//! so it serves them too. Until a write is on disk nobody is answered, woken, or shown what it did: reads see the last state
//! that is on disk.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use contract::time::Time;
use metrics::{Unit, counter, describe_counter};
use redb::{Database, Durability, ReadTransaction, ReadableDatabase as _};
use tokio::sync::{Mutex, OwnedMutexGuard, broadcast, watch};
use tracing::Instrument as _;
use uuid::Uuid;

use super::Write;
use crate::{
    error::Result,
    store::{Change, blocking, joined},
};

const WRITES: &str = "kv_writes_total";
const FLUSHES: &str = "kv_flushes_total";
/// Changes that a slow watch may fall behind before it looks for itself.
const CHANGES: usize = 1_024;

/// The database with the order of its commits.
pub(super) struct Commits {
    /// The last state that is on disk. It stands before the database, which must be dropped after it.
    durable: watch::Sender<Arc<ReadTransaction>>,
    database: Database,
    turn: Arc<Mutex<Turn>>,
    /// How many wait for their turn.
    waiting: AtomicUsize,
    /// One flush at a time; who comes later may find his write on disk already.
    flush: Mutex<()>,
    /// The number of the last write that is on disk.
    flushed: AtomicU64,
    changes: broadcast::Sender<Change>,
}

/// What a write has while it is its turn.
#[derive(Default)]
struct Turn {
    /// The number of the last write that is committed.
    committed: u64,
    /// The chats to wake for once it is on disk.
    changed: Vec<Uuid>,
}

impl Commits {
    pub(super) fn new(database: Database) -> Result<Self> {
        describe_counter!(WRITES, Unit::Count, "Writes to the embedded store.");
        let help = "Waits for the disk, each of which makes one write or many durable.";
        describe_counter!(FLUSHES, Unit::Count, help);
        Ok(Self {
            durable: watch::Sender::new(Arc::new(database.begin_read()?)),
            database,
            turn: Arc::default(),
            waiting: AtomicUsize::default(),
            flush: Mutex::default(),
            flushed: AtomicU64::default(),
            changes: broadcast::Sender::new(CHANGES),
        })
    }

    /// The last state that is on disk.
    pub(super) fn durable(&self) -> Arc<ReadTransaction> {
        self.durable.borrow().clone()
    }

    /// Who sends and hears of changes.
    pub(super) fn changes(&self) -> &broadcast::Sender<Change> {
        &self.changes
    }

    /// Changes with `change` all or, when it fails, nothing; returns when it is on disk. Once it is its turn it runs to its end,
    /// also when its caller is gone.
    pub(super) async fn write<T: Send + 'static>(
        self: Arc<Self>,
        change: impl FnOnce(&Write) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = self.take_turn().await;
        let write = async move {
            let (value, number) = self.clone().commit(turn, change).await?;
            self.flush(number).await?;
            Ok(value)
        };
        joined(tokio::spawn(write.in_current_span()).await)
    }

    async fn take_turn(&self) -> OwnedMutexGuard<Turn> {
        let _place = Place::behind(&self.waiting);
        // Fair: in the order of the calls.
        self.turn.clone().lock_owned().await
    }

    async fn commit<T: Send + 'static>(
        self: Arc<Self>,
        mut turn: OwnedMutexGuard<Turn>,
        change: impl FnOnce(&Write) -> Result<T> + Send + 'static,
    ) -> Result<(T, u64)> {
        let commit = move || {
            let mut txn = self.database.begin_write()?;
            let is_last = self.waiting.load(SeqCst) == 0;
            if !is_last {
                txn.set_durability(Durability::None)?;
            }
            let write = Write::new(txn, Time::now());
            let value = change(&write)?;
            turn.changed.extend(write.commit()?);
            turn.committed += 1;
            counter!(WRITES).increment(1);
            if is_last {
                self.publish(&mut turn)?;
            }
            Ok((value, turn.committed))
        };
        blocking(commit).await
    }

    /// Returns when the write of this number is on disk.
    async fn flush(self: Arc<Self>, number: u64) -> Result<()> {
        let _one_at_a_time = self.flush.lock().await;
        if self.flushed.load(SeqCst) >= number {
            return Ok(());
        }
        let mut turn = self.turn.clone().lock_owned().await;
        let store = self.clone();
        let flush = move || {
            if store.flushed.load(SeqCst) < number {
                store.database.begin_write()?.commit()?;
                store.publish(&mut turn)?;
            }
            Ok(())
        };
        blocking(flush).await
    }

    /// Shows what is on disk now, and wakes those who wait for it.
    fn publish(&self, turn: &mut Turn) -> Result<()> {
        counter!(FLUSHES).increment(1);
        let durable = self.database.begin_read()?;
        self.durable.send_replace(Arc::new(durable));
        self.flushed.store(turn.committed, SeqCst);
        for chat in turn.changed.drain(..) {
            // Fails only when nobody listens.
            let _ = self.changes.send(Change::Chat(chat));
        }
        Ok(())
    }
}

impl fmt::Debug for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commits").finish_non_exhaustive()
    }
}

/// A place among those who wait, until it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn behind(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, SeqCst);
        Self(waiting)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
