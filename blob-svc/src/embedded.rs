//! The S3 endpoint in this process, for development, tests and single machines: served when no `S3_ENDPOINT` is set.
//!
//! The crate `s3s` speaks the protocol and checks signatures; behind it lies a file backend of ours. An object's bytes are one
//! immutable file, named by us and never by the key; the index (redb, sorted by bucket and key) says which file is which
//! object. A write reaches the disk in this order: bytes to `incoming/`, length and digests checked, fsync, rename to
//! `objects/`, fsync of the folder, commit of the index, answer. What a crash leaves between two of these steps is named by
//! no index entry, and is removed at the next start.

mod access;
mod bucket;
mod copy;
mod cors;
mod digest;
mod error;
mod files;
mod form;
mod identity;
mod index;
mod lifecycle;
mod listing;
mod multipart;
mod object;
mod parts;
mod protocol;
mod record;
mod settings;

use self::error::Error;
use self::files::Files;
use self::form::Front;
use self::index::Index;
use self::lifecycle::keep_removing;
use crate::s3::{Credentials, Endpoint, Style};
use anyhow::Context;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::S3Result;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How much of a request is read at once: every connection has this much in memory.
const READ_AHEAD: usize = 64 << 10;
/// What signatures must name as their region.
const REGION: &str = "us-east-1";

/// A running endpoint; dropping it stops it. Nothing acknowledged is lost by that, nor by kill -9.
#[derive(Debug)]
pub struct Embedded {
    /// Where it is, and with whose credentials it is reached.
    pub endpoint: Endpoint,
    running: JoinHandle<Infallible>,
}

impl Embedded {
    /// Opens or makes the data folder and serves it on loopback. `port` 0 means the port of the last time where it is free,
    /// else one that the system picks; credentials are made once and kept, so that signed URLs outlive a restart.
    ///
    /// Fails when another process has the folder open, or when it cannot be written.
    pub async fn start(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let backend =
            Backend::open(folder).with_context(|| format!("cannot open {}", folder.display()))?;
        let credentials = identity::credentials(folder)
            .context("cannot keep the embedded store's credentials")?;
        let listener = identity::listen(folder, port)
            .await
            .context("cannot listen for the embedded store")?;
        let endpoint = Endpoint {
            scheme: "http",
            authority: listener.local_addr()?.to_string(),
            style: Style::Path,
            region: REGION.to_owned(),
            credentials: Credentials {
                access_key: credentials.access_key.clone(),
                secret_key: credentials.secret_key.clone(),
                session_token: None,
                expire_time: None,
            },
            ca: Vec::new(),
        };
        let front = Front::new(&backend, &credentials.access_key, &credentials.secret_key);
        let running = async move {
            tokio::select! {
                never = accept(listener, backend.clone(), front) => never,
                never = keep_removing(backend.clone()) => never,
            }
        };
        Ok(Self {
            endpoint,
            running: tokio::spawn(running),
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn accept(listener: TcpListener, backend: Backend, front: Front) -> Infallible {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: waiting lets some be closed.
                tracing::warn!(%error, "the embedded store cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        // Fails only on a connection that is gone already.
        let _ = stream.set_nodelay(true);
        let (backend, front) = (backend.clone(), front.clone());
        let service =
            service_fn(move |request| cors::serve(backend.clone(), front.clone(), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .max_buf_size(READ_AHEAD)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the embedded store broke");
            }
        });
    }
}

/// The file backend behind the protocol.
#[derive(Clone)]
struct Backend(Arc<Disk>);

/// What lies in the data folder. All of it blocks.
struct Disk {
    index: Index,
    files: Files,
}

impl Backend {
    /// Opens the folder, and removes the files that no entry names.
    fn open(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder)?;
        // The index comes first: its lock keeps a second process from taking our files for leftovers.
        let index = Index::open(&folder.join("index.redb"))?;
        let files = Files::open(folder)?;
        files.sweep(&index.named_files()?)?;
        Ok(Self(Arc::new(Disk { index, files })))
    }

    /// Runs what blocks, to its end also when the caller goes away.
    async fn disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Disk) -> Result<T, Error> + Send + 'static,
    ) -> S3Result<T> {
        let disk = Arc::clone(&self.0);
        Ok(blocking(move || work(&disk)).await?)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|failure| Err(std::io::Error::other(failure).into()))
}

#[cfg(test)]
mod tests;
