//! Debian's PgBouncer in front of a private Postgres, as a transaction pooler: no connection keeps anything from one
//! transaction to the next.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    free_address,
    postgres::{self, Postgres, USER},
    unprivileged::{folder, own, unprivileged},
};

/// How long it may take to listen; far above what it takes.
const START_LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(10);

/// A running `PgBouncer`. It ends, and its folder goes, when this is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl PgBouncer {
    /// Starts one in front of `server`, with `pool_mode=transaction` and `pool_size` server connections per database. It asks a
    /// server that was away every second; the 15 s of its default would be ours to wait, too.
    ///
    /// # Panics
    /// When it cannot be started; `tests/install` installs it.
    #[must_use]
    pub fn start(server: &Postgres, pool_size: u16) -> Self {
        let folder = folder();
        let port = free_address().port();
        let ini = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = users\npool_mode = transaction\n\
             default_pool_size = {pool_size}\nmax_client_conn = 500\nserver_login_retry = 1\n",
            server.port()
        );
        // The secret as the server has it. With the password, each login would cost the pooler thousands of rounds, and many at
        // once hold up everybody else.
        let secret = "select rolpassword from pg_authid where rolname = current_user";
        let secret = server.ask("postgres", secret);
        for (name, text) in [
            ("ini", ini),
            ("users", format!("\"{USER}\" \"{secret}\"\n")),
        ] {
            let file = folder.path().join(name);
            fs::write(&file, text).expect("a file can be written");
            own(&file);
        }
        let child = unprivileged("/usr/sbin/pgbouncer", folder.path())
            .arg("ini")
            .spawn()
            .expect("`tests/install` installs PgBouncer");
        let mut bouncer = Self {
            child,
            folder,
            port,
        };
        bouncer.wait_until_listening();
        bouncer
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of the database `name` through it.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        postgres::url(self.port, name)
    }

    fn wait_until_listening(&mut self) {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().expect("an own child can be asked");
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "PgBouncer does not listen: {ended:?}\n{log}"
            );
            thread::sleep(ASK_EVERY);
        }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // SIGKILL is fine: it keeps nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
