//! The pair: both services, and a client for each of their services.

use contract::{
    blob::v1::{
        bucket_service_client::BucketServiceClient, object_service_client::ObjectServiceClient,
        presign_service_client::PresignServiceClient,
    },
    metadata::v1::{
        blob_ledger_service_client::BlobLedgerServiceClient,
        chat_service_client::ChatServiceClient, image_service_client::ImageServiceClient,
        message_service_client::MessageServiceClient,
        search_result_service_client::SearchResultServiceClient,
    },
};
use tonic::transport::Channel;

use crate::{Service, Storage, Store};

/// Both services, started fresh.
#[derive(Debug)]
pub struct Pair {
    /// metadata-svc.
    pub metadata: Service,
    /// blob-svc.
    pub blob: Service,
    // It goes behind the service that stands on it.
    _store: Store,
}

impl Pair {
    /// Starts both on empty embedded stores, with nothing set that has a default.
    ///
    /// # Panics
    /// As [`Service::start`].
    pub async fn start() -> Self {
        Self::start_on(Storage::Kv).await
    }

    /// Starts both, metadata-svc on `storage`, empty.
    ///
    /// # Panics
    /// As [`Service::start`] and [`Storage::fresh`].
    pub async fn start_on(storage: Storage) -> Self {
        let store = storage.fresh();
        Self {
            metadata: Service::start("metadata-svc", &store.settings()).await,
            blob: Service::start("blob-svc", &[]).await,
            _store: store,
        }
    }

    /// A client of `ChatService`.
    #[must_use]
    pub fn chats(&self) -> ChatServiceClient<Channel> {
        ChatServiceClient::new(self.metadata.channel())
    }

    /// A client of `MessageService`.
    #[must_use]
    pub fn messages(&self) -> MessageServiceClient<Channel> {
        MessageServiceClient::new(self.metadata.channel())
    }

    /// A client of `ImageService`.
    #[must_use]
    pub fn images(&self) -> ImageServiceClient<Channel> {
        ImageServiceClient::new(self.metadata.channel())
    }

    /// A client of `SearchResultService`.
    #[must_use]
    pub fn search_results(&self) -> SearchResultServiceClient<Channel> {
        SearchResultServiceClient::new(self.metadata.channel())
    }

    /// A client of `BlobLedgerService`.
    #[must_use]
    pub fn ledger(&self) -> BlobLedgerServiceClient<Channel> {
        BlobLedgerServiceClient::new(self.metadata.channel())
    }

    /// A client of `ObjectService`.
    #[must_use]
    pub fn objects(&self) -> ObjectServiceClient<Channel> {
        ObjectServiceClient::new(self.blob.channel())
    }

    /// A client of `PresignService`.
    #[must_use]
    pub fn presign(&self) -> PresignServiceClient<Channel> {
        PresignServiceClient::new(self.blob.channel())
    }

    /// A client of `BucketService`.
    #[must_use]
    pub fn buckets(&self) -> BucketServiceClient<Channel> {
        BucketServiceClient::new(self.blob.channel())
    }
}
