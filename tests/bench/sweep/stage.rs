//! What is swept: both services, with rows and objects.

use anyhow::Context as _;
use tests::{Bucket, ObjectStore, Service, Storage, Store};

use super::fill;

/// All that runs.
pub(crate) struct Stage {
    /// Dropped in this order: what a service stands on ends last.
    pub(crate) metadata: Service,
    pub(crate) blob: Service,
    _store: Store,
    _bucket: Bucket,
}

impl Stage {
    /// Starts both services, and gives them `keys` rows and as many objects.
    pub(crate) async fn set(
        storage: Storage,
        objects: ObjectStore,
        keys: usize,
    ) -> anyhow::Result<Self> {
        // What each logs when nothing is set.
        let log = ("LOG_LEVEL", "info".to_owned());
        let (store, bucket) = (storage.fresh(), objects.fresh());
        let settings = [&store.settings()[..], std::slice::from_ref(&log)].concat();
        let metadata = Service::start("metadata-svc", &settings).await;
        let settings = [&bucket.settings()[..], std::slice::from_ref(&log)].concat();
        let mut blob = Service::start("blob-svc", &settings).await;
        fill::rows(metadata.channel(), keys).await?;
        if objects == ObjectStore::Embedded {
            blob.terminate();
            fill::index(&blob.data(), keys).context("filling the embedded store")?;
            blob.restart().await;
        } else {
            fill::objects(blob.channel(), keys).await?;
        }
        if let Some(database) = store.database() {
            // As autovacuum would in a minute.
            let _ = database.ask("analyze");
        }
        Ok(Self {
            metadata,
            blob,
            _store: store,
            _bucket: bucket,
        })
    }
}
