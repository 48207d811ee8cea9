//! Who stores the objects of a world.

use tests::{ObjectStore, S3, Seaweed, Service, free_address};

use crate::{kind::Store, world::come_back};

const BUCKET: &str = "chaos";

/// A running store.
pub(crate) enum Storing {
    /// The embedded store, in a blob-svc of its own, which can die alone.
    Embedded(Service),
    Seaweed(Seaweed),
}

impl Storing {
    /// Starts an empty one, with its bucket.
    pub(crate) async fn start(store: Store) -> (Self, S3) {
        match store {
            Store::Embedded => {
                // One of its own: of those that the system gives, another process may take the last one while this store is dead.
                let port = free_address().port().to_string();
                let settings = [("LOG_LEVEL", "info".to_owned()), ("EMBEDDED_S3_PORT", port)];
                let host = Service::start("blob-svc", &settings).await;
                let bucket = ObjectStore::Embedded.fresh().direct(&host);
                (Self::Embedded(host), bucket)
            }
            Store::Seaweedfs => {
                let seaweed = Seaweed::start();
                let bucket = seaweed.bucket(BUCKET);
                assert!(bucket.make(), "SeaweedFS makes no bucket");
                (Self::Seaweed(seaweed), bucket)
            }
        }
    }

    pub(crate) fn kill_9(&mut self) {
        match self {
            Self::Embedded(host) => host.kill_9(),
            Self::Seaweed(seaweed) => seaweed.kill_9(),
        }
    }

    /// Starts it again when it was killed, and does not wait for it.
    pub(crate) fn relaunch(&mut self) {
        match self {
            Self::Embedded(host) => host.relaunch(),
            Self::Seaweed(seaweed) => seaweed.relaunch(),
        }
    }

    /// Waits until it serves.
    pub(crate) async fn come_back(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Embedded(host) => come_back(host).await?,
            Self::Seaweed(seaweed) => seaweed.wait_until_serving(),
        }
        Ok(())
    }

    pub(crate) fn pid(&self) -> u32 {
        match self {
            Self::Embedded(host) => host.pid(),
            Self::Seaweed(seaweed) => seaweed.pid(),
        }
    }

    pub(crate) fn log(&self) -> String {
        match self {
            Self::Embedded(host) => host.log(),
            Self::Seaweed(seaweed) => seaweed.log(),
        }
    }
}
