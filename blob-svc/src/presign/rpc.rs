//! The rpcs of `PresignService`. Signing asks the store nothing.

use super::request::{Reads, Writes};
use crate::error::Error;
use crate::object::timestamp;
use crate::server::Blobs;
use crate::sign::{Lifetime, Presigned, attachment};
use contract::blob::v1::presign_service_server::PresignService;
use contract::blob::v1::{
    AbortMultipartUploadRequest, AbortMultipartUploadResponse, CompleteMultipartUploadRequest,
    CompleteMultipartUploadResponse, CreateMultipartUploadRequest, CreateMultipartUploadResponse,
    PresignGetRequest, PresignGetResponse, PresignPartsRequest, PresignPartsResponse,
    PresignPostRequest, PresignPostResponse, PresignPutRequest, PresignPutResponse, PresignedUrl,
};
use contract::status::unimplemented;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

type Answered<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PresignService for Blobs {
    async fn presign_get(
        &self,
        request: Request<PresignGetRequest>,
    ) -> Answered<PresignGetResponse> {
        let reads = Reads::parse(request.into_inner(), &self.buckets, self.url_life)
            .map_err(Error::from)?;
        let now = OffsetDateTime::now_utc();
        let lifetime = if reads.stable {
            Lifetime::stable(now, reads.life)
        } else {
            Lifetime::new(now, reads.life)
        };
        let urls = reads.items.into_iter().map(|(key, name)| {
            let disposition = name.as_deref().map(attachment);
            let bucket = reads.bucket.name();
            let signed = self
                .signer
                .get(bucket, key.as_str(), disposition.as_deref(), lifetime);
            wire(key.as_str(), signed)
        });
        Ok(Response::new(PresignGetResponse {
            urls: urls.collect(),
        }))
    }

    async fn presign_put(
        &self,
        request: Request<PresignPutRequest>,
    ) -> Answered<PresignPutResponse> {
        let writes = Writes::parse(request.into_inner(), &self.buckets, self.url_life)?;
        let lifetime = Lifetime::new(OffsetDateTime::now_utc(), writes.life);
        let urls = writes.items.into_iter().map(|item| {
            let key = item.key.as_str();
            wire(
                key,
                self.signer.put(
                    writes.bucket.name(),
                    key,
                    &item.content_type,
                    item.size_bytes,
                    item.sha256,
                    lifetime,
                ),
            )
        });
        Ok(Response::new(PresignPutResponse {
            urls: urls.collect(),
        }))
    }

    async fn presign_post(&self, _: Request<PresignPostRequest>) -> Answered<PresignPostResponse> {
        Err(unimplemented("PresignPost"))
    }

    async fn create_multipart_upload(
        &self,
        _: Request<CreateMultipartUploadRequest>,
    ) -> Answered<CreateMultipartUploadResponse> {
        Err(unimplemented("CreateMultipartUpload"))
    }

    async fn presign_parts(
        &self,
        _: Request<PresignPartsRequest>,
    ) -> Answered<PresignPartsResponse> {
        Err(unimplemented("PresignParts"))
    }

    async fn complete_multipart_upload(
        &self,
        _: Request<CompleteMultipartUploadRequest>,
    ) -> Answered<CompleteMultipartUploadResponse> {
        Err(unimplemented("CompleteMultipartUpload"))
    }

    async fn abort_multipart_upload(
        &self,
        _: Request<AbortMultipartUploadRequest>,
    ) -> Answered<AbortMultipartUploadResponse> {
        Err(unimplemented("AbortMultipartUpload"))
    }
}

fn wire(key: &str, signed: Presigned) -> PresignedUrl {
    PresignedUrl {
        key: key.to_owned(),
        url: signed.url,
        expire_time: Some(timestamp(signed.expire_time)),
        headers: signed
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}
