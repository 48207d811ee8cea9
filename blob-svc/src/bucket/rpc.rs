//! The rpcs of `BucketService`.

use super::{Standing, State};
use crate::error::Error;
use crate::object::Checks;
use crate::probe;
use crate::s3;
use crate::server::Blobs;
use contract::Violations;
use contract::blob::v1::bucket_service_server::BucketService;
use contract::blob::v1::{
    Bucket as WireBucket, BucketState, Capability, EnsureBucketsRequest, EnsureBucketsResponse,
    ListBucketsRequest, ListBucketsResponse, ProbeStoreRequest, ProbeStoreResponse,
};
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
        let buckets = self.told(true).await?;
        Ok(Response::new(EnsureBucketsResponse { buckets }))
    }

    async fn list_buckets(
        &self,
        _: Request<ListBucketsRequest>,
    ) -> Result<Response<ListBucketsResponse>, Status> {
        let buckets = self.told(false).await?;
        Ok(Response::new(ListBucketsResponse { buckets }))
    }

    async fn probe_store(
        &self,
        request: Request<ProbeStoreRequest>,
    ) -> Result<Response<ProbeStoreResponse>, Status> {
        let mut v = Violations::default();
        let bucket = v.bucket(&request.into_inner().bucket, &self.buckets);
        let store = v.accept(bucket).map_err(Error::from)?.store.clone();
        // To its end also when the caller goes away: what was made is to be removed.
        let trials = tokio::spawn(async move { probe::all(&store).await });
        let report = trials.await.unwrap_or(Err(s3::Error::Unavailable));
        let findings = report.map_err(Error::from)?.findings.into_iter();
        let capabilities = findings.map(|(name, finding)| Capability {
            name: name.to_owned(),
            supported: finding.supported,
            detail: finding.detail,
        });
        Ok(Response::new(ProbeStoreResponse {
            capabilities: capabilities.collect(),
        }))
    }
}

impl Blobs {
    async fn told(&self, mend: bool) -> Result<Vec<WireBucket>, Error> {
        let standings = self.buckets.standings(mend).await?;
        Ok(standings.into_iter().map(WireBucket::from).collect())
    }
}

impl From<Standing> for WireBucket {
    fn from(standing: Standing) -> Self {
        let rules = &standing.bucket.rules;
        Self {
            name: rules.name.clone(),
            public: rules.public,
            max_size_bytes: i64::try_from(rules.max_size_bytes).unwrap_or(i64::MAX),
            content_types: rules.content_types.clone(),
            state: BucketState::from(standing.state).into(),
            problems: standing.problems,
        }
    }
}

impl From<State> for BucketState {
    fn from(state: State) -> Self {
        match state {
            State::Ready => Self::Ready,
            State::Missing => Self::Missing,
            State::Incomplete => Self::Incomplete,
        }
    }
}
