//! The last of a request before it is sent: where it goes, what it demands, and its signature.
//!
//! rusoto addresses path style and signs what it knows. Virtual hosts, `If-None-Match` and checksums are ours, and a store
//! may want them signed: so the signature is made here, by rusoto's signer, when all is there.

use super::dispatch::Extra;
use super::wire::{Body, Shape};
use super::{Endpoint, Style};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusoto_core::credential::AwsCredentials;
use rusoto_core::signature::SignedRequest;
use tracing::Span;

pub(super) struct Address {
    endpoint: Endpoint,
    credentials: AwsCredentials,
}

impl Address {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        let ours = &endpoint.credentials;
        Self {
            endpoint: endpoint.clone(),
            credentials: AwsCredentials::new(
                ours.access_key.clone(),
                ours.secret_key.clone(),
                ours.session_token.clone(),
                None,
            ),
        }
    }

    /// Completes and signs a request whose path is `/BUCKET` or `/BUCKET/KEY`, and tells what its answer will be.
    pub(super) fn complete(&self, request: &mut SignedRequest, extra: Extra) -> Shape {
        let path = request.path.trim_start_matches('/').to_owned();
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        record(bucket, key);
        if self.endpoint.style == Style::VirtualHost {
            request.path = self.endpoint.path(bucket, key);
        }
        request.set_hostname(Some(self.endpoint.host(bucket)));
        if extra.only_new {
            request.add_header("if-none-match", "*");
        }
        if let Some(sha256) = extra.sha256 {
            request.add_header("x-amz-checksum-sha256", &STANDARD.encode(sha256.as_bytes()));
        }
        request.sign(&self.credentials);
        let names_key = !key.is_empty();
        let asks = |part| request.params.contains_key(part);
        let body = match request.method.as_str() {
            "GET" if names_key && !asks("uploadId") => Body::Data,
            "GET" if asks("policy") => Body::Json,
            _ => Body::Document,
        };
        Shape { names_key, body }
    }
}

/// In the span of the call ([`super::call`]).
fn record(bucket: &str, key: &str) {
    let span = Span::current();
    span.record("aws.s3.bucket", bucket);
    if !key.is_empty() {
        span.record("aws.s3.key", key);
    }
}

#[cfg(test)]
mod tests;
