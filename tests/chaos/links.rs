//! The proxies on the links of a world.

use std::net::SocketAddr;

use anyhow::Context as _;
use tests::{Service, fault_proxy::FaultProxy};

use crate::schedule::Link;

/// One for each link.
pub(crate) struct Links {
    caller_to_metadata: FaultProxy,
    caller_to_blob: FaultProxy,
    blob_to_store: FaultProxy,
    metadata_to_database: Option<FaultProxy>,
    sweep_to_metadata: FaultProxy,
    sweep_to_blob: FaultProxy,
}

impl Links {
    /// Those to the services join those to what the services stand on.
    pub(crate) fn of(
        metadata: &Service,
        blob: &Service,
        blob_to_store: FaultProxy,
        metadata_to_database: Option<FaultProxy>,
    ) -> anyhow::Result<Self> {
        let to = |service: &Service| {
            Ok::<_, anyhow::Error>(FaultProxy::bytes(address(&service.address())?))
        };
        Ok(Self {
            caller_to_metadata: to(metadata)?,
            caller_to_blob: to(blob)?,
            blob_to_store,
            metadata_to_database,
            sweep_to_metadata: to(metadata)?,
            sweep_to_blob: to(blob)?,
        })
    }

    /// The proxy on a link; where there is no database, that of the store.
    pub(crate) fn get(&self, link: Link) -> &FaultProxy {
        match link {
            Link::CallerToMetadata => &self.caller_to_metadata,
            Link::CallerToBlob => &self.caller_to_blob,
            Link::BlobToStore => &self.blob_to_store,
            Link::MetadataToDatabase => self
                .metadata_to_database
                .as_ref()
                .unwrap_or(&self.blob_to_store),
            Link::SweepToMetadata => &self.sweep_to_metadata,
            Link::SweepToBlob => &self.sweep_to_blob,
        }
    }

    /// Ends all that is wrong on them, and whatever passes.
    pub(crate) fn mend(&self) {
        let always = [
            &self.caller_to_metadata,
            &self.caller_to_blob,
            &self.blob_to_store,
            &self.sweep_to_metadata,
            &self.sweep_to_blob,
        ];
        for proxy in always.into_iter().chain(&self.metadata_to_database) {
            proxy.clear();
            proxy.cut();
        }
    }
}

/// Where a proxy leads to.
pub(crate) fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse()
        .with_context(|| format!("{text} is no address"))
}
