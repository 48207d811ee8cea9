//! The rpcs of `ObjectService`.

use super::Stored;
use super::download::Answer;
use super::frames;
use super::prefix::{self, Progress};
use super::request::{self, Copy, Read};
use super::stale::Stale;
use crate::bucket::Bucket;
use crate::error::Error;
use crate::key::Key;
use crate::s3::Listed;
use crate::server::Blobs;
use contract::blob::v1::object_service_server::ObjectService;
use contract::blob::v1::{
    AbortStaleUploadsRequest, AbortStaleUploadsResponse, BatchHeadObjectsRequest,
    BatchHeadObjectsResponse, CopyObjectRequest, CopyObjectResponse, DeleteError,
    DeleteObjectRequest, DeleteObjectResponse, DeleteObjectsRequest, DeleteObjectsResponse,
    DeletePrefixRequest, GetObjectRequest, HeadObjectRequest, HeadObjectResponse,
    ListObjectsRequest, ListObjectsResponse, NewKeyRequest, NewKeyResponse, Object,
    PutObjectRequest, PutObjectResponse,
};
use futures::{StreamExt, TryStreamExt};
use prost_types::Timestamp;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument;

/// How many objects of a batch are asked after at once.
const CONCURRENT_HEADS: usize = 16;

type Answered<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ObjectService for Blobs {
    async fn put_object(
        &self,
        request: Request<Streaming<PutObjectRequest>>,
    ) -> Answered<PutObjectResponse> {
        let place = self.limits.upload()?;
        let (blobs, deadline) = (self.clone(), deadline());
        // A task of its own: when the caller goes away, the upload still ends cleanly.
        let upload = async move {
            let frames = frames::open(request.into_inner(), &blobs.buckets, deadline);
            let (upload, frames) = frames.await?;
            let answer = blobs.upload(upload, frames).await;
            drop(place);
            answer
        };
        let uploaded = tokio::spawn(upload.in_current_span()).await;
        let blob = uploaded.map_err(|_| contract::status::internal())??;
        Ok(Response::new(PutObjectResponse { blob: Some(blob) }))
    }

    type GetObjectStream = Answer;

    async fn get_object(&self, request: Request<GetObjectRequest>) -> Answered<Answer> {
        let read = Read::parse(request.into_inner(), &self.buckets).map_err(Error::from)?;
        let place = self.limits.download()?;
        let bucket = Arc::clone(&read.bucket);
        let answer = bucket.download(read, place, deadline()).await?;
        Ok(Response::new(answer))
    }

    async fn head_object(
        &self,
        request: Request<HeadObjectRequest>,
    ) -> Answered<HeadObjectResponse> {
        let HeadObjectRequest { bucket, key } = request.into_inner();
        let (bucket, key) = request::one_key(&bucket, key, &self.buckets).map_err(Error::from)?;
        let stored = bucket.store.head(key.as_str()).await;
        let stored = stored.map_err(Error::of_key(key.as_str()))?;
        Ok(Response::new(HeadObjectResponse {
            object: Some(bucket.object(key.to_string(), stored)),
        }))
    }

    async fn batch_head_objects(
        &self,
        request: Request<BatchHeadObjectsRequest>,
    ) -> Answered<BatchHeadObjectsResponse> {
        let (bucket, keys) =
            request::head_batch(request.into_inner(), &self.buckets).map_err(Error::from)?;
        let find = async |key: Key| {
            let stored = bucket.store.find(key.as_str()).await;
            stored.map(|stored| (key, stored))
        };
        let mut heads = futures::stream::iter(keys)
            .map(find)
            .buffered(CONCURRENT_HEADS);
        let mut answer = BatchHeadObjectsResponse::default();
        while let Some((key, stored)) = heads.try_next().await.map_err(Error::from)? {
            match stored {
                Some(stored) => answer.objects.push(bucket.object(key.to_string(), stored)),
                None => answer.missing_keys.push(key.to_string()),
            }
        }
        Ok(Response::new(answer))
    }

    async fn list_objects(
        &self,
        request: Request<ListObjectsRequest>,
    ) -> Answered<ListObjectsResponse> {
        let (bucket, listing, scope) =
            request::listing(request.into_inner(), &self.buckets).map_err(Error::from)?;
        let page = bucket.store.list(&listing).await.map_err(Error::from)?;
        Ok(Response::new(ListObjectsResponse {
            objects: page
                .objects
                .into_iter()
                .map(|object| bucket.listed(object))
                .collect(),
            prefixes: page.prefixes,
            next_page_token: page
                .next
                .map(|next| scope.token(next.as_bytes()))
                .unwrap_or_default(),
        }))
    }

    async fn delete_object(
        &self,
        request: Request<DeleteObjectRequest>,
    ) -> Answered<DeleteObjectResponse> {
        let DeleteObjectRequest {
            bucket,
            key,
            request_id,
        } = request.into_inner();
        let (bucket, key) = request::one_key_with_id(&bucket, key, &request_id, &self.buckets)
            .map_err(Error::from)?;
        let deleted = bucket.store.delete(key.as_str()).await;
        deleted.map_err(Error::from)?;
        Ok(Response::new(DeleteObjectResponse {}))
    }

    async fn delete_objects(
        &self,
        request: Request<DeleteObjectsRequest>,
    ) -> Answered<DeleteObjectsResponse> {
        let (bucket, keys) =
            request::delete_batch(request.into_inner(), &self.buckets).map_err(Error::from)?;
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let left = bucket.store.delete_many(&keys).await.map_err(Error::from)?;
        let kept: HashSet<String> = left.iter().map(|(key, _)| key.clone()).collect();
        Ok(Response::new(DeleteObjectsResponse {
            deleted_keys: keys.into_iter().filter(|key| !kept.contains(key)).collect(),
            errors: left
                .into_iter()
                .map(|(key, code)| DeleteError { key, code })
                .collect(),
        }))
    }

    type DeletePrefixStream = Progress;

    async fn delete_prefix(&self, request: Request<DeletePrefixRequest>) -> Answered<Progress> {
        let (bucket, folder, dry_run) =
            request::folder(request.into_inner(), &self.buckets).map_err(Error::from)?;
        Ok(Response::new(prefix::remove(bucket, folder, dry_run)))
    }

    async fn abort_stale_uploads(
        &self,
        request: Request<AbortStaleUploadsRequest>,
    ) -> Answered<AbortStaleUploadsResponse> {
        let stale = Stale::parse(request.into_inner(), &self.buckets).map_err(Error::from)?;
        Ok(Response::new(stale.abort().await?))
    }

    async fn copy_object(
        &self,
        request: Request<CopyObjectRequest>,
    ) -> Answered<CopyObjectResponse> {
        let copy = Copy::parse(request.into_inner(), &self.buckets).map_err(Error::from)?;
        let blob = self.copy(copy).await?;
        Ok(Response::new(CopyObjectResponse { blob: Some(blob) }))
    }

    async fn new_key(&self, request: Request<NewKeyRequest>) -> Answered<NewKeyResponse> {
        let (purpose, name) = request::new_key(request.into_inner()).map_err(Error::from)?;
        let key = purpose.new_key(&name, OffsetDateTime::now_utc());
        Ok(Response::new(NewKeyResponse {
            key: key.to_string(),
        }))
    }
}

impl Bucket {
    /// An object on the wire.
    pub(super) fn object(&self, key: String, stored: Stored) -> Object {
        Object {
            bucket: self.name().to_owned(),
            key,
            size_bytes: i64::try_from(stored.size_bytes).unwrap_or(i64::MAX),
            sha256: stored
                .attributes
                .sha256
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            content_type: stored.attributes.content_type,
            original_name: stored.attributes.original_name.unwrap_or_default(),
            etag: stored.etag,
            create_time: Some(timestamp(stored.create_time)),
        }
    }

    fn listed(&self, object: Listed) -> Object {
        Object {
            bucket: self.name().to_owned(),
            key: object.key,
            size_bytes: i64::try_from(object.size_bytes).unwrap_or(i64::MAX),
            etag: object.etag,
            create_time: Some(timestamp(object.create_time)),
            ..Object::default()
        }
    }
}

/// When the time of the call is out that is being handled.
fn deadline() -> Instant {
    let left = contract::call::time_left();
    // Handlers always have one. What has none may take as long as the longest call.
    Instant::now() + left.unwrap_or(Duration::from_secs(3_600))
}

/// A time on the wire.
pub(crate) fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: at.unix_timestamp(),
        nanos: i32::try_from(at.nanosecond()).unwrap_or_default(),
    }
}
