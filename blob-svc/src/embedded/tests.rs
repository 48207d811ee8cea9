//! The backend as callers meet it: through its endpoint, with the client of [`crate::s3`] and with signed URLs.

mod listings;
mod objects;
mod parts;
mod restarts;
mod settings;
mod urls;

use super::*;
use crate::object::{Attributes, OCTET_STREAM, Sha256 as Digest, Span};
use crate::s3::{Client as StoreClient, Condition, Error as StoreError, Listing, Store};
use crate::sign::{Lifetime, Pen, Presigned, Signer, attachment};
use bytes::Bytes;
use futures::TryStreamExt;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

const BUCKET: &str = "testbucket";

/// An endpoint on an empty folder, with its bucket made.
struct Rig {
    folder: TempDir,
    embedded: Embedded,
    store: Store,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (embedded, store) = Self::open(&folder).await;
        store.ensure_bucket().await.expect("the bucket can be made");
        Self {
            folder,
            embedded,
            store,
        }
    }

    async fn open(folder: &TempDir) -> (Embedded, Store) {
        let embedded = Embedded::start(folder.path(), 0)
            .await
            .expect("the folder can be served");
        let store = StoreClient::new(&embedded.endpoint).bucket(BUCKET);
        (embedded, store)
    }

    /// Stops the endpoint, lets `meanwhile` at the folder, and serves it again.
    async fn restart(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self {
            folder,
            embedded,
            store,
        } = self;
        drop((embedded, store));
        // The index is unlocked when the last connection has let go of it.
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while let Err(error) = Backend::open(folder.path()) {
            assert!(
                std::time::Instant::now() < deadline,
                "the index stays locked: {error}"
            );
            tokio::task::yield_now().await;
        }
        meanwhile(folder.path());
        let (embedded, store) = Self::open(&folder).await;
        Self {
            folder,
            embedded,
            store,
        }
    }

    async fn put(&self, key: &str, bytes: impl Into<Bytes>) -> Result<(), StoreError> {
        self.store.put(key, &plain(), &[bytes.into()]).await
    }

    async fn get(&self, key: &str, span: Span) -> Result<Vec<u8>, StoreError> {
        let download = self.store.get(key, span, &Condition::default()).await?;
        let chunks: Vec<Bytes> = download
            .body
            .try_collect()
            .await
            .expect("the body comes whole");
        Ok(chunks.concat())
    }

    async fn keys(&self, listing: Listing) -> Vec<String> {
        let page = self
            .store
            .list(&listing)
            .await
            .expect("the bucket can be listed");
        page.objects.into_iter().map(|object| object.key).collect()
    }

    fn files(&self) -> usize {
        data_files(self.folder.path()).len()
    }

    fn pen(&self, lifetime: Lifetime) -> Pen {
        Signer::new(self.embedded.endpoint.clone()).pen(BUCKET, lifetime)
    }
}

fn data_files(folder: &Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(folder.join("objects")).expect("the folder is there");
    let files =
        shards.flat_map(|shard| fs::read_dir(shard.expect("readable").path()).expect("readable"));
    files.map(|file| file.expect("readable").path()).collect()
}

fn plain() -> Attributes {
    Attributes {
        content_type: OCTET_STREAM.to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    }
}

fn all() -> Listing {
    Listing {
        limit: 1_000,
        ..Listing::default()
    }
}

fn minute() -> Lifetime {
    Lifetime::new(OffsetDateTime::now_utc(), Duration::from_secs(60))
}

async fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> http::Response<Bytes> {
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::copy_from_slice(body.as_ref())))
        .expect("a request can be made of this");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.expect("the endpoint answers");
    let (head, body) = answer.into_parts();
    http::Response::from_parts(head, body.collect().await.expect("a whole body").to_bytes())
}

async fn send_signed(
    method: &str,
    signed: &Presigned,
    body: &'static [u8],
) -> http::Response<Bytes> {
    let headers: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    send(method, &signed.url, &headers, body).await
}
