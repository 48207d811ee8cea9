//! What no signature can do without: the SHA-256 of its request, and the HMAC of its string to sign.

use std::hint::black_box;

use anyhow::{Context as _, ensure};
use blob_svc::sign::Signer;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use tests::S3;
use time::OffsetDateTime;

pub(super) const REGION: &str = "us-east-1";

/// The bytes that are hashed for a batch, and the day's key.
pub(super) struct Bare {
    key: Hmac<Sha256>,
    /// Canonical requests and strings to sign.
    texts: Vec<(String, String)>,
}

impl Bare {
    /// What `signer` hashes for `keys`: the same signatures come of it.
    pub(super) fn of(signer: &Signer, bucket: &S3, keys: &[String]) -> anyhow::Result<Self> {
        let lifetime = signer.lifetime(OffsetDateTime::now_utc(), super::LIFE)?;
        let mut pen = signer.pen(&bucket.name, lifetime);
        let urls: Vec<String> = keys.iter().map(|key| pen.get(key, None).url).collect();
        let stamp = urls.first().and_then(|url| parameter(url, "X-Amz-Date"));
        let stamp = stamp.context("a signed URL names its date")?.to_owned();
        let bare = Self {
            key: signing_key(&bucket.secret_key, &stamp[..8]),
            texts: urls
                .iter()
                .map(|url| texts(url, &bucket.address, &stamp))
                .collect::<Option<_>>()
                .context("a signed URL has a path and a query")?,
        };
        for (url, (_, text)) in urls.iter().zip(&bare.texts) {
            let mac = bare.key.clone().chain_update(text).finalize();
            let signature = hex(&mac.into_bytes());
            ensure!(
                parameter(url, "X-Amz-Signature") == Some(&signature),
                "other bytes are hashed than those that are signed"
            );
        }
        Ok(bare)
    }

    /// Hashes them so many times.
    pub(super) fn again(&self, times: usize) -> anyhow::Result<()> {
        for _ in 0..times {
            for (request, text) in &self.texts {
                black_box(Sha256::digest(black_box(request)));
                black_box(self.key.clone().chain_update(black_box(text)).finalize());
            }
        }
        Ok(())
    }
}

/// The canonical request of a signed GET URL, and the string to sign.
fn texts(url: &str, host: &str, stamp: &str) -> Option<(String, String)> {
    let (path, query) = url.split_once(host)?.1.split_once('?')?;
    let (query, _) = query.split_once("&X-Amz-Signature=")?;
    let request = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let digest = hex(&Sha256::digest(&request));
    let scope = format!("{}/{REGION}/s3/aws4_request", &stamp[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}");
    Some((request, text))
}

fn parameter<'u>(url: &'u str, name: &str) -> Option<&'u str> {
    let parameters = url
        .split(['?', '&'])
        .filter_map(|pair| pair.split_once('='));
    parameters
        .into_iter()
        .find_map(|(other, value)| (other == name).then_some(value))
}

fn signing_key(secret: &str, day: &str) -> Hmac<Sha256> {
    let secret = format!("AWS4{secret}");
    [day, REGION, "s3", "aws4_request"]
        .iter()
        .fold(keyed(secret.as_bytes()), |key, part| {
            keyed(&key.chain_update(part).finalize().into_bytes())
        })
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
