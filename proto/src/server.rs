//! The server that both services run: their rpcs, health, reflection, and an end that is always reached.

use std::{convert::Infallible, time::Duration};

use http::{Request, Response};
use tokio::{net::TcpListener, sync::oneshot};
use tonic::{
    body::Body,
    server::NamedService,
    service::RoutesBuilder,
    transport::{self, server::TcpIncoming},
};
use tonic_health::{ServingStatus, server::HealthReporter};
use tonic_reflection::server::Builder;
use tower::Service;

use crate::{FILE_DESCRIPTOR_SET, call::CallLayer, health::Health};

/// How long calls under way may take to end after the stop; then they are cut off.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// HTTP/2 flow control: enough in flight for uploads at the speed of a local network.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// Chunks of uploads come in a frame or two, not in sixteen: each costs a read of its own.
const FRAME_BYTES: u32 = 128 << 10;
/// Finds peers that are gone without a word.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A gRPC server with health (`grpc.health.v1`) and reflection (v1 and v1alpha).
pub struct Server {
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    max_calls: usize,
    health: Health,
}

impl Server {
    /// A server of no services yet, which serves at most `max_calls` calls at once.
    #[must_use]
    pub fn new(max_calls: usize) -> Self {
        Self {
            routes: RoutesBuilder::default(),
            names: Vec::new(),
            max_calls,
            health: Health::default(),
        }
    }

    /// Tells gRPC health, for all services alike, what `health` knows.
    #[must_use]
    pub fn health(mut self, health: &Health) -> Self {
        self.health = health.clone();
        self
    }

    /// Adds a service.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// Serves on `listener` until `stop` resolves, then lets the calls under way end for at most ten seconds.
    ///
    /// # Errors
    /// When the descriptor set cannot be served, or the transport fails.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let (reporter, health_service) = tonic_health::server::health_reporter();
        self.routes.add_service(health_service);
        self.routes.add_service(reflection(&self.names).build_v1()?);
        self.routes
            .add_service(reflection(&self.names).build_v1alpha()?);
        set_all(&reporter, &self.names, ServingStatus::NotServing).await;

        let (stopped, drain) = oneshot::channel();
        let serving = transport::Server::builder()
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(Some(FRAME_BYTES))
            .http2_keepalive_interval(Some(KEEPALIVE))
            .layer(CallLayer::new(self.max_calls))
            .add_routes(self.routes.routes())
            .serve_with_incoming_shutdown(
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                async {
                    tell_health(&reporter, &self.names, &self.health, stop).await;
                    let _ = stopped.send(());
                },
            );
        tokio::select! {
            served = serving => Ok(served?),
            () = drain_limit(drain) => {
                tracing::warn!("calls were still under way when the time to drain was out");
                Ok(())
            }
        }
    }
}

/// Why a server ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptor set cannot be served by reflection.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("transport: {0}")]
    Transport(#[from] transport::Error),
}

/// Resolves when the process is asked to end: SIGTERM, or Ctrl-C.
pub async fn stop_signal() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be listened to");
                return;
            }
        };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Reflection that lists this server's own services alone: the descriptor set holds both packages.
fn reflection(names: &[&'static str]) -> Builder<'static> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // With these, grpcurl shows the details of an error in words.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    names
        .iter()
        .fold(builder, |builder, name| builder.with_service_name(*name))
}

/// Resolves when the time to drain is out: a dead peer can hold a graceful end open for ever.
async fn drain_limit(stopped: oneshot::Receiver<()>) {
    match stopped.await {
        Ok(()) => tokio::time::sleep(DRAIN_LIMIT).await,
        Err(_) => std::future::pending().await,
    }
}

/// Tells gRPC health whether the process is ready, until `stop` resolves; it is not from then on, and is told so.
async fn tell_health(
    reporter: &HealthReporter,
    names: &[&str],
    health: &Health,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut changes = health.changes();
    loop {
        let status = if changes.borrow_and_update().is_ready() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        set_all(reporter, names, status).await;
        tokio::select! {
            _ = changes.changed() => {}
            () = &mut stop => break,
        }
    }
    health.stop();
    set_all(reporter, names, ServingStatus::NotServing).await;
}

async fn set_all(reporter: &HealthReporter, names: &[&str], status: ServingStatus) {
    for name in names.iter().copied().chain([""]) {
        reporter.set_service_status(name, status).await;
    }
}
