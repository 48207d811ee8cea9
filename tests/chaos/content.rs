//! Contents: bytes that tell by themselves what they must be, so that whatever shows in the store can be judged under any key.
//! They begin as a PNG does, because pictures tell their dimensions; then come their seed and size, then bytes that the seed
//! decides, all above 0x7f, by which the proxies know content from anything else that passes.

use bytes::Bytes;
use fastrand::Rng;
use sha2::{Digest as _, Sha256};

/// The width and the height that all of them claim.
pub(crate) const PIXELS: i32 = 64;
/// The signature, and the first chunk with its length, type, fields and check (PNG specification, 5.2 and 11.2.1).
const HEAD: [u8; 33] =
    *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x40\x08\x02\0\0\0\x25\x0b\xe6\x89";
const NUMBER: usize = 8;

/// The bytes of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) seed: u64,
    pub(crate) size: usize,
}

impl Content {
    pub(crate) fn bytes(self) -> Bytes {
        let mut bytes = Vec::with_capacity(self.size + NUMBER);
        bytes.extend_from_slice(&HEAD);
        bytes.extend_from_slice(&self.seed.to_be_bytes());
        bytes.extend_from_slice(&(self.size as u64).to_be_bytes());
        let mut rng = Rng::with_seed(self.seed);
        while bytes.len() < self.size {
            let next = rng.u64(..) | 0x8080_8080_8080_8080;
            bytes.extend_from_slice(&next.to_be_bytes());
        }
        bytes.truncate(self.size);
        bytes.into()
    }

    /// What these bytes claim to be.
    fn claimed(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&HEAD)?;
        let (seed, rest) = rest.split_first_chunk::<NUMBER>()?;
        let (size, _) = rest.split_first_chunk::<NUMBER>()?;
        Some(Self {
            seed: u64::from_be_bytes(*seed),
            size: usize::try_from(u64::from_be_bytes(*size)).ok()?,
        })
    }
}

/// What is wrong with bytes that must be some content as a whole.
pub(crate) fn judge(bytes: &[u8]) -> Result<(), String> {
    let Some(claimed) = Content::claimed(bytes) else {
        return Err(format!("is no content of ours: {} bytes", bytes.len()));
    };
    if claimed.size != bytes.len() {
        let (is, must) = (bytes.len(), claimed.size);
        return Err(format!("has {is} bytes instead of {must}"));
    }
    if claimed.bytes() != bytes {
        return Err("has other bytes than were sent".to_owned());
    }
    Ok(())
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
