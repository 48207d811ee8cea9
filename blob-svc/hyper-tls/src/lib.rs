//! A stand-in for `hyper-tls` 0.5, put in its place by `[patch.crates-io]`.
//!
//! `rusoto_core` compiles only with a TLS feature: `rustls` brings releases with open advisories, `native-tls` links
//! OpenSSL through `hyper-tls`. blob-svc sends every request through a dispatcher of its own and never opens the
//! connections that rusoto would, so the type has to exist and nothing more: it connects in plain HTTP, and `https`
//! addresses are refused.

use hyper::client::HttpConnector;
use hyper::service::Service;
use std::task::{Context, Poll};

/// What `rusoto_core` names as its connector: plain HTTP only.
#[derive(Clone, Debug)]
pub struct HttpsConnector<C>(C);

impl HttpsConnector<HttpConnector> {
    /// A connector that refuses every scheme but `http`.
    #[must_use]
    pub fn new() -> Self {
        Self(HttpConnector::new())
    }
}

impl Default for HttpsConnector<HttpConnector> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Service<R>, R> Service<R> for HttpsConnector<C> {
    type Response = C::Response;
    type Error = C::Error;
    type Future = C::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}
