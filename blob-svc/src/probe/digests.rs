//! Digests that go with a body: a store that checks them keeps nothing that arrived damaged.

use super::bench::Bench;
use super::{Found, no, yes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const BODY: &[u8] = b"first";
const OTHER: &[u8] = b"other";
/// The MD5 of `BODY`, in base64.
const MD5: &str = "iwTV43ddKY54RV78XKQE1Q==";
/// That of nothing in particular.
const OTHER_MD5: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

impl Bench {
    pub(super) async fn checksums(&self) -> Found {
        let of = |body| STANDARD.encode(Sha256::digest(body));
        self.digest("x-amz-checksum-sha256", &of(BODY), &of(OTHER))
            .await
    }

    pub(super) async fn content_md5(&self) -> Found {
        self.digest("content-md5", MD5, OTHER_MD5).await
    }

    async fn digest(&self, header: &str, right: &str, wrong: &str) -> Found {
        let key = self.key(header);
        let damaged = self.put(&key, &[(header, wrong)], BODY).await?;
        let kept = self.content(&key).await?.is_some();
        let told = damaged.told();
        if damaged.is_success() || kept {
            return no(format!(
                "a body with another digest: {told}, and the object is there: {kept}"
            ));
        }
        let sound = self.put(&key, &[(header, right)], BODY).await?;
        if !sound.is_success() {
            return no(format!("a body with its own digest: {}", sound.told()));
        }
        yes(format!(
            "a body with another digest: {told}, and nothing is stored"
        ))
    }
}
