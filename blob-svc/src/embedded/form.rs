//! Forms (`PostObject`): who may send them, how large they may be, and what becomes of them.

use super::Backend;
use http::{Method, header};
use hyper::body::Incoming;
use hyper::service::Service;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::dto::{ETagCondition, PostObjectInput, PostObjectOutput, PutObjectInput};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3ErrorCode, S3Request, S3Result};
use std::sync::Arc;

/// A policy may be as old as 7 days ("Authenticating Requests: Browser-Based Uploads Using POST", Amazon S3 API Reference);
/// `s3s` allows its date the 15 minutes that clocks may differ.
const OLDEST_POLICY_SECONDS: u32 = 604_800;
/// `s3s` gathers a form's file in memory, and knows only then who sent it.
const MAX_FILE: u64 = 256 << 20;

/// The protocol: once for forms, and once for all else.
#[derive(Clone)]
pub(super) struct Front {
    forms: S3Service,
    rest: S3Service,
}

impl Front {
    pub(super) fn new(backend: &Backend, access_key: &str, secret_key: &str) -> Self {
        let mut config = S3Config::default();
        config.presigned_url_max_skew_time_secs = OLDEST_POLICY_SECONDS;
        config.post_object_max_file_size = MAX_FILE;
        let serve = |config| {
            let mut service = S3ServiceBuilder::new(backend.clone());
            service.set_access(backend.clone());
            service.set_auth(SimpleAuth::from_single(access_key, secret_key));
            service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
            service.build()
        };
        Self {
            forms: serve(config),
            rest: serve(S3Config::default()),
        }
    }
}

impl Service<http::Request<Incoming>> for Front {
    type Response = <S3Service as Service<http::Request<Incoming>>>::Response;
    type Error = <S3Service as Service<http::Request<Incoming>>>::Error;
    type Future = <S3Service as Service<http::Request<Incoming>>>::Future;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        if is_form(&request) {
            Service::call(&self.forms, request)
        } else {
            Service::call(&self.rest, request)
        }
    }
}

/// For such requests `s3s` reads signatures in the form alone.
fn is_form<T>(request: &http::Request<T>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let (essence, _) = kind.split_once(';').unwrap_or((kind, ""));
    request.method() == Method::POST && essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

impl Backend {
    /// Stores the file of a form under a key that is free: a policy cannot ask for that, so it is always asked for.
    pub(super) async fn post(
        &self,
        request: S3Request<PostObjectInput>,
    ) -> S3Result<PostObjectOutput> {
        let stored = self.store(put_of(request.input)?, None).await?;
        Ok(PostObjectOutput {
            e_tag: stored.e_tag,
            ..PostObjectOutput::default()
        })
    }
}

fn put_of(form: PostObjectInput) -> S3Result<PutObjectInput> {
    let mut put = PutObjectInput::builder();
    put.set_bucket(form.bucket);
    put.set_key(form.key);
    put.set_body(form.body);
    put.set_content_length(form.content_length);
    put.set_content_md5(form.content_md5);
    put.set_content_type(form.content_type);
    put.set_checksum_crc32(form.checksum_crc32);
    put.set_checksum_crc32c(form.checksum_crc32c);
    put.set_checksum_crc64nvme(form.checksum_crc64nvme);
    put.set_checksum_sha1(form.checksum_sha1);
    put.set_checksum_sha256(form.checksum_sha256);
    put.set_metadata(form.metadata);
    put.set_if_none_match(Some(ETagCondition::Any));
    put.build().map_err(|_| S3ErrorCode::InvalidArgument.into())
}
