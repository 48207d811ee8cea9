//! The rpcs of `BucketService`.

use super::Bucket;
use crate::error::Error;
use crate::server::Blobs;
use contract::Violations;
use contract::blob::v1::bucket_service_server::BucketService;
use contract::blob::v1::{
    Bucket as WireBucket, BucketState, EnsureBucketsRequest, EnsureBucketsResponse,
    ListBucketsRequest, ListBucketsResponse, ProbeStoreRequest, ProbeStoreResponse,
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
        let mut buckets = Vec::new();
        for bucket in self.buckets.iter() {
            bucket.store.ensure_bucket().await.map_err(Error::from)?;
            buckets.push(wire(bucket, BucketState::Ready));
        }
        Ok(Response::new(EnsureBucketsResponse { buckets }))
    }

    async fn list_buckets(
        &self,
        _: Request<ListBucketsRequest>,
    ) -> Result<Response<ListBucketsResponse>, Status> {
        let mut buckets = Vec::new();
        for bucket in self.buckets.iter() {
            let there = bucket.store.bucket_exists().await.map_err(Error::from)?;
            let state = if there {
                BucketState::Ready
            } else {
                BucketState::Missing
            };
            buckets.push(wire(bucket, state));
        }
        Ok(Response::new(ListBucketsResponse { buckets }))
    }

    async fn probe_store(
        &self,
        _: Request<ProbeStoreRequest>,
    ) -> Result<Response<ProbeStoreResponse>, Status> {
        Err(unimplemented("ProbeStore"))
    }
}

fn wire(bucket: &Bucket, state: BucketState) -> WireBucket {
    WireBucket {
        name: bucket.name().to_owned(),
        max_size_bytes: i64::try_from(bucket.rules.max_size_bytes).unwrap_or(i64::MAX),
        state: state.into(),
        ..WireBucket::default()
    }
}
