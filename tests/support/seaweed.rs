//! A private SeaweedFS (`weed mini`): an S3 store with signatures verified, on ports and in a folder of its own.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    PrivateCa, S3,
    command::{path, stdout},
    free_address,
    keeper::{Kept, keep},
};

/// Whom it knows; obviously made up. cloud.ru's keys have a colon in them, too.
const ACCESS_KEY: &str = "fake-tenant:fake-key";
const SECRET_KEY: &str = "fake-secret";
/// The bucket that shows that it serves.
const OWN_BUCKET: &str = "ready";

/// What it says where another process took a port of it.
const PORT_TAKEN: &str = "Port allocation failed";
/// The file that it logs to.
const OUTPUT: &str = "output";

/// How long it may take to serve; far above what it takes.
const START_LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// What it is told besides its ports and folders. By itself it removes buckets with objects in them, makes buckets that are
/// missing, and tells its makers of itself. Each bucket begins a volume: by itself it has 62 to give, for all tests together.
const FLAGS: [&str; 11] = [
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-s3.domainName=s3.localhost",
    "-s3.allowDeleteBucketNotEmpty=false",
    "-s3.autoCreateBucket=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-webdav=false",
    "-admin.ui=false",
    "-master.telemetry=false",
    "-volume.max=10000",
];
/// The flags of its ports. Those of S3 come first, plain and with TLS.
const PORTS: [&str; 9] = [
    "s3.port",
    "s3.port.https",
    "s3.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
];
/// Its administration listens this far above `-admin.port`, and there alone its worker looks for it.
const ADMIN_GRPC: u16 = 10_000;

/// A running server. It ends, and its folder goes, when this is dropped; a failing test prints its log first.
#[derive(Debug)]
pub struct Seaweed {
    child: Child,
    folder: TempDir,
    ports: [u16; PORTS.len()],
    admin: u16,
    ca: PrivateCa,
}

impl Seaweed {
    /// The access key and the secret key of one who may read, write and list objects, and nothing beside that.
    pub const LEAST: (&str, &str) = ("fake-least-key", "fake-least-secret");

    /// Starts an empty one, and waits until it serves.
    ///
    /// # Panics
    /// When it cannot be started; `tests/install` installs it.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::with_prefix("seaweedfs").expect("a temporary folder can be made");
        for name in ["data", "log"] {
            fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        }
        fs::write(folder.path().join("identities.json"), identities())
            .expect("a file can be written");
        let ca = PrivateCa::make(folder.path());
        let (ports, admin) = (PORTS.map(|_| free_address().port()), admin_port());
        let mut server = Self {
            child: spawn(folder.path(), &ca, &ports, admin),
            folder,
            ports,
            admin,
            ca,
        };
        // It looks at all its ports before it takes one of them: another process may be faster.
        while !server.serves_in_time() {
            let log = server.log();
            assert!(log.contains(PORT_TAKEN), "SeaweedFS has ended:\n{log}");
            fs::remove_file(server.output()).expect("an own file can be removed");
            server.ports = PORTS.map(|_| free_address().port());
            server.admin = admin_port();
            server.child = spawn(
                server.folder.path(),
                &server.ca,
                &server.ports,
                server.admin,
            );
        }
        server
    }

    /// The one that all tests of this process share.
    ///
    /// # Panics
    /// As [`Seaweed::start`].
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<(Seaweed, Child)> = OnceLock::new();
        let (server, _) = SHARED.get_or_init(|| {
            let server = Self::start();
            let keeper = keep(&[Kept {
                signal: "-KILL",
                pid: server.pid(),
                folder: server.folder.path(),
            }]);
            (server, keeper)
        });
        server
    }

    /// Where it serves S3: `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// Where it serves S3 over TLS, with buckets in the path and with buckets before the name: `s3.localhost:port`.
    #[must_use]
    pub fn tls_address(&self) -> String {
        format!("s3.localhost:{}", self.ports[1])
    }

    /// Who signed its certificate.
    #[must_use]
    pub fn ca(&self) -> &PrivateCa {
        &self.ca
    }

    /// Its bucket `name`, seen directly.
    #[must_use]
    pub fn bucket(&self, name: &str) -> S3 {
        S3::new(&self.address(), ACCESS_KEY, SECRET_KEY, name)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.output()).unwrap_or_default()
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join(OUTPUT)
    }

    /// Ends the process at once, as `kill -9` does.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn kill_9(&mut self) {
        self.child.kill().expect("an own child can be killed");
        self.child.wait().expect("a killed child can be waited for");
    }

    /// Starts the killed process again, on the same data and ports, and waits until it serves.
    ///
    /// # Panics
    /// As [`Seaweed::start`].
    pub fn restart(&mut self) {
        self.relaunch();
        self.wait_until_serving();
    }

    /// As [`Seaweed::restart`], but does not wait.
    pub fn relaunch(&mut self) {
        self.child = spawn(self.folder.path(), &self.ca, &self.ports, self.admin);
    }

    /// Waits until it serves.
    ///
    /// # Panics
    /// As [`Seaweed::start`].
    pub fn wait_until_serving(&mut self) {
        assert!(
            self.serves_in_time(),
            "SeaweedFS has ended:\n{}",
            self.log()
        );
    }

    /// Stops it in the middle of whatever it does: connections are accepted, by the system, and nothing is answered.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn freeze(&self) {
        stdout(Command::new("kill").args(["-STOP", &self.pid().to_string()]));
    }

    /// Lets the frozen server go on.
    ///
    /// # Panics
    /// As [`Seaweed::freeze`].
    pub fn thaw(&self) {
        stdout(Command::new("kill").args(["-CONT", &self.pid().to_string()]));
    }

    /// Waits until it stores an object, as its parts find each other one by one; whether it came to that before it ended.
    fn serves_in_time(&mut self) -> bool {
        let own = self.bucket(OWN_BUCKET);
        let deadline = Instant::now() + START_LIMIT;
        // The bucket is there already when it was started before.
        while !(own.make() && own.put("ready", b"ready")) {
            if !self.is_alive() {
                return false;
            }
            assert!(
                Instant::now() < deadline,
                "SeaweedFS does not serve:\n{}",
                self.log()
            );
            thread::sleep(ASK_EVERY);
        }
        true
    }

    fn is_alive(&mut self) -> bool {
        let ended = self.child.try_wait().expect("an own child can be asked");
        ended.is_none()
    }
}

impl Drop for Seaweed {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("---- log of SeaweedFS ----\n{}", self.log());
        }
    }
}

fn identities() -> String {
    let identity = |name: &str, (access_key, secret_key): (&str, &str), actions: &[&str]| {
        let credentials = serde_json::json!({ "accessKey": access_key, "secretKey": secret_key });
        serde_json::json!({ "name": name, "credentials": [credentials], "actions": actions })
    };
    let all = ["Admin", "Read", "Write", "List", "Tagging"];
    let tests = identity("tests", (ACCESS_KEY, SECRET_KEY), &all);
    let least = identity("least", Seaweed::LEAST, &["Read", "Write", "List"]);
    serde_json::json!({ "identities": [tests, least] }).to_string()
}

/// A free port with another free one [`ADMIN_GRPC`] above it, which still lies below those of outgoing connections.
fn admin_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| free_address().port()).take(20_000);
    let is_free = |port: &u16| {
        *port < 32_000 - ADMIN_GRPC && TcpListener::bind(("127.0.0.1", port + ADMIN_GRPC)).is_ok()
    };
    ports.find(is_free).expect("there are free ports")
}

fn spawn(folder: &Path, ca: &PrivateCa, ports: &[u16; PORTS.len()], admin: u16) -> Child {
    let output = File::options()
        .create(true)
        .append(true)
        .open(folder.join(OUTPUT))
        .expect("a log file can be opened");
    let at = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new("weed");
    command
        // Credentials in the environment would be those of another identity of it.
        .env_clear()
        .env("PATH", path())
        .env("HOME", folder)
        .arg(format!("-logdir={}", at("log")))
        .arg("mini")
        .args(FLAGS)
        .arg(format!("-dir={}", at("data")))
        .arg(format!("-s3.config={}", at("identities.json")))
        .arg(format!(
            "-s3.cert.file={}",
            ca.server_certificate().display()
        ))
        .arg(format!("-s3.key.file={}", ca.server_key().display()))
        .arg(format!("-admin.port={admin}"))
        .args(
            PORTS
                .iter()
                .zip(ports)
                .map(|(flag, port)| format!("-{flag}={port}")),
        )
        .current_dir(folder)
        .stdin(Stdio::null());
    command
        .stdout(output.try_clone().expect("a file handle can be cloned"))
        .stderr(output);
    command.spawn().expect("`tests/install` installs SeaweedFS")
}
