//! The rpcs of `PresignService`. Signing asks the store nothing, once it is known what the store does.

use super::request::{Batch, FormWrite, Parts, Read, Write};
use super::upload::request::{Completion, Creation, abortion};
use crate::error::Error;
use crate::key::Key;
use crate::object::timestamp;
use crate::server::Blobs;
use crate::sign::{Form, Pen, Presigned, attachment};
use contract::blob::v1::presign_service_server::PresignService;
use contract::blob::v1::{
    AbortMultipartUploadRequest, AbortMultipartUploadResponse, CompleteMultipartUploadRequest,
    CompleteMultipartUploadResponse, CreateMultipartUploadRequest, CreateMultipartUploadResponse,
    PresignGetRequest, PresignGetResponse, PresignPartsRequest, PresignPartsResponse,
    PresignPostRequest, PresignPostResponse, PresignPutRequest, PresignPutResponse, PresignedPost,
    PresignedUrl,
};
use std::future::Future;
use std::time::Duration;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use tracing::Instrument;

type Answered<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PresignService for Blobs {
    async fn presign_get(
        &self,
        request: Request<PresignGetRequest>,
    ) -> Answered<PresignGetResponse> {
        let request = request.into_inner();
        let stable = request.stable;
        let batch =
            Batch::<Read>::parse(request, &self.buckets, self.url_life).map_err(Error::from)?;
        let now = OffsetDateTime::now_utc();
        let lifetime = if stable {
            self.signer.stable_lifetime(now, batch.life)
        } else {
            self.signer.lifetime(now, batch.life)
        };
        let lifetime = lifetime.map_err(Error::from)?;
        let mut pen = self.signer.pen(batch.bucket.name(), lifetime);
        let urls = batch.items.into_iter().map(|Read { key, download_name }| {
            let disposition = download_name.as_deref().map(attachment);
            let signed = pen.get(key.as_str(), disposition.as_deref());
            wire(key, signed)
        });
        Ok(Response::new(PresignGetResponse {
            urls: urls.collect(),
        }))
    }

    async fn presign_put(
        &self,
        request: Request<PresignPutRequest>,
    ) -> Answered<PresignPutResponse> {
        let batch = Batch::<Write>::parse(request.into_inner(), &self.buckets, self.url_life)?;
        let known = batch
            .bucket
            .store
            .capabilities()
            .await
            .map_err(Error::from)?;
        let mut pen = self.pen(batch.bucket.name(), batch.life)?;
        let urls = batch.items.into_iter().map(|item| {
            let key = item.key.as_str();
            let digest = item.sha256.filter(|_| known.checksums);
            let (kind, size) = (&item.content_type, item.size_bytes);
            let signed = pen.put(key, kind, size, digest, known.conditional_put);
            wire(item.key, signed)
        });
        Ok(Response::new(PresignPutResponse {
            urls: urls.collect(),
        }))
    }

    async fn presign_post(
        &self,
        request: Request<PresignPostRequest>,
    ) -> Answered<PresignPostResponse> {
        let batch = Batch::<FormWrite>::parse(request.into_inner(), &self.buckets, self.url_life)?;
        let known = batch
            .bucket
            .store
            .capabilities()
            .await
            .map_err(Error::from)?;
        if !known.post_policy {
            return Err(Error::NoForms.into());
        }
        let pen = self.pen(batch.bucket.name(), batch.life)?;
        let posts = batch.items.into_iter().map(|item| {
            let form = pen.form(item.key.as_str(), &item.content_type, item.sizes);
            wire_form(item.key, form)
        });
        Ok(Response::new(PresignPostResponse {
            posts: posts.collect(),
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: Request<CreateMultipartUploadRequest>,
    ) -> Answered<CreateMultipartUploadResponse> {
        let creation = Creation::parse(request.into_inner(), &self.buckets)?;
        let upload_id = to_its_end(async move { creation.run().await.map(|id| (id, creation)) });
        let (upload_id, creation) = upload_id.await?;
        let plan = creation.plan();
        Ok(Response::new(CreateMultipartUploadResponse {
            upload_id: upload_id.to_string(),
            part_size_bytes: plan.part_size_bytes,
            part_count: plan.part_count,
        }))
    }

    async fn presign_parts(
        &self,
        request: Request<PresignPartsRequest>,
    ) -> Answered<PresignPartsResponse> {
        let Parts {
            key,
            upload_id,
            batch,
        } = Parts::parse(request.into_inner(), &self.buckets, self.url_life)?;
        let staging = upload_id.staging(&key);
        let mut pen = self.pen(batch.bucket.name(), batch.life)?;
        let urls = batch.items.into_iter().map(|(number, size)| {
            let signed = pen.part(staging.as_str(), &upload_id.store_id, number, size);
            wire(key.clone(), signed)
        });
        Ok(Response::new(PresignPartsResponse {
            urls: urls.collect(),
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: Request<CompleteMultipartUploadRequest>,
    ) -> Answered<CompleteMultipartUploadResponse> {
        let completion = Completion::parse(request.into_inner(), &self.buckets)?;
        let place = self.limits.upload()?;
        let blob = to_its_end(async move {
            let blob = completion.run().await;
            drop(place);
            blob
        });
        Ok(Response::new(CompleteMultipartUploadResponse {
            blob: Some(blob.await?),
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: Request<AbortMultipartUploadRequest>,
    ) -> Answered<AbortMultipartUploadResponse> {
        let upload = abortion(request.into_inner(), &self.buckets).map_err(Error::from)?;
        to_its_end(async move { upload.abort().await }).await?;
        Ok(Response::new(AbortMultipartUploadResponse {}))
    }
}

impl Blobs {
    fn pen(&self, bucket: &str, life: Duration) -> Result<Pen, Error> {
        let lifetime = self.signer.lifetime(OffsetDateTime::now_utc(), life)?;
        Ok(self.signer.pen(bucket, lifetime))
    }
}

/// Runs `work` in a task of its own: when the caller goes away, it is still not left half done.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Status> {
    let done = tokio::spawn(work.in_current_span()).await;
    Ok(done.map_err(|_| contract::status::internal())??)
}

fn wire(key: Key, signed: Presigned) -> PresignedUrl {
    PresignedUrl {
        key: key.into(),
        url: signed.url,
        expire_time: Some(timestamp(signed.expire_time)),
        headers: signed
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

fn wire_form(key: Key, form: Form) -> PresignedPost {
    PresignedPost {
        key: key.into(),
        url: form.url,
        fields: form
            .fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        expire_time: Some(timestamp(form.expire_time)),
    }
}
