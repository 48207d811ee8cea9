//! What is to be stored: a file or bytes at hand, read in chunks, never held whole when it is a file.

use std::{
    fs,
    io::{self, BufReader, Read as _},
    path::PathBuf,
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;
use tokio_util::io::ReaderStream;

use crate::{Error, Result};

/// How much is read and sent at once.
pub(crate) const CHUNK_BYTES: usize = 256 << 10;

/// Bytes to be stored.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file. It is read twice, for its hash and for the upload: when it changes in between, nothing is stored.
    File(PathBuf),
    /// Bytes at hand.
    Bytes(Bytes),
}

/// The length and the SHA-256 (lower-case hexadecimal) of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) size_bytes: i64,
    pub(crate) sha256: String,
}

impl Source {
    /// The name of the file, where it is one.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        match self {
            Self::File(path) => Some(path.file_name()?.to_string_lossy().into_owned()),
            Self::Bytes(_) => None,
        }
    }

    /// The name that was given, or that of the file; `field` is where one is missed.
    pub(crate) fn name(&self, given: &str, field: &str) -> Result<String> {
        let name = match given {
            "" => self.file_name().unwrap_or_default(),
            given => given.to_owned(),
        };
        if name.is_empty() {
            return Err(Error::Invalid {
                field: field.to_owned(),
                problem: "is required where the source is no file".into(),
            });
        }
        Ok(name)
    }

    /// Reads all of it, off the runtime.
    pub(crate) async fn digest(&self) -> Result<Digest> {
        let source = self.clone();
        blocking(move || match source {
            Self::Bytes(bytes) => Ok(Digest::of(bytes.len(), Sha256::new_with_prefix(&bytes))),
            Self::File(path) => hash_file(&path).map_err(Error::file(path)),
        })
        .await
    }

    /// The width and the height of a picture in pixels, from its header alone. `None` where it is no picture.
    pub(crate) async fn dimensions(&self) -> Result<Option<(i32, i32)>> {
        let source = self.clone();
        let size = blocking(move || match source {
            Self::Bytes(bytes) => Ok(imagesize::blob_size(&bytes).ok()),
            Self::File(path) => {
                let file = fs::File::open(&path).map_err(Error::file(path))?;
                Ok(imagesize::reader_size(BufReader::new(file)).ok())
            }
        })
        .await?;
        let pixels = |n: usize| i32::try_from(n).ok();
        Ok(size.and_then(|s| Some((pixels(s.width)?, pixels(s.height)?))))
    }

    /// Its bytes in order, in chunks.
    pub(crate) async fn chunks(&self) -> Result<impl Stream<Item = io::Result<Bytes>> + use<>> {
        match self {
            Self::File(path) => {
                let file = tokio::fs::File::open(path)
                    .await
                    .map_err(Error::file(path))?;
                Ok(ReaderStream::with_capacity(file, CHUNK_BYTES).left_stream())
            }
            Self::Bytes(bytes) => {
                let bytes = bytes.clone();
                let starts = (0..bytes.len()).step_by(CHUNK_BYTES);
                let chunks = starts
                    .map(move |start| Ok(bytes.slice(start..bytes.len().min(start + CHUNK_BYTES))));
                Ok(stream::iter(chunks).right_stream())
            }
        }
    }
}

impl Digest {
    fn of(size: usize, hash: Sha256) -> Self {
        Self {
            size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
            sha256: hex::encode(hash.finalize()),
        }
    }
}

fn hash_file(path: &PathBuf) -> io::Result<Digest> {
    let mut file = fs::File::open(path)?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(Digest::of(size, hash));
        }
        hash.update(&buffer[..read]);
        size += read;
    }
}

/// The media type that the ending of a file's name says; empty where it says nothing.
pub(crate) fn content_type(name: &str) -> String {
    let guess = mime_guess::from_path(name).first_raw();
    guess.unwrap_or_default().to_owned()
}

/// Runs what blocks off the runtime; a panic in there goes on here.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_file_and_its_bytes_have_one_digest_and_one_sequence_of_chunks() {
        let bytes: Vec<u8> = (0..CHUNK_BYTES * 2 + 7).map(|n| (n % 251) as u8).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("файл.bin");
        fs::write(&path, &bytes).expect("a temporary file");
        let (file, memory) = (Source::File(path), Source::Bytes(bytes.clone().into()));

        let digest = file.digest().await.expect("readable");
        assert_eq!(digest, memory.digest().await.expect("readable"));
        assert_eq!(digest.size_bytes, bytes.len() as i64);
        for source in [file, memory] {
            let chunks = source.chunks().await.expect("readable");
            let chunks: Vec<Bytes> = chunks.try_collect().await.expect("readable");
            assert_eq!(chunks.concat(), bytes);
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_named() {
        let error = Source::File("/nowhere/plan.pdf".into()).digest().await;
        let error = error.expect_err("there is no such file");
        assert!(error.to_string().contains("/nowhere/plan.pdf"), "{error}");
    }

    #[tokio::test]
    async fn a_picture_tells_its_dimensions_and_a_text_has_none() {
        let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/viewport_step_1.png");
        let size = Source::File(picture.into())
            .dimensions()
            .await
            .expect("readable");
        assert!(size.is_some_and(|(width, height)| width > 0 && height > 0));
        let text = Source::Bytes(Bytes::from_static(b"no picture"));
        assert_eq!(text.dimensions().await.expect("readable"), None);
    }
}
