//! The storages that metadata-svc has, and what it is told to use a fresh one.

use crate::Database;

/// What metadata-svc keeps everything in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Its embedded store.
    Kv,
    /// Postgres.
    Postgres,
    /// Postgres through `PgBouncer`, a transaction at a time.
    PgBouncer,
}

/// An empty storage of one's own. A database goes when this is dropped; the embedded store is in the service's own folder.
#[derive(Debug)]
pub struct Store {
    storage: Storage,
    database: Option<Database>,
}

impl Storage {
    /// Makes an empty one.
    ///
    /// # Panics
    /// As [`Database::migrated`].
    #[must_use]
    pub fn fresh(self) -> Store {
        Store {
            storage: self,
            database: (self != Self::Kv).then(Database::migrated),
        }
    }
}

impl Store {
    /// The database, where it is one.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// The settings by which metadata-svc uses it.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let Some(database) = &self.database else {
            return vec![("STORAGE_MODE", "kv".to_owned())];
        };
        let (url, pool_mode) = match self.storage {
            Storage::PgBouncer => (database.pooled_url(), "transaction"),
            Storage::Kv | Storage::Postgres => (database.url(), "session"),
        };
        vec![
            ("STORAGE_MODE", "sql".to_owned()),
            ("DATABASE_URL", url),
            ("DATABASE_POOL_MODE", pool_mode.to_owned()),
        ]
    }
}
