//! Clients of both services that are not our library: the strangers', and the checker's.

use contract::{
    blob::v1::{
        object_service_client::ObjectServiceClient, presign_service_client::PresignServiceClient,
    },
    metadata::v1::{
        blob_ledger_service_client::BlobLedgerServiceClient,
        chat_service_client::ChatServiceClient, image_service_client::ImageServiceClient,
        message_service_client::MessageServiceClient,
    },
};
use std::time::Duration;
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

/// A connection to each service.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    metadata: Channel,
    blob: Channel,
    /// How long a call may take.
    time: Duration,
}

impl Clients {
    /// Connects on first use.
    pub(crate) fn to(metadata_url: &str, blob_url: &str, time: Duration) -> anyhow::Result<Self> {
        let to = |url: &str| {
            let endpoint = Endpoint::from_shared(url.to_owned())?;
            Ok::<_, anyhow::Error>(endpoint.tcp_nodelay(true).connect_lazy())
        };
        Ok(Self {
            metadata: to(metadata_url)?,
            blob: to(blob_url)?,
            time,
        })
    }

    /// A message with its time.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.time);
        request
    }

    pub(crate) fn chats(&self) -> ChatServiceClient<Channel> {
        ChatServiceClient::new(self.metadata.clone())
    }

    pub(crate) fn messages(&self) -> MessageServiceClient<Channel> {
        MessageServiceClient::new(self.metadata.clone())
    }

    pub(crate) fn images(&self) -> ImageServiceClient<Channel> {
        ImageServiceClient::new(self.metadata.clone())
    }

    pub(crate) fn ledger(&self) -> BlobLedgerServiceClient<Channel> {
        BlobLedgerServiceClient::new(self.metadata.clone())
    }

    pub(crate) fn objects(&self) -> ObjectServiceClient<Channel> {
        ObjectServiceClient::new(self.blob.clone())
    }

    pub(crate) fn presign(&self) -> PresignServiceClient<Channel> {
        PresignServiceClient::new(self.blob.clone())
    }
}
