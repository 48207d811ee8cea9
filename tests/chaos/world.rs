//! A world: both services on one storage and one store, all processes of its own, with a proxy on every link between them.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::ensure;
use contract::protection::Protection;
use tests::{Postgres, S3, Service, command, command::stdout, fault_proxy::FaultProxy};
use tokio::time::sleep;

use crate::{
    kind::{Kind, Storage},
    links::{Links, address},
    schedule::{Link, Target},
    storing::Storing,
};

/// Shared by both services; obviously made up.
const RECEIPT_KEY: &str = "fake-receipt-key-of-more-than-32-characters";
const DATABASE: &str = "chaos";
/// How long anything may take to come back; far above what it takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);
const ASK_EVERY: Duration = Duration::from_millis(10);

/// A running world. All of it ends when this is dropped.
pub(crate) struct World {
    pub(crate) metadata: Service,
    pub(crate) blob: Service,
    /// The store, past everything.
    pub(crate) bucket: S3,
    storing: Storing,
    postgres: Option<Postgres>,
    pub(crate) links: Links,
    /// Who was killed and is not started again.
    down: Vec<Target>,
    /// How much of the logs was read for panics.
    read: [usize; 2],
}

impl World {
    /// Makes a new one, whose services do without `without`.
    pub(crate) async fn start(kind: Kind, without: Option<Protection>) -> anyhow::Result<Self> {
        let mut common = vec![
            ("RECEIPT_KEY", RECEIPT_KEY.to_owned()),
            ("LOG_LEVEL", "info".to_owned()),
        ];
        common.extend(without.map(|without| ("CHATSTORE_WITHOUT", without.name().to_owned())));

        let (storing, bucket) = Storing::start(kind.store).await;
        let blob_to_store = FaultProxy::http(address(&bucket.address)?);
        let mut settings = bucket.settings(&blob_to_store.address());
        settings.extend(common.clone());
        let blob = Service::start("blob-svc", &settings).await;

        let postgres = (kind.storage == Storage::Postgres).then(Postgres::start_durable);
        let (mut settings, metadata_to_database) = match &postgres {
            Some(postgres) => {
                let (settings, proxy) = database(postgres);
                (settings, Some(proxy))
            }
            None => (vec![("STORAGE_MODE", "kv".to_owned())], None),
        };
        settings.extend(common);
        let metadata = Service::start("metadata-svc", &settings).await;

        let links = Links::of(&metadata, &blob, blob_to_store, metadata_to_database)?;
        Ok(Self {
            metadata,
            blob,
            bucket,
            storing,
            postgres,
            links,
            down: Vec::new(),
            read: [0; 2],
        })
    }

    /// Where a service is, through the proxy of `link`.
    pub(crate) fn url(&self, link: Link) -> String {
        format!("http://{}", self.links.get(link).address())
    }

    /// Whether it stores in SeaweedFS.
    pub(crate) fn is_on_seaweed(&self) -> bool {
        matches!(self.storing, Storing::Seaweed(_))
    }

    /// How many bits were turned in all.
    pub(crate) fn corruptions(&self) -> usize {
        self.links.get(Link::CallerToBlob).corruptions()
    }

    /// Who it is that dies in this world as `target`; the caller and the sweep are no part of it.
    pub(crate) fn victim(&self, target: Target) -> Target {
        if target == Target::Database && self.postgres.is_none() {
            return Target::Metadata;
        }
        target
    }

    /// Ends a process of it at once; whether it was there.
    pub(crate) fn kill_9(&mut self, target: Target) -> bool {
        if self.down.contains(&target) {
            return false;
        }
        self.down.push(target);
        match target {
            Target::Metadata => self.metadata.kill_9(),
            Target::Blob => self.blob.kill_9(),
            Target::Database => {
                if let Some(postgres) = &mut self.postgres {
                    postgres.kill_9();
                }
            }
            Target::Store => self.storing.kill_9(),
            Target::Caller | Target::Sweep => {}
        }
        true
    }

    /// Starts a killed process again, and does not wait for it.
    pub(crate) fn relaunch(&mut self, target: Target) {
        let Some(place) = self.down.iter().position(|down| *down == target) else {
            return;
        };
        self.down.remove(place);
        match target {
            Target::Metadata => self.metadata.relaunch(),
            Target::Blob => self.blob.relaunch(),
            Target::Database => {
                if let Some(postgres) = &mut self.postgres {
                    postgres.relaunch();
                }
            }
            Target::Store => self.storing.relaunch(),
            Target::Caller | Target::Sweep => {}
        }
    }

    /// Stops a process in the middle of whatever it does, or lets it go on; whether it was there.
    pub(crate) fn freeze(&self, target: Target, is_frozen: bool) -> bool {
        if self.down.contains(&target) {
            return false;
        }
        let pid = match target {
            Target::Metadata => self.metadata.pid(),
            Target::Blob => self.blob.pid(),
            Target::Database => {
                if let Some(postgres) = &self.postgres {
                    if is_frozen {
                        postgres.freeze()
                    } else {
                        postgres.thaw()
                    }
                }
                return true;
            }
            Target::Store => self.storing.pid(),
            Target::Caller | Target::Sweep => return false,
        };
        signal(pid, is_frozen)
    }

    /// Ends all that is wrong, and waits until everything serves again.
    pub(crate) async fn recover(&mut self) -> anyhow::Result<()> {
        self.links.mend();
        for target in self.down.clone() {
            self.relaunch(target);
        }
        if let Some(postgres) = &mut self.postgres {
            postgres.wait_until_ready();
        }
        self.storing.come_back().await?;
        come_back(&mut self.blob).await?;
        come_back(&mut self.metadata).await
    }

    /// Waits until no call is under way.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + LIMIT;
        while active_calls(&self.metadata).await + active_calls(&self.blob).await > 0.0 {
            ensure!(Instant::now() < deadline, "calls go on without a caller");
            sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    /// What the services took for an error of their own since it was asked before, and where they panicked.
    pub(crate) fn errors(&mut self) -> Vec<String> {
        let is_error =
            |line: &&str| line.contains(r#""level":"ERROR""#) || line.contains("panicked");
        let logs = [self.metadata.log(), self.blob.log()];
        let mut found = Vec::new();
        for (log, read) in logs.iter().zip(&mut self.read) {
            let new = log.get(*read..).unwrap_or_default().lines();
            found.extend(new.filter(is_error).map(str::to_owned));
            *read = log.len();
        }
        found
    }

    /// Keeps what everybody logged.
    pub(crate) fn keep_logs(&self, folder: &Path) -> anyhow::Result<()> {
        fs::write(folder.join("metadata-svc.log"), self.metadata.log())?;
        fs::write(folder.join("blob-svc.log"), self.blob.log())?;
        fs::write(folder.join("store.log"), self.storing.log())?;
        if let Some(postgres) = &self.postgres {
            fs::write(folder.join("postgres.log"), postgres.log())?;
        }
        Ok(())
    }
}

/// Stops a process, or lets it go on; whether it was there.
pub(crate) fn signal(pid: u32, is_frozen: bool) -> bool {
    let signal = if is_frozen { "-STOP" } else { "-CONT" };
    let signalled = command::run(Command::new("kill").args([signal, &pid.to_string()]));
    signalled.status.success()
}

/// Waits for a service; one that has ended because what it needs was not there is started again, as Kubernetes does.
pub(crate) async fn come_back(service: &mut Service) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !service.serves().await {
        if service.has_ended() {
            service.relaunch();
        }
        ensure!(
            Instant::now() < deadline,
            "{} does not come back",
            service.address()
        );
        sleep(ASK_EVERY).await;
    }
    Ok(())
}

/// A database with the schema, and the settings by which metadata-svc reaches it through a proxy.
fn database(postgres: &Postgres) -> (Vec<(&'static str, String)>, FaultProxy) {
    let direct = postgres.database(DATABASE);
    stdout(
        command::metadata_svc()
            .env("DATABASE_URL", &direct)
            .args(["db", "init"]),
    );
    let proxy = FaultProxy::bytes(SocketAddr::from(([127, 0, 0, 1], postgres.port())));
    let port = |address: &str| format!(":{}/", address.rsplit(':').next().unwrap_or_default());
    let through = direct.replace(&format!(":{}/", postgres.port()), &port(&proxy.address()));
    let settings = vec![
        ("STORAGE_MODE", "sql".to_owned()),
        ("DATABASE_URL", through),
        ("DATABASE_POOL_MODE", "session".to_owned()),
    ];
    (settings, proxy)
}

async fn active_calls(service: &Service) -> f64 {
    let metrics = service.admin("GET", "/metrics").await.body;
    let gauge = metrics
        .lines()
        .find_map(|line| line.strip_prefix("rpc_server_active_calls "));
    gauge
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}
