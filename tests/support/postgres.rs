//! A private Postgres: a server of its own on a free port and in a folder of its own, with a superuser, passwords demanded,
//! and TLS by a private CA where a test wants it. It never touches the machine's own cluster, and ends with its test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    command::{run, stdout},
    free_address,
    private_ca::PrivateCa,
    process::{children, is_alive},
    unprivileged::{folder, own, unprivileged},
};

/// The superuser; obviously made up.
pub const USER: &str = "chatstore";
/// Its password, full of what URLs and shells stumble over.
pub const PASSWORD: &str = "not@a:real/pass%word#!?";

/// How long it may take to answer; far above what it takes.
const START_LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// No fsync: what a killed process wrote the system still has.
const QUICK: &[&str] = &["fsync=off", "max_connections=200"];
/// What is answered is on the disk. Checkpoints are as far apart as they can be, so that none falls into one measurement of
/// two that are compared.
const DURABLE: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "max_connections=400",
    "shared_buffers=1GB",
    "max_wal_size=16GB",
    "checkpoint_timeout=1h",
];

/// A running server. It ends, and its folder goes, when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    folder: TempDir,
    port: u16,
    tls: Option<PrivateCa>,
    settings: &'static [&'static str],
}

impl Postgres {
    /// Starts an empty server without TLS.
    ///
    /// # Panics
    /// When it cannot be started; `tests/install` installs it.
    #[must_use]
    pub fn start() -> Self {
        Self::start_in(folder(), None, QUICK)
    }

    /// Starts an empty server without TLS that is as durable as one in use, to measure on.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    #[must_use]
    pub fn start_durable() -> Self {
        Self::start_in(folder(), None, DURABLE)
    }

    /// Starts an empty server with TLS, by a certificate for `localhost` from a CA of its own.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    #[must_use]
    pub fn start_with_tls() -> Self {
        let folder = folder();
        let ca = PrivateCa::make(folder.path());
        own(&ca.server_key());
        own(&ca.server_certificate());
        Self::start_in(folder, Some(ca), QUICK)
    }

    fn start_in(
        folder: TempDir,
        tls: Option<PrivateCa>,
        settings: &'static [&'static str],
    ) -> Self {
        init(folder.path());
        let port = free_address().port();
        let mut server = Self {
            child: spawn(folder.path(), port, tls.as_ref(), settings),
            folder,
            port,
            tls,
            settings,
        };
        server.wait_until_ready();
        server
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its first process, the parent of all others.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The CA of its certificate.
    ///
    /// # Panics
    /// When it was started without TLS.
    #[must_use]
    pub fn ca(&self) -> &PrivateCa {
        self.tls.as_ref().expect("it was started with TLS")
    }

    /// Makes the database `name`, and gives its URL.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        self.psql("postgres", &format!("create database {name}"));
        self.url(name)
    }

    /// The URL of the database `name`, its password as raw as people write it.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        url(self.port, name)
    }

    /// Runs SQL on `database` and gives what it answers, one line per row, columns divided by `|`.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use = "it is what the server answered"]
    pub fn ask(&self, database: &str, sql: &str) -> String {
        let mut psql = self.client("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        stdout(psql.args(["-d", database, "-c", sql]))
            .trim_end()
            .to_owned()
    }

    /// Runs SQL on `database`.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn psql(&self, database: &str, sql: &str) {
        let _ = self.ask(database, sql);
    }

    /// The schema of `database` as `pg_dump` tells it, without what differs from run to run.
    ///
    /// # Panics
    /// When it cannot be told.
    #[must_use]
    pub fn schema(&self, database: &str) -> String {
        self.told(&["--schema-only", "--no-owner", "-d", database])
    }

    fn told(&self, arguments: &[&str]) -> String {
        let dump = stdout(self.client("pg_dump").args(arguments));
        // Since its security release of August 2025 pg_dump guards its output by a random word.
        let lines = dump
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// All rows of `database` as `pg_dump` tells them, without what differs from run to run.
    ///
    /// # Panics
    /// When they cannot be told.
    #[must_use]
    pub fn dump(&self, database: &str) -> String {
        self.told(&["--data-only", "-d", database])
    }

    /// Stops the server as a crash would: it gets no chance to finish anything.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn stop(&mut self) {
        // SIGQUIT: immediate shutdown; its children end too, which they would not at once after a SIGKILL.
        let pid = self.child.id().to_string();
        run(Command::new("kill").args(["-QUIT", &pid]));
        // A frozen one would not hear it.
        self.thaw();
        self.child.wait().expect("an own child can be waited for");
    }

    /// Ends the server and all its processes at once, as `kill -9` and the death of a machine's processes do.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn kill_9(&mut self) {
        // Stopped, it starts no more of them.
        let server = self.child.id().to_string();
        stdout(Command::new("kill").args(["-STOP", &server]));
        let children = children(&server);
        // One that has ended by itself is no failure.
        run(Command::new("kill")
            .args(["-KILL", &server])
            .args(&children));
        self.child.wait().expect("an own child can be waited for");
        // The next server takes no data folder that one of them still holds.
        let deadline = Instant::now() + START_LIMIT;
        while children.iter().any(|child| is_alive(child)) {
            assert!(Instant::now() < deadline, "Postgres' processes do not end");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// As [`Postgres::restart`], but does not wait.
    pub fn relaunch(&mut self) {
        self.child = spawn(
            self.folder.path(),
            self.port,
            self.tls.as_ref(),
            self.settings,
        );
    }

    /// Starts the stopped server again, on the same port and data.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn restart(&mut self) {
        self.relaunch();
        self.wait_until_ready();
    }

    /// What the server has logged.
    ///
    /// # Panics
    /// When that cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("the server has a log")
    }

    /// Stops all its processes in the middle of whatever they do: connections are accepted, by the system, and nothing is
    /// answered.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets the frozen server go on.
    ///
    /// # Panics
    /// As [`Postgres::freeze`].
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Sends a signal to the server, so that it starts no more processes, and then to each process of it.
    fn signal(&self, signal: &str) {
        let server = self.child.id().to_string();
        stdout(Command::new("kill").args([signal, &server]));
        // One that has ended by itself is no failure.
        run(Command::new("kill").arg(signal).args(children(&server)));
    }

    /// Postgres' own program `name`, psql for one, pointed at it.
    #[must_use]
    pub fn client(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command
            .env_clear()
            .env("PGPASSWORD", PASSWORD)
            .stdin(Stdio::null());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER]);
        command
    }

    /// Waits until it answers.
    ///
    /// # Panics
    /// When it ends, or does not answer within a minute.
    pub fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_LIMIT;
        while !run(self.client("pg_isready").args(["-q"])).status.success() {
            let ended = self.child.try_wait().expect("an own child can be asked");
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(ended.is_none(), "Postgres ended with {ended:?}:\n{log}");
            assert!(
                Instant::now() < deadline,
                "Postgres does not answer:\n{log}"
            );
            thread::sleep(ASK_EVERY);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// The URL of a database behind `port`, its password as raw as people write it.
pub(crate) fn url(port: u16, database: &str) -> String {
    format!("postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
}

/// The newest installed Postgres' program `name`; Debian keeps them out of PATH.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let version = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/postgres").is_file())
        .max_by_key(|path| version(path));
    newest.map_or_else(|| PathBuf::from(name), |path| path.join("bin").join(name))
}

fn init(folder: &Path) {
    let password = folder.join("password");
    fs::write(&password, PASSWORD).expect("a file can be written");
    own(&password);
    let mut initdb = unprivileged(program("initdb"), folder);
    initdb.args([
        "-D",
        "data",
        "-U",
        USER,
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-A",
        "scram-sha-256",
        "--pwfile=password",
        "--no-sync",
    ]);
    let status = initdb.status().expect("`tests/install` installs Postgres");
    assert!(
        status.success(),
        "initdb failed: {}",
        fs::read_to_string(folder.join("log")).unwrap_or_default()
    );
}

fn spawn(folder: &Path, port: u16, tls: Option<&PrivateCa>, settings: &[&str]) -> Child {
    let mut server = unprivileged(program("postgres"), folder);
    let port = format!("port={port}");
    let own = [
        "listen_addresses=127.0.0.1",
        &port,
        "unix_socket_directories=",
        "log_min_messages=warning",
    ];
    for setting in own.iter().chain(settings) {
        server.args(["-c", setting]);
    }
    if let Some(ca) = tls {
        server.args(["-c", "ssl=on"]);
        server.args([
            "-c",
            &format!("ssl_cert_file={}", ca.server_certificate().display()),
        ]);
        server.args(["-c", &format!("ssl_key_file={}", ca.server_key().display())]);
    }
    server
        .args(["-D", "data"])
        .spawn()
        .expect("`tests/install` installs Postgres")
}
