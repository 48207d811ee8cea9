//! A service under test: a real process on ports and in a folder of its own, that can be killed and started again.

use std::{
    env, fs,
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::http::{self, Answer};

/// How long a service may take to serve; far above what it takes.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often it is asked meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// A running service. It ends, and its folder goes, when this is dropped; a failing test prints its log first.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    address: SocketAddr,
    admin: SocketAddr,
    settings: Vec<(String, String)>,
    /// What the shell does before it becomes the service, such as setting limits.
    shell: &'static str,
    child: Child,
    folder: TempDir,
}

impl Service {
    /// Starts the binary `name` with an empty data folder and `settings` beside its own, and waits until it serves.
    ///
    /// # Panics
    /// When the binary is missing, ends, or does not serve within a minute.
    pub async fn start(name: &'static str, settings: &[(&str, String)]) -> Self {
        Self::start_after(":", name, settings).await
    }

    /// As [`Service::start`], in a process that has done `shell` before, such as setting a limit to itself.
    ///
    /// # Panics
    /// As [`Service::start`].
    pub async fn start_after(
        shell: &'static str,
        name: &'static str,
        settings: &[(&str, String)],
    ) -> Self {
        let mut service = Self::launch_after(shell, name, settings);
        service.wait_until_serving().await;
        service
    }

    /// As [`Service::start`], but does not wait: what it needs may not be there.
    ///
    /// # Panics
    /// When the binary is missing.
    #[must_use]
    pub fn launch(name: &'static str, settings: &[(&str, String)]) -> Self {
        Self::launch_after(":", name, settings)
    }

    fn launch_after(shell: &'static str, name: &'static str, settings: &[(&str, String)]) -> Self {
        let folder = TempDir::with_prefix(name).expect("a temporary folder can be made");
        let (address, admin) = (free_address(), free_address());
        let mut all = vec![
            ("LISTEN_ADDR".to_owned(), address.to_string()),
            ("ADMIN_ADDR".to_owned(), admin.to_string()),
            (
                "DATA_DIR".to_owned(),
                folder.path().join("data").display().to_string(),
            ),
            ("LOG_LEVEL".to_owned(), "debug".to_owned()),
        ];
        all.extend(
            settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone())),
        );
        let child = spawn(shell, name, &all, folder.path());
        Self {
            name,
            address,
            admin,
            settings: all,
            shell,
            child,
            folder,
        }
    }

    /// Ends the process at once, as `kill -9` does: it gets no chance to finish anything.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn kill_9(&mut self) {
        self.child.kill().expect("an own child can be killed");
        self.child.wait().expect("a killed child can be waited for");
    }

    /// Starts the killed process again, on the same data and the same addresses, and waits until it serves.
    ///
    /// # Panics
    /// As [`Service::start`].
    pub async fn restart(&mut self) {
        self.child = spawn(self.shell, self.name, &self.settings, self.folder.path());
        self.wait_until_serving().await;
    }

    /// As [`Service::restart`], but does not wait: what it needs may not be there.
    ///
    /// # Panics
    /// When the binary is missing.
    pub fn relaunch(&mut self) {
        self.child = spawn(self.shell, self.name, &self.settings, self.folder.path());
    }

    /// Whether its process has ended.
    ///
    /// # Panics
    /// Never: an own child can be asked.
    pub fn has_ended(&mut self) -> bool {
        let ended = self.child.try_wait().expect("an own child can be asked");
        ended.is_some()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it serves gRPC, for a client: `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it serves gRPC, for grpcurl: `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Where it serves health and metrics over HTTP: `127.0.0.1:port`.
    #[must_use]
    pub fn admin_address(&self) -> String {
        self.admin.to_string()
    }

    /// Asks the admin port.
    ///
    /// # Panics
    /// When it does not answer, or not in HTTP.
    pub async fn admin(&self, method: &str, path: &str) -> Answer {
        http::ask(self.admin, method, path).await
    }

    /// Where its own data lies.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Asks the process to end, as Kubernetes and Ctrl-C do, and waits until it has.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn terminate(&mut self) {
        let mut kill = Command::new("kill");
        let sent = kill.arg(self.child.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "no SIGTERM");
        let ended = self.child.wait().expect("an own child can be waited for");
        assert!(ended.success(), "{} ended with {ended}", self.name);
    }

    /// The value of the setting `key` that it was started with.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .rev()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value.as_str())
    }

    /// A connection to it, made on first use.
    ///
    /// # Panics
    /// Never: the address is well-formed.
    #[must_use]
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(self.url())
            .expect("an address makes a URL")
            .connect_lazy()
    }

    /// What it has logged so far, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(log_file(self.folder.path())).unwrap_or_default()
    }

    /// Waits until it serves.
    ///
    /// # Panics
    /// When it ends, or does not serve within a minute.
    pub async fn wait_until_serving(&mut self) {
        let deadline = Instant::now() + START_LIMIT;
        while !self.serves().await {
            let ended = self.child.try_wait().expect("an own child can be asked");
            assert!(
                ended.is_none(),
                "{} ended with {ended:?} before it served:\n{}",
                self.name,
                self.log()
            );
            assert!(
                Instant::now() < deadline,
                "{} does not serve after {START_LIMIT:?}:\n{}",
                self.name,
                self.log()
            );
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Whether it says by gRPC that it serves.
    pub async fn serves(&self) -> bool {
        let answer = HealthClient::new(self.channel())
            .check(HealthCheckRequest::default())
            .await;
        answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("---- log of {} ----\n{}", self.name, self.log());
        }
    }
}

/// Starts a service that knows `settings` and nothing of the environment of the tests.
fn spawn(shell: &str, name: &str, settings: &[(String, String)], folder: &Path) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_file(folder))
        .expect("a log file can be opened");
    Command::new("/bin/sh")
        .args(["-c", &format!("{shell}; exec \"$0\"")])
        .arg(binary(name))
        .env_clear()
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file handle can be cloned"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"))
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// The workspace's binary `name`, from the same build as the running test.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub(crate) fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own file");
    let found = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!("no binary {name} beside {}: `cargo test --workspace` builds it, `cargo build --workspace` too", test.display())
    })
}

/// A loopback address that nobody listens on, below the ports that the system gives to outgoing connections, so that it is
/// still free after a kill. Each test process begins at another place, each call takes the next.
///
/// # Panics
/// When none is left.
#[must_use]
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 20_000;
    let begin =
        u16::try_from(u64::from(std::process::id()) * 97 % u64::from(COUNT)).unwrap_or_default();
    (0..COUNT)
        .map(|_| FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("one of 20,000 ports is free")
}
