//! The embedded store: one redb file, its transactions, and word of what changed.
//!
//! A write has the file to itself, is on disk before it is answered, and runs to its end also when its caller is gone:
//! who waits for his turn can still be dropped without effect, who has it cannot. Reads see what is on disk, and neither
//! wait nor are waited for.

mod commit;

use std::{
    cell::RefCell,
    fs::{self, File},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, anyhow, bail};
use contract::{health::Dependency, time::Time};
use redb::{
    Builder, Database, DatabaseError, Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table,
    TableDefinition, Value, WriteTransaction,
};
use tokio::sync::broadcast;
use tracing::Instrument as _;
use uuid::Uuid;

use self::commit::Commits;
use crate::{
    attachment, blob_ledger, chat,
    error::{Error, Result},
    message, request_id, search,
    store::{Change, blocking},
    usage,
};

/// A protobuf record of ours, as the value of a table.
pub(crate) type Record = &'static [u8];

const FILE: &str = "metadata.redb";
/// The version of the tables' form; to be raised by whoever changes what is there already.
const FORMAT: u64 = 1;
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// What redb may keep of the file in memory; its own default is 1 GiB.
const CACHE_BYTES: usize = 64 << 20;

/// The embedded store; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Kv {
    commits: Arc<Commits>,
    /// Who is told when the disk fails.
    health: Option<Dependency>,
}

impl Kv {
    /// Opens the store in `folder`, and makes both when they are absent.
    ///
    /// # Errors
    /// When another process has it open, it is of another version, or the folder cannot be used.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let file = folder.join(FILE);
        let database = match Builder::new().set_cache_size(CACHE_BYTES).create(&file) {
            Ok(database) => database,
            Err(DatabaseError::DatabaseAlreadyOpen) => bail!(
                "{} is open in another process: give each metadata-svc a DATA_DIR of its own",
                file.display()
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("opening {}", file.display()));
            }
        };
        prepare(&database).with_context(|| format!("preparing {}", file.display()))?;
        sync_names(folder).with_context(|| format!("syncing {}", folder.display()))?;
        let commits = Commits::new(database).map_err(|error| anyhow!("{error:?}"))?;
        Ok(Self {
            commits: Arc::new(commits),
            health: None,
        })
    }

    /// Tells `health` that it is open, and when it fails.
    pub(crate) fn watched(mut self, health: Dependency) -> Self {
        health.ok();
        self.health = Some(health);
        self
    }

    /// Whether there is a store in `folder`.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    /// Reads with `query` what is on disk.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&ReadTransaction) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let durable = self.commits.durable();
        self.judged(blocking(move || query(&durable)).await)
    }

    /// Changes with `change` all or, when it fails, nothing; returns when it is on disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Write) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let span = tracing::info_span!("kv.write", otel.kind = "client", db.system.name = "redb");
        self.judged(self.commits.clone().write(change).instrument(span).await)
    }

    /// Once the disk has failed, redb takes nothing more until it is opened again: health stays as it is told here.
    fn judged<T>(&self, done: Result<T>) -> Result<T> {
        if let Err(Error::Store(redb::Error::Io(_) | redb::Error::PreviousIo)) = &done
            && let Some(health) = &self.health
        {
            health.failing("the disk has failed: mend it, then restart the service");
        }
        done
    }

    /// Hears of every change that is on disk from now on.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Change> {
        self.commits.changes().subscribe()
    }

    /// Tells those who wait for changes that none will come.
    pub(crate) fn stop(&self) {
        // Fails only when nobody listens.
        let _ = self.commits.changes().send(Change::Stop);
    }
}

/// Puts the names of the new file and its folder on disk: without them a power cut can lose a file that is itself on disk.
fn sync_names(folder: &Path) -> std::io::Result<()> {
    let folders = folder.ancestors().take(2);
    folders
        .filter(|folder| !folder.as_os_str().is_empty())
        .try_for_each(|folder| File::open(folder)?.sync_all())
}

/// Makes every table, so that a read finds it, and checks the version.
fn prepare(database: &Database) -> anyhow::Result<()> {
    let txn = database.begin_write()?;
    {
        let mut meta = txn.open_table(META)?;
        let format = meta.get("format")?.map(|format| format.value());
        match format {
            None => {
                meta.insert("format", FORMAT)?;
            }
            Some(FORMAT) => {}
            Some(other) => {
                bail!("it has format {other}, and this version of the service reads {FORMAT}")
            }
        }
    }
    chat::kv::make_tables(&txn)?;
    message::kv::make_tables(&txn)?;
    attachment::kv::make_tables(&txn)?;
    blob_ledger::kv::make_tables(&txn)?;
    search::kv::make_tables(&txn)?;
    usage::kv::make_tables(&txn)?;
    request_id::kv::make_tables(&txn)?;
    txn.commit()?;
    Ok(())
}

/// A write under way.
pub(crate) struct Write {
    txn: WriteTransaction,
    /// The time of everything that it writes.
    pub(crate) now: Time,
    changed: RefCell<Vec<Uuid>>,
}

impl Write {
    fn new(txn: WriteTransaction, now: Time) -> Self {
        Self {
            txn,
            now,
            changed: RefCell::default(),
        }
    }

    /// Commits; gives the chats whose watchers are to be woken.
    fn commit(self) -> Result<Vec<Uuid>> {
        self.txn.commit()?;
        Ok(self.changed.into_inner())
    }

    /// Wakes those who watch `chat`, once this is on disk.
    pub(crate) fn wake(&self, chat: Uuid) {
        self.changed.borrow_mut().push(chat);
    }
}

/// A transaction, to read tables from: of reads, and of writes, which see what they have written.
pub(crate) trait Tables {
    /// An open table.
    type Table<'t, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 't;

    /// Opens a table. A write has a table open once at a time.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<'_, K, V>>;
}

impl Tables for ReadTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<ReadOnlyTable<K, V>> {
        Ok(self.open_table(definition)?)
    }
}

impl Tables for Write {
    type Table<'t, K: Key + 'static, V: Value + 'static> = Table<'t, K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Table<'_, K, V>> {
        Ok(self.txn.open_table(definition)?)
    }
}

/// Reads an id out of a record.
pub(crate) fn decode_id(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|error| Error::Broken(format!("an id of the store: {error}")))
}

#[cfg(test)]
mod tests;
