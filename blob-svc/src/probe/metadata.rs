//! User metadata: what comes back of what was sent.

use super::bench::Bench;
use super::{Found, no, yes};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const NAME: &str = "x-amz-meta-original-name";
const SPACES: &str = "x-amz-meta-spaces";
const THREE_SPACES: &str = "a   b";

impl Bench {
    pub(super) async fn unicode_metadata(&self) -> Found {
        let key = self.key("metadata");
        let name = URL_SAFE_NO_PAD.encode("Отчёт за год.pdf");
        let sent = self.put(&key, &[(NAME, &name)], b"first").await?;
        let seen = self.send("HEAD", &key, &[], &[], b"").await?;
        if seen.header(NAME) != Some(&name) {
            return no(format!(
                "a Cyrillic name as base64url: {}, and it does not come back",
                sent.told()
            ));
        }
        let spaced = self.put(&key, &[(SPACES, THREE_SPACES)], b"first").await?;
        let seen = self.send("HEAD", &key, &[], &[], b"").await?;
        let kept = match seen.header(SPACES) {
            Some(THREE_SPACES) => "kept",
            Some(_) => "folded",
            None => "lost",
        };
        yes(format!(
            "a Cyrillic name as base64url comes back; three spaces in a row: {}, {kept}",
            spaced.told()
        ))
    }
}
