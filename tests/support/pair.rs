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

use crate::{Bucket, ObjectStore, S3, Service, Storage, Store};

/// Both services, started fresh.
#[derive(Debug)]
pub struct Pair {
    /// metadata-svc.
    pub metadata: Service,
    /// blob-svc.
    pub blob: Service,
    // They go behind the services that stand on them.
    _store: Store,
    bucket: Bucket,
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
        Self::start_over(storage, ObjectStore::Embedded).await
    }

    /// Starts both, metadata-svc on `storage` and blob-svc on `object_store`, empty.
    ///
    /// # Panics
    /// As [`Service::start`], [`Storage::fresh`] and [`ObjectStore::fresh`].
    pub async fn start_over(storage: Storage, object_store: ObjectStore) -> Self {
        let (store, bucket) = (storage.fresh(), object_store.fresh());
        Self {
            metadata: Service::start("metadata-svc", &store.settings()).await,
            blob: Service::start("blob-svc", &bucket.settings()).await,
            _store: store,
            bucket,
        }
    }

    /// The bucket, seen past blob-svc.
    ///
    /// # Panics
    /// As [`Bucket::direct`].
    #[must_use]
    pub fn direct(&self) -> S3 {
        self.bucket.direct(&self.blob)
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
