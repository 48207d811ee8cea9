//! One request as it is written, and its answer as it came: for trials of what a store does. Nothing is tried again, and a
//! refusal is an answer like any other.

use super::dispatch::Extra;
use super::guard::error_code;
use super::wire::{self, RequestBody};
use super::{Error, Store};
use http_body_util::{BodyExt, Full};
use rusoto_core::signature::SignedRequest;
use std::time::Duration;
use tokio::time::timeout;

/// From the first byte sent to the last byte of the answer.
const TIME: Duration = Duration::from_secs(15);
/// Trials move little.
const MAX_BODY: usize = 1 << 20;

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header fields.
    pub headers: http::HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A field's value, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the store did what was asked. It may say in a 200 that it did not.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status) && error_code(&self.body).is_none()
    }

    /// Its status, and the code of a refusal, in words. The code is the store's text: only what looks like one is repeated.
    #[must_use]
    pub fn told(&self) -> String {
        let code = error_code(&self.body).filter(|code| {
            code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        match code {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }
}

impl Store {
    /// Sends a signed request for `key` in the bucket; an empty key is the bucket itself.
    pub async fn send(
        &self,
        method: &str,
        key: &str,
        parameters: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Error> {
        let path = format!("/{}/{key}", self.bucket);
        let path = path.trim_end_matches('/');
        let mut request = SignedRequest::new(method, "s3", &self.client.region, path);
        for (name, value) in parameters {
            request.add_param(*name, *value);
        }
        for (name, value) in headers {
            request.add_header(*name, value);
        }
        if !body.is_empty() {
            request.set_payload(Some(body.to_vec()));
        }
        let dispatcher = &self.client.dispatcher;
        dispatcher.complete(&mut request, Extra::default());
        self.exchange(wire::outgoing(request)?).await
    }

    /// Sends a request that is not signed, or whose signature is its own.
    pub async fn send_unsigned(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, Error> {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::from(body)
            .map_err(|never| match never {})
            .boxed_unsync();
        self.exchange(request.body(body).map_err(|_| Error::Refused)?)
            .await
    }

    async fn exchange(&self, request: http::Request<RequestBody>) -> Result<Answer, Error> {
        let exchange = async {
            let answer = self.client.dispatcher.raw(request).await?;
            let (head, body) = answer.into_parts();
            let body = wire::gather(body, MAX_BODY, TIME).await?;
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            })
        };
        timeout(TIME, exchange)
            .await
            .unwrap_or(Err(Error::Unavailable))
    }
}
