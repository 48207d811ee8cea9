//! What is stored: bytes that no store can compress, and the frames of their upload, made before anything is measured.

use bytes::Bytes;
use contract::blob::v1::{
    PutObjectCommit, PutObjectHeader, PutObjectRequest, put_object_request::Frame,
};
use sha2::{Digest as _, Sha256};

use super::calls::Call;
use crate::grpc::frame;

pub(crate) const PUT_OBJECT: &str = "/chatstore.blob.v1.ObjectService/PutObject";
const MEBIBYTE: usize = 1 << 20;
const CHUNK: usize = 256 << 10;

/// The same bytes in every object, of whatever length.
pub(crate) struct Content {
    size_bytes: usize,
    sha256: String,
    chunks: Vec<Bytes>,
}

impl Content {
    /// So many MiB.
    pub(crate) fn of_mib(mib: u32) -> Self {
        let mebibyte = mebibyte();
        let mut hasher = Sha256::new();
        let mut chunks = Vec::new();
        // Frames that are clones of few take no memory to speak of.
        let framed: Vec<_> = mebibyte.chunks(CHUNK).map(chunk).collect();
        for _ in 0..mib {
            hasher.update(&mebibyte);
            chunks.extend(framed.iter().cloned());
        }
        Self::new(mib as usize * MEBIBYTE, hasher, chunks)
    }

    /// So few bytes that they are one chunk.
    pub(crate) fn small(size_bytes: usize) -> Self {
        let bytes = &mebibyte()[..size_bytes.min(CHUNK)];
        Self::new(
            bytes.len(),
            Sha256::new_with_prefix(bytes),
            vec![chunk(bytes)],
        )
    }

    fn new(size_bytes: usize, hasher: Sha256, chunks: Vec<Bytes>) -> Self {
        let digest = hasher.finalize();
        Self {
            size_bytes,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            chunks,
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// An upload to `key` that tells length and digest in its header, or nothing.
    pub(crate) fn upload(&self, key: String, is_declared: bool) -> Call {
        let size_bytes = i64::try_from(self.size_bytes).unwrap_or(i64::MAX);
        let mut header = PutObjectHeader {
            key,
            ..PutObjectHeader::default()
        };
        if is_declared {
            header.size_bytes = Some(size_bytes);
            header.sha256.clone_from(&self.sha256);
        }
        let commit = PutObjectCommit {
            size_bytes,
            sha256: self.sha256.clone(),
        };
        let mut frames = vec![framed(Frame::Header(header))];
        frames.extend(self.chunks.iter().cloned());
        frames.push(framed(Frame::Commit(commit)));
        Call {
            frames,
            answer_bytes: self.sha256.len(),
        }
    }
}

fn chunk(bytes: &[u8]) -> Bytes {
    framed(Frame::Chunk(Bytes::copy_from_slice(bytes)))
}

fn framed(part: Frame) -> Bytes {
    frame(&PutObjectRequest { frame: Some(part) })
}

/// Digests of rising numbers, as good as random, and the same each time.
fn mebibyte() -> Vec<u8> {
    let digests = (0_u64..).flat_map(|number| Sha256::digest(number.to_be_bytes()));
    digests.take(MEBIBYTE).collect()
}
