//! rusoto's requests, sent by hyper 1 over rustls with *ring*: connections, and bounds in time.
//!
//! HTTP/1.1 and no redirects: an S3 redirect means a wrong region, which is an error to show. Sending again is [`call`]'s,
//! where a request is signed anew.
//!
//! [`call`]: super::call

use super::address::Address;
use super::resolver::Resolver;
use super::wire::{self, RequestBody, Shape};
use super::{Endpoint, Error};
use crate::object::Sha256;
use futures::TryFutureExt;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rusoto_core::request::{DispatchSignedRequestFuture, HttpResponse};
use rusoto_core::signature::SignedRequest;
use rusoto_core::{DispatchSignedRequest, HttpDispatchError};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

const CONNECT: Duration = Duration::from_secs(3);
/// From the last byte sent to the head of the answer of a read.
const HEAD_OF_READ: Duration = Duration::from_secs(10);
/// The same of a write: completing a large upload may take a store many seconds.
const HEAD_OF_WRITE: Duration = Duration::from_secs(30);
/// Between two chunks of an answer's body.
const IDLE_BODY: Duration = Duration::from_secs(15);
/// Servers commonly close an idle connection after 20 s or later; ours must be the first to go.
const IDLE_CONNECTION: Duration = Duration::from_secs(15);
const IDLE_CONNECTIONS: usize = 64;
/// How much of an answer is read at once: every download has this much in memory twice or three times.
const READ_AHEAD: usize = 128 << 10;

#[derive(Clone)]
pub(super) struct Dispatcher {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, RequestBody>,
    address: Arc<Address>,
    extra: Extra,
}

/// What a request carries beside what rusoto knows of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extra {
    /// Keys are written once: the store refuses when the key is taken (`If-None-Match`, RFC 9110, section 13.1.2).
    pub(super) only_new: bool,
    /// What the body's digest must be: the store refuses what arrives otherwise.
    pub(super) sha256: Option<Sha256>,
}

impl Dispatcher {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver::default());
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls(&endpoint.ca))
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(READ_AHEAD)
            .build(https);
        Self {
            client,
            address: Arc::new(Address::new(endpoint)),
            extra: Extra::default(),
        }
    }

    /// The same connections, for requests that carry `extra`.
    pub(super) fn with(&self, extra: Extra) -> Self {
        Self {
            extra,
            ..self.clone()
        }
    }

    /// Addresses and signs a request.
    pub(super) fn complete(&self, request: &mut SignedRequest, extra: Extra) -> Shape {
        self.address.complete(request, extra)
    }

    /// Sends a request as it stands, and answers the head of whatever comes back.
    pub(super) async fn raw(
        &self,
        request: http::Request<RequestBody>,
    ) -> Result<http::Response<Incoming>, Error> {
        self.client.request(request).await.map_err(broken)
    }

    async fn exchange(&self, mut request: SignedRequest) -> Result<HttpResponse, Error> {
        let shape = self.complete(&mut request, self.extra);
        let request = wire::outgoing(request)?;
        let patience = if request.method().is_safe() {
            HEAD_OF_READ
        } else {
            HEAD_OF_WRITE
        };
        let sent = Pulse::new();
        let beat = sent.clone();
        let request = request.map(|body| {
            body.map_frame(move |frame| {
                beat.beat();
                frame
            })
            .boxed_unsync()
        });
        let mut answer = std::pin::pin!(self.client.request(request).map_err(broken));
        loop {
            let deadline = sent.last() + patience;
            match timeout_at(deadline, &mut answer).await {
                Ok(answer) => return wire::incoming(answer?, shape, IDLE_BODY).await,
                Err(_) if sent.last() + patience > deadline => {}
                Err(_) => return Err(Error::Unavailable),
            }
        }
    }
}

/// Whether the request arrived is not known. It also breaks when an upload is given up, which is no failure of the store.
fn broken(error: hyper_util::client::legacy::Error) -> Error {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let cause = causes.last().map(ToString::to_string);
    if error.is_connect() {
        tracing::warn!(%error, cause, "the store cannot be reached");
    } else {
        tracing::info!(%error, cause, "a request to the store broke off");
    }
    Error::Unavailable
}

/// The system's idea of trust does not exist in a minimal image: the web's roots are compiled in.
fn tls(ca: &[CertificateDer<'static>]) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring implements the default protocol versions");
    let trusting = if ca.is_empty() {
        builder.with_webpki_roots()
    } else {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(ca.iter().cloned());
        builder.with_root_certificates(roots)
    };
    trusting.with_no_client_auth()
}

impl DispatchSignedRequest for Dispatcher {
    fn dispatch(&self, request: SignedRequest, _: Option<Duration>) -> DispatchSignedRequestFuture {
        let dispatcher = self.clone();
        Box::pin(async move {
            dispatcher
                .exchange(request)
                .await
                .map_err(|error| HttpDispatchError::new(error.to_string()))
        })
    }
}

/// When an upload last moved.
#[derive(Clone)]
struct Pulse(Arc<Mutex<Instant>>);

impl Pulse {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
