//! The rpcs of `BucketService`. One bucket is configured.

use crate::error::Error;
use crate::server::Blobs;
use contract::Violations;
use contract::blob::v1::bucket_service_server::BucketService;
use contract::blob::v1::{
    Bucket, BucketState, EnsureBucketsRequest, EnsureBucketsResponse, ListBucketsRequest,
    ListBucketsResponse, ProbeStoreRequest, ProbeStoreResponse,
};
use contract::status::unimplemented;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl BucketService for Blobs {
    async fn ensure_buckets(
        &self,
        request: Request<EnsureBucketsRequest>,
    ) -> Result<Response<EnsureBucketsResponse>, Status> {
        let mut v = Violations::default();
        v.optional_id("request_id", &request.into_inner().request_id);
        v.accept(Some(())).map_err(Error::from)?;
        self.store.ensure_bucket().await.map_err(Error::from)?;
        Ok(Response::new(EnsureBucketsResponse {
            buckets: vec![self.bucket(BucketState::Ready)],
        }))
    }

    async fn list_buckets(
        &self,
        _: Request<ListBucketsRequest>,
    ) -> Result<Response<ListBucketsResponse>, Status> {
        let there = self.store.bucket_exists().await.map_err(Error::from)?;
        let state = if there {
            BucketState::Ready
        } else {
            BucketState::Missing
        };
        Ok(Response::new(ListBucketsResponse {
            buckets: vec![self.bucket(state)],
        }))
    }

    async fn probe_store(
        &self,
        _: Request<ProbeStoreRequest>,
    ) -> Result<Response<ProbeStoreResponse>, Status> {
        Err(unimplemented("ProbeStore"))
    }
}

impl Blobs {
    fn bucket(&self, state: BucketState) -> Bucket {
        Bucket {
            name: self.store.bucket().to_owned(),
            max_size_bytes: i64::try_from(self.max_size_bytes).unwrap_or(i64::MAX),
            state: state.into(),
            ..Bucket::default()
        }
    }
}
