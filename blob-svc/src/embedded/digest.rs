//! Receiving a body: to a file, counted and digested on the way, and judged before anybody sees it.

use super::error::Error;
use super::files::{CHUNK, Files, Incoming};
use super::record::{Content, now_ms};
use super::{Backend, blocking};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3ErrorCode, S3Result, TrailingHeaders};

/// What a request says of its body. Whatever is said must be true.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) length: Option<i64>,
    /// `Content-MD5`, base64.
    pub(super) md5: Option<String>,
    /// `x-amz-checksum-*`, base64.
    pub(super) checksum: Checksum,
    /// The same behind the body, named before it by `x-amz-trailer`.
    pub(super) trailer: Option<(String, TrailingHeaders)>,
}

/// A file and the digests of what was written to it.
struct Digested {
    incoming: Incoming,
    size: u64,
    md5: Md5,
    sums: ChecksumHasher,
}

/// A body that arrived, not judged yet. Dropped, it leaves nothing.
pub(super) struct Received {
    digested: Digested,
    rest: Vec<u8>,
    claims: Claims,
}

impl Backend {
    /// Receives a body into a file.
    pub(super) async fn receive(
        &self,
        body: Option<StreamingBlob>,
        claims: Claims,
    ) -> S3Result<Received> {
        let sums = claims.hasher();
        let mut digested = self
            .disk(move |disk| {
                Ok(Digested {
                    incoming: disk.files.create()?,
                    size: 0,
                    md5: Md5::new(),
                    sums,
                })
            })
            .await?;
        let mut rest = Vec::with_capacity(CHUNK);
        if let Some(mut body) = body {
            while let Some(chunk) = body.next().await {
                // The peer broke off, or a signed digest did not match: s3s does not say which.
                rest.extend_from_slice(&chunk.map_err(|_| S3ErrorCode::IncompleteBody)?);
                if rest.len() >= CHUNK {
                    (digested, rest) = blocking(move || digested.take(rest)).await?;
                }
            }
        }
        Ok(Received {
            digested,
            rest,
            claims,
        })
    }
}

impl Received {
    /// Judges the body by what was claimed of it, and brings it to the disk. Until an entry names its file, a restart
    /// removes it. Blocks.
    pub(super) fn keep(self, files: &Files) -> Result<Content, Error> {
        let (digested, _) = self.digested.take(self.rest)?;
        let (incoming, content) = digested.judge(&self.claims)?;
        files.keep(incoming)?;
        Ok(content)
    }
}

impl Digested {
    fn take(mut self, mut buffer: Vec<u8>) -> Result<(Self, Vec<u8>), Error> {
        self.md5.update(&buffer);
        self.sums.update(&buffer);
        self.incoming.write(&buffer)?;
        self.size += buffer.len() as u64;
        buffer.clear();
        Ok((self, buffer))
    }

    fn judge(self, claims: &Claims) -> Result<(Incoming, Content), Error> {
        let md5 = self.md5.finalize();
        let sums = self.sums.finalize();
        if claims
            .length
            .is_some_and(|length| u64::try_from(length) != Ok(self.size))
        {
            return Err(S3ErrorCode::IncompleteBody.into());
        }
        if claims
            .md5
            .as_ref()
            .is_some_and(|claimed| *claimed != STANDARD.encode(md5))
        {
            return Err(S3ErrorCode::BadDigest.into());
        }
        let told = told(&claims.checksum).into_iter().zip(told(&sums));
        if told
            .into_iter()
            .any(|(claimed, found)| claimed.is_some() && claimed != found)
            || !claims.trailer_holds(&sums)
        {
            return Err(S3ErrorCode::BadDigest.into());
        }
        let content = Content {
            file: self.incoming.name,
            size: self.size,
            etag: hex::encode(md5),
            modified_ms: now_ms(),
        };
        Ok((self.incoming, content))
    }
}

impl Claims {
    /// Only what is claimed is worth its computing.
    fn hasher(&self) -> ChecksumHasher {
        let trailer = |name| {
            self.trailer
                .as_ref()
                .is_some_and(|(names, _)| names.contains(name))
        };
        let sum = &self.checksum;
        ChecksumHasher {
            crc32: (sum.checksum_crc32.is_some() || trailer("crc32")).then(Crc32::new),
            crc32c: (sum.checksum_crc32c.is_some() || trailer("crc32c")).then(Crc32c::new),
            sha1: (sum.checksum_sha1.is_some() || trailer("sha1")).then(Sha1::new),
            sha256: (sum.checksum_sha256.is_some() || trailer("sha256")).then(Sha256::new),
            crc64nvme: (sum.checksum_crc64nvme.is_some() || trailer("crc64nvme"))
                .then(Crc64Nvme::new),
        }
    }

    fn trailer_holds(&self, sums: &Checksum) -> bool {
        let Some((_, trailer)) = &self.trailer else {
            return true;
        };
        let names = ["crc32", "crc32c", "sha1", "sha256", "crc64nvme"]
            .map(|sum| format!("x-amz-checksum-{sum}"));
        let matches = |headers: &http::HeaderMap| {
            let claimed = names
                .iter()
                .map(|name| headers.get(name).and_then(|value| value.to_str().ok()));
            claimed
                .zip(told(sums))
                .all(|(claimed, found)| claimed.is_none() || claimed == found)
        };
        trailer.read(matches).unwrap_or(false)
    }
}

fn told(sums: &Checksum) -> [Option<&str>; 5] {
    [
        sums.checksum_crc32.as_deref(),
        sums.checksum_crc32c.as_deref(),
        sums.checksum_sha1.as_deref(),
        sums.checksum_sha256.as_deref(),
        sums.checksum_crc64nvme.as_deref(),
    ]
}
