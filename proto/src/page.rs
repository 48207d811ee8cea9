//! Pages: how a list is cut (AIP-158). Page tokens hold the place where the next page begins and are bound to the request.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prost::Message;
use sha2::{Digest as _, Sha256};

/// The size of a page when the request names none.
pub const DEFAULT_SIZE: usize = 50;
/// The greatest size of a page, and of a batch.
pub const MAX_SIZE: usize = 1_000;
const DIGEST_BYTES: usize = 16;

/// A list request without its `page_size` and `page_token`: what a token of it is good for.
pub struct PageScope(Sha256);

impl PageScope {
    /// Binds tokens to `method` (the rpc's name) and to `request`, whose `page_size` and `page_token` the caller has cleared.
    #[must_use]
    pub fn new(method: &str, request: &impl Message) -> Self {
        Self(
            Sha256::new()
                .chain_update(method)
                .chain_update([0])
                .chain_update(request.encode_to_vec()),
        )
    }

    /// Makes the token of the page that begins behind `cursor`.
    #[must_use]
    pub fn token(&self, cursor: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.digest(cursor)[..], cursor].concat())
    }

    /// Reads a token of this scope; `None` where it is corrupted or another request's.
    #[must_use]
    pub fn cursor(&self, token: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (digest, cursor) = bytes.split_at_checked(DIGEST_BYTES)?;
        (digest == self.digest(cursor)).then(|| cursor.to_vec())
    }

    fn digest(&self, cursor: &[u8]) -> [u8; DIGEST_BYTES] {
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&self.0.clone().chain_update(cursor).finalize()[..DIGEST_BYTES]);
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::v1::ListChatsRequest;

    fn scope(user: &str) -> PageScope {
        PageScope::new(
            "ListChats",
            &ListChatsRequest {
                user_id: user.into(),
                ..Default::default()
            },
        )
    }

    #[test]
    fn a_token_gives_back_its_cursor_to_the_same_request_only() {
        let token = scope("ann").token(b"here");
        assert_eq!(scope("ann").cursor(&token).as_deref(), Some(&b"here"[..]));
        assert_eq!(scope("bob").cursor(&token), None);
    }

    #[test]
    fn a_token_with_any_character_changed_is_refused() {
        let token = scope("ann").token(b"here");
        for at in 0..token.len() {
            let mut bad = token.clone().into_bytes();
            bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
            let bad = String::from_utf8(bad).expect("ASCII");
            assert_eq!(scope("ann").cursor(&bad), None, "{bad}");
        }
        assert_eq!(scope("ann").cursor("!"), None);
    }
}
