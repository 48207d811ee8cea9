//! The admin port: plain HTTP/1.1 for probes and Prometheus, apart from gRPC and its limits.
//!
//! `/health` tells of every dependency and answers 200 as long as the process lives: a restart mends no dependency, so liveness
//! does not depend on any. `/ready` answers the same with 503 when calls should go elsewhere. `/metrics` is Prometheus' text.
//! A connection is answered once, has little time and few bytes, and is cut when the process ends: nobody waits for it.

mod answer;
mod process;
mod recorder;

use std::{io, net::SocketAddr, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::{interval, sleep, timeout},
};

use crate::health::Health;

/// Probes and scrapers at once; one more waits for the first to be through.
const MAX_CONNECTIONS: usize = 64;
/// From the connection to the end of its answer.
const TIME: Duration = Duration::from_secs(10);
/// Of a request's head; hyper allows no less.
const MAX_HEAD_BYTES: usize = 8 << 10;
/// How often what was measured is summed up: until then every call's duration is kept, 16 bytes each.
const UPKEEP: Duration = Duration::from_secs(1);
/// Out of file descriptors, most likely: waiting lets some be closed.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The admin port, served until this is dropped.
#[derive(Debug)]
pub struct Admin {
    serving: JoinHandle<()>,
}

/// Why there is no admin port.
#[derive(Debug, thiserror::Error)]
#[error("ADMIN_ADDR: cannot listen on {address}: {cause}")]
pub struct AdminError {
    address: SocketAddr,
    #[source]
    cause: io::Error,
}

impl Admin {
    /// Serves `health` and what the process measures, from now on, at `address`. Without an address nothing is served or measured.
    /// Call it inside of the runtime, before anything that is worth measuring.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(
        address: Option<SocketAddr>,
        health: &Health,
    ) -> Result<Option<Self>, AdminError> {
        let Some(address) = address else {
            return Ok(None);
        };
        let failed = |cause| AdminError { address, cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(%address, "the admin port is open");
        let serving = accept(listener, health.clone(), recorder::installed());
        Ok(Some(Self {
            serving: tokio::spawn(serving),
        }))
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, health: Health, recorder: PrometheusHandle) {
    // Dropped with this task, and its connections with it.
    let mut connections = JoinSet::new();
    let mut upkeep = interval(UPKEEP);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, health.clone(), recorder.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the admin port cannot accept a connection");
                    sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = upkeep.tick() => recorder.run_upkeep(),
        }
    }
}

async fn serve(stream: TcpStream, health: Health, recorder: PrometheusHandle) {
    let answers = service_fn(|request| {
        std::future::ready(answer::answer(&request, &health.picture(), &recorder))
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answers);
    // A client that broke off, or was too slow, has nobody to tell.
    let _ = timeout(TIME, served).await;
}
