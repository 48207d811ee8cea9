//! A database of a test's own. A server for each would take minutes: all tests of a process share one Postgres and one
//! `PgBouncer` in front of it, and each gets a copy of a database that the migrations have made.

use std::{
    process::Child,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    PgBouncer, Postgres,
    command::{metadata_svc, stdout},
    keeper::{Kept, keep},
};

/// What `PgBouncer` opens for each database, however many clients it has.
const SERVER_CONNECTIONS: u16 = 2;
/// What is copied.
const MIGRATED: &str = "migrated";

/// A database with the schema of this build and no row. It goes when this is dropped.
#[derive(Debug)]
pub struct Database {
    name: String,
}

impl Database {
    /// Makes one.
    ///
    /// # Panics
    /// When the servers cannot be started; `tests/install` installs them.
    #[must_use]
    pub fn migrated() -> Self {
        Self::make(&format!("template {MIGRATED}"))
    }

    /// Makes one without a schema.
    ///
    /// # Panics
    /// As [`Database::migrated`].
    #[must_use]
    pub fn empty() -> Self {
        Self::make("")
    }

    fn make(from: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = format!("create database {name} {from}");
        servers().postgres.psql("postgres", &made);
        Self { name }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        servers().postgres.url(&self.name)
    }

    /// Its URL through `PgBouncer`, which gives it two server connections and keeps nothing from one transaction to the next.
    #[must_use]
    pub fn pooled_url(&self) -> String {
        servers().pooler.url(&self.name)
    }

    /// The port of `PgBouncer`.
    #[must_use]
    pub fn pooled_port(&self) -> u16 {
        servers().pooler.port()
    }

    /// Runs SQL and gives what the server answers, as [`Postgres::ask`].
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use = "it is what the server answered"]
    pub fn ask(&self, sql: &str) -> String {
        servers().postgres.ask(&self.name, sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // By force: PgBouncer does not let go of it.
        let gone = format!("drop database {} with (force)", self.name);
        servers().postgres.psql("postgres", &gone);
    }
}

/// What all tests of this process share.
struct Servers {
    postgres: Postgres,
    pooler: PgBouncer,
    _keeper: Child,
}

fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let postgres = Postgres::start();
        let pooler = PgBouncer::start(&postgres, SERVER_CONNECTIONS);
        let keeper = keep(&[
            Kept {
                signal: "-KILL",
                pid: pooler.pid(),
                folder: pooler.folder(),
            },
            Kept {
                signal: "-QUIT",
                pid: postgres.pid(),
                folder: postgres.folder(),
            },
        ]);
        let url = postgres.database(MIGRATED);
        stdout(metadata_svc().env("DATABASE_URL", url).args(["db", "init"]));
        Servers {
            postgres,
            pooler,
            _keeper: keeper,
        }
    })
}
