//! Download: an object's bytes in order, resumed where a connection breaks, checked against its length and hash at the end.
//!
//! 1. `GetObject` streams the bytes into a file whose name ends in `.partial`; a break is resumed where it was.
//! 2. Length and hash are checked, and the file is synced.
//! 3. The file gets its name.
//!
//! Dead behind 1 or 2: the `.partial` file, which a rerun begins anew. Dead behind 3: the whole file. Under its name there is all of
//! it, or what was there before.

use std::path::Path;

use bytes::Bytes;
use contract::{
    blob::v1::{GetObjectRequest, GetObjectResponse, Object, get_object_response::Frame},
    id::new_id,
};
use sha2::{Digest as _, Sha256};
use tokio::{fs::File, io::AsyncWriteExt as _};
use tonic::Streaming;

use crate::{Caller, Error, Progress, Result, flow::Flow};

const STEP: &str = "GetObject";

/// A download under way.
#[derive(Debug)]
pub struct Download {
    flow: Flow,
    object: Object,
    stream: Streaming<GetObjectResponse>,
    read_bytes: i64,
    hash: Sha256,
}

impl Caller {
    /// Begins to read an object.
    ///
    /// # Errors
    /// As `GetObject`.
    pub async fn open(&self, key: &str) -> Result<Download> {
        open(&Flow::begin(self, "download", new_id()), key).await
    }

    /// Reads an object into a file, which appears whole or not at all.
    ///
    /// # Errors
    /// As `GetObject`; [`Error::File`] when the file cannot be written; [`Error::Broken`] when the bytes are not those that
    /// were stored.
    pub async fn download(&self, key: &str, path: &Path) -> Result<Object> {
        let mut download = self.open(key).await?;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let mut file = File::create(&partial)
            .await
            .map_err(Error::file(&partial))?;
        while let Some(chunk) = download.chunk().await? {
            file.write_all(&chunk)
                .await
                .map_err(Error::file(&partial))?;
        }
        file.sync_all().await.map_err(Error::file(&partial))?;
        tokio::fs::rename(&partial, path)
            .await
            .map_err(Error::file(path))?;
        Ok(download.object)
    }
}

/// Begins to read an object as a step of `flow`.
pub(crate) async fn open(flow: &Flow, key: &str) -> Result<Download> {
    let (object, stream) = begin(flow, key, "", 0).await?;
    flow.tell(Progress::Expected(object.size_bytes.unsigned_abs()));
    Ok(Download {
        flow: flow.clone(),
        object,
        stream,
        read_bytes: 0,
        hash: Sha256::new(),
    })
}

impl Download {
    /// What is known of the object.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The next bytes; `None` behind the last, when all of them were those that were stored.
    ///
    /// # Errors
    /// As `GetObject`; [`Error::Broken`] when the bytes are not those that were stored.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.read_bytes == self.object.size_bytes {
                return self.check().map(|()| None);
            }
            match self.flow.next(STEP, self.stream.message()).await {
                Ok(Some(GetObjectResponse {
                    frame: Some(Frame::Chunk(chunk)),
                })) => {
                    self.take(&chunk)?;
                    return Ok(Some(chunk));
                }
                Ok(Some(_)) => {}
                Ok(None) => return Err(broken("the stream ended before the object did")),
                Err(error) if error.is_transient() => self.resume().await?,
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, chunk: &Bytes) -> Result<()> {
        self.read_bytes += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
        if self.read_bytes > self.object.size_bytes {
            return Err(broken("more bytes arrived than the object has"));
        }
        self.hash.update(chunk);
        self.flow.tell(Progress::Done(chunk.len() as u64));
        Ok(())
    }

    async fn resume(&mut self) -> Result<()> {
        let Object { key, etag, .. } = &self.object;
        (_, self.stream) = begin(&self.flow, key, etag, self.read_bytes).await?;
        Ok(())
    }

    /// An object that something else stored has no hash to check.
    fn check(&self) -> Result<()> {
        let stored = &self.object.sha256;
        if stored.is_empty() || *stored == hex::encode(self.hash.clone().finalize()) {
            return Ok(());
        }
        Err(broken("the bytes are not those that were stored"))
    }
}

async fn begin(
    flow: &Flow,
    key: &str,
    if_match: &str,
    offset_bytes: i64,
) -> Result<(Object, Streaming<GetObjectResponse>)> {
    let request = GetObjectRequest {
        key: key.to_owned(),
        offset_bytes,
        if_match: if_match.to_owned(),
        ..Default::default()
    };
    flow.attempt(STEP, || async {
        let mut objects = flow.caller.objects();
        let answer = objects.get_object(flow.request(request.clone())).await;
        let mut stream = answer.map_err(Error::at(STEP))?.into_inner();
        match stream.message().await.map_err(Error::at(STEP))? {
            Some(GetObjectResponse {
                frame: Some(Frame::Object(object)),
            }) => Ok((object, stream)),
            _ => Err(broken("the description of the object did not come first")),
        }
    })
    .await
}

fn broken(problem: &str) -> Error {
    Error::Broken {
        step: STEP,
        problem: problem.to_owned(),
    }
}
