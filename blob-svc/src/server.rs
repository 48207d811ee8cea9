//! The service: its parts put together, and served.

use crate::bucket::Buckets;
#[cfg(feature = "embedded")]
use crate::bucket::State;
use crate::config::{Config, StoreConfig};
#[cfg(feature = "embedded")]
use crate::embedded::Embedded;
use crate::object::Limits;
use crate::s3::{Client, Endpoint};
use crate::sign::Signer;
use crate::store_check::keep_checking;
use anyhow::Context;
use contract::admin::Admin;
use contract::blob::v1::bucket_service_server::BucketServiceServer;
use contract::blob::v1::object_service_server::ObjectServiceServer;
use contract::blob::v1::presign_service_server::PresignServiceServer;
use contract::health::Health;
use contract::protection;
use contract::server::{Server, stop_signal};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// What every handler has at hand. Clones share it.
#[derive(Clone)]
pub struct Blobs {
    pub(crate) buckets: Buckets,
    pub(crate) signer: Arc<Signer>,
    pub(crate) url_life: Duration,
    pub(crate) limits: Arc<Limits>,
}

impl Blobs {
    pub(crate) fn new(config: &Config, endpoint: Endpoint) -> Self {
        let public = match &config.public {
            Some((scheme, authority)) => Endpoint {
                scheme,
                authority: authority.clone(),
                ..endpoint.clone()
            },
            None => endpoint.clone(),
        };
        Self {
            buckets: Buckets::new(&Client::new(&endpoint), &config.buckets, &config.receipts),
            signer: Arc::new(Signer::new(public)),
            url_life: config.url_life,
            limits: Arc::default(),
        }
    }
}

/// Serves until the process is asked to end.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    protection::tell();
    let health = Health::default();
    let dependency = health.dependency("store");
    // Both are kept alive to the end: they stop when they are dropped.
    let _admin = Admin::start(config.common.admin_addr, &health).await?;
    let (_embedded, endpoint) = open_store(&config).await?;
    let listener = TcpListener::bind(config.common.listen_addr)
        .await
        .with_context(|| format!("cannot listen on {}", config.common.listen_addr))?;
    tracing::info!(address = %listener.local_addr()?, store = ?endpoint, "blob-svc serves");
    let blobs = Blobs::new(&config, endpoint);
    let checks = keep_checking(blobs.buckets.clone(), dependency);
    let server = Server::new(config.common.max_calls)
        .health(&health)
        .with(ObjectServiceServer::new(blobs.clone()))
        .with(PresignServiceServer::new(blobs.clone()))
        .with(BucketServiceServer::new(blobs))
        .serve(listener, stop_signal());
    tokio::select! {
        served = server => Ok(served?),
        never = checks => match never {},
    }
}

#[cfg(feature = "embedded")]
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<(Option<Embedded>, Endpoint)> {
    match &config.store {
        StoreConfig::External(endpoint) => Ok((None, endpoint.clone())),
        StoreConfig::Embedded { folder, port } => {
            let embedded = Embedded::start(folder, *port).await?;
            let endpoint = embedded.endpoint.clone();
            // Nobody else could make them there. A store that is there has its buckets made by those who own it.
            let buckets = Buckets::new(&Client::new(&endpoint), &config.buckets, &config.receipts);
            for bucket in buckets.standings(true).await? {
                anyhow::ensure!(bucket.state == State::Ready, "the embedded store: {bucket}");
            }
            Ok((Some(embedded), endpoint))
        }
    }
}

#[cfg(not(feature = "embedded"))]
#[expect(clippy::unused_async, reason = "the other build awaits")]
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<(Option<()>, Endpoint)> {
    match &config.store {
        StoreConfig::External(endpoint) => Ok((None, endpoint.clone())),
        StoreConfig::Embedded { .. } => anyhow::bail!("this build has no embedded store"),
    }
}
