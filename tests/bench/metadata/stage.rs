//! What is measured on: one Postgres for both sides, seeded, and the service in front of it.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use bytes::Bytes;
use tests::{
    PgBouncer, Postgres, Service,
    command::{metadata_svc, stdout},
};
use tokio::time::sleep;

use super::{load::Calls, seed::seed};
use crate::process::Watched;

pub(crate) const DATABASE: &str = "bench";
/// As many as the service's own pool holds, so that it is the mode that is compared and not the number.
const BOUNCER_CONNECTIONS: u16 = 16;
/// How long words may take to be indexed; far above what they are meant to.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// A seeded server.
pub(crate) struct Stage {
    pub(crate) server: Postgres,
    runs: Cell<u32>,
}

/// How the service's connections are pooled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// Direct.
    Session,
    /// Direct, with nothing kept from one transaction to the next.
    Transaction,
    /// The same, through Debian's PgBouncer in transaction mode.
    Pooler,
}

/// A service on the stage.
pub(crate) struct Served {
    pub(crate) service: Service,
    pub(crate) watched: Watched,
    _bouncer: Option<PgBouncer>,
}

impl Served {
    /// Calls of the method at `path`, by as many callers, each with the requests that [`Calls`] says.
    pub(crate) fn calls(
        &self,
        path: &'static str,
        requests: &Rc<[Bytes]>,
        callers: usize,
    ) -> Calls {
        Calls {
            address: self.service.address(),
            path,
            requests: requests.clone(),
            answers: 1,
            callers,
            watched: self.watched,
        }
    }
}

impl Stage {
    /// Starts a server with `messages` messages in it.
    pub(crate) fn set(messages: u64) -> anyhow::Result<Self> {
        let server = Postgres::start_durable();
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = server.ask("postgres", &format!("show {setting}"));
            ensure!(
                value == "on",
                "{setting} is {value}: this would measure nothing"
            );
        }
        let url = server.database(DATABASE);
        let mut init = metadata_svc();
        stdout(init.args(["db", "init"]).env("DATABASE_URL", &url));
        seed(&server, messages);
        Ok(Self {
            server,
            runs: Cell::new(0),
        })
    }

    /// Starts the service.
    pub(crate) async fn serve(&self, mode: Mode) -> Served {
        let (url, bouncer) = match mode {
            Mode::Session | Mode::Transaction => (self.server.url(DATABASE), None),
            Mode::Pooler => {
                let bouncer = PgBouncer::start(&self.server, BOUNCER_CONNECTIONS);
                (bouncer.url(DATABASE), Some(bouncer))
            }
        };
        let pool_mode = match mode {
            Mode::Session => "session",
            Mode::Transaction | Mode::Pooler => "transaction",
        };
        let settings = [
            ("STORAGE_MODE", "sql".to_owned()),
            ("DATABASE_URL", url),
            ("DATABASE_POOL_MODE", pool_mode.to_owned()),
            // What it logs when nothing is set.
            ("LOG_LEVEL", "info".to_owned()),
        ];
        let service = Service::start("metadata-svc", &settings).await;
        Served {
            watched: Watched {
                client: std::process::id(),
                service: Some(service.pid()),
                bouncer: bouncer.as_ref().map(PgBouncer::pid),
                store: self.server.pid(),
            },
            service,
            _bouncer: bouncer,
        }
    }

    /// The server: its version, and the settings that figures depend on.
    pub(crate) fn told(&self) -> String {
        let ask = |sql: &str| self.server.ask("postgres", sql);
        let settings = [
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "shared_buffers",
            "max_connections",
        ];
        let settings = settings.map(|name| format!("{name}={}", ask(&format!("show {name}"))));
        format!(
            "Postgres {}, {}",
            ask("show server_version"),
            settings.join(", ")
        )
    }

    /// A number for the next run, that no other has.
    pub(crate) fn next_run(&self) -> u32 {
        self.runs.replace(self.runs.get() + 1)
    }

    /// Waits until the words of what was appended are indexed, so that nobody pays for it but who appended. Tells how long.
    pub(crate) async fn settle(&self) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        let waiting = || {
            self.server
                .ask(DATABASE, "select count(*) from unindexed_messages")
        };
        while waiting() != "0" {
            let waited = begin.elapsed();
            ensure!(
                waited < SETTLE_LIMIT,
                "{} messages are not indexed after {waited:?}",
                waiting()
            );
            sleep(ASK_EVERY).await;
        }
        Ok(begin.elapsed())
    }
}
