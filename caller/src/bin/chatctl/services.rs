//! Both services as processes of our own, on embedded stores under one folder.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{
    process::{Child, ChildStdin, Command},
    time::{Instant, sleep, timeout},
};
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// Where the services serve when nothing else is said.
pub(crate) const METADATA: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 50_051);
pub(crate) const BLOB: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 50_052);

/// A service of each, by which it is known that an address serves what it should.
const METADATA_NAME: &str = "chatstore.metadata.v1.ChatService";
const BLOB_NAME: &str = "chatstore.blob.v1.ObjectService";

const START_LIMIT: Duration = Duration::from_secs(60);
/// The services give calls under way ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_millis(20);
const ASK_LIMIT: Duration = Duration::from_secs(1);

/// Settings that would choose another store.
const OTHER_STORES: [&str; 5] = [
    "DATABASE_URL",
    "DATABASE_HOST",
    "S3_ENDPOINT",
    "S3_PUBLIC_ENDPOINT",
    "USE_S3_STORAGE",
];

/// Both services, running. They end when this is dropped, or when this process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) metadata: Service,
    pub(crate) blob: Service,
}

/// A service, running.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    health_name: &'static str,
    child: Child,
    /// The other end of its standard input; tokio would close it at the first wait.
    hold: Option<ChildStdin>,
}

impl Services {
    /// Starts both on the data under `data`, and waits until both serve.
    pub(crate) async fn start(
        data: &Path,
        metadata: SocketAddr,
        blob: SocketAddr,
    ) -> anyhow::Result<Self> {
        let mut services = Self {
            metadata: Service::spawn("metadata", METADATA_NAME, metadata, data)?,
            blob: Service::spawn("blob", BLOB_NAME, blob, data)?,
        };
        services.metadata.wait_until_serving().await?;
        services.blob.wait_until_serving().await?;
        Ok(services)
    }

    /// Waits until one of them ends by itself, and tells which and how.
    pub(crate) async fn one_ended(&mut self) -> anyhow::Error {
        let (name, ended) = tokio::select! {
            ended = self.metadata.child.wait() => (self.metadata.name, ended),
            ended = self.blob.child.wait() => (self.blob.name, ended),
        };
        unexpected(name, ended.ok())
    }

    /// Stops both, and waits until they are gone.
    pub(crate) async fn stop(mut self) {
        tokio::join!(self.metadata.stop(), self.blob.stop());
    }
}

impl Service {
    /// Starts this very program again, as one of the services, with a pipe as its standard input that ends when we do.
    fn spawn(
        name: &'static str,
        health_name: &'static str,
        address: SocketAddr,
        data: &Path,
    ) -> anyhow::Result<Self> {
        // Somebody else who serves there would be taken for ours.
        TcpListener::bind(address)
            .with_context(|| format!("{name}-svc cannot listen on {address}"))?;
        let mut child = command(name, address, data)?
            .spawn()
            .with_context(|| format!("cannot start {name}-svc"))?;
        Ok(Self {
            name,
            address,
            health_name,
            hold: child.stdin.take(),
            child,
        })
    }

    /// The process, for whoever wants to kill it.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    async fn wait_until_serving(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while !serves(self.address, self.health_name).await {
            if let Some(ended) = self.child.try_wait()? {
                return Err(unexpected(self.name, Some(ended)));
            }
            if Instant::now() > deadline {
                bail!("{}-svc does not serve after {START_LIMIT:?}", self.name);
            }
            sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    async fn stop(&mut self) {
        // The end of its standard input asks it to end.
        drop(self.hold.take());
        if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

fn command(name: &str, address: SocketAddr, data: &Path) -> anyhow::Result<Command> {
    let program = env::current_exe().context("cannot find the program that runs")?;
    let log_level = env::var("LOG_LEVEL").unwrap_or_else(|_| "warn".into());
    let mut command = Command::new(program);
    for setting in OTHER_STORES {
        command.env_remove(setting);
    }
    command
        .args(["serve", name])
        .env("STORAGE_MODE", "kv")
        .env("LISTEN_ADDR", address.to_string())
        .env("ADMIN_ADDR", admin_address(address))
        .env("DATA_DIR", data)
        .env("LOG_LEVEL", log_level)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        // Ctrl-C is for us: we stop them.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// Where a service serves health and metrics: at its own default with the default address, else nowhere, so that a second pair
/// on this machine finds no port taken.
fn admin_address(address: SocketAddr) -> &'static str {
    // What is blank counts as not set.
    if [METADATA, BLOB].contains(&address) {
        ""
    } else {
        "off"
    }
}

/// Whether both services serve at the default addresses.
pub(crate) async fn default_ones_serve() -> bool {
    serves(METADATA, METADATA_NAME).await && serves(BLOB, BLOB_NAME).await
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

async fn serves(address: SocketAddr, service: &str) -> bool {
    let Ok(endpoint) = Endpoint::from_shared(format!("http://{address}")) else {
        return false;
    };
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let asked = timeout(ASK_LIMIT, async {
        let channel = endpoint.connect().await.ok()?;
        HealthClient::new(channel).check(request).await.ok()
    });
    let answer = asked.await.ok().flatten();
    answer.is_some_and(|a| a.into_inner().status() == ServingStatus::Serving)
}

fn unexpected(name: &str, ended: Option<ExitStatus>) -> anyhow::Error {
    let how = ended.map(|e| e.to_string()).unwrap_or_default();
    anyhow::anyhow!("{name}-svc ended unexpectedly ({how}); what it wrote above tells why")
}
