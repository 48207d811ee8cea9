//! What names an upload: a token of ours, and the store's id. From the token and the key follows the staging key, so that an id
//! is good for its own key only, and nothing about uploads needs to be kept here.

use crate::key::{self, Key};
use contract::Violations;
use std::fmt;
use uuid::Uuid;

/// Stores' own ids are some 100 bytes long.
const MAX_STORE_ID: usize = 1_024;

/// Names an upload. Written as the token's 32 hexadecimal digits, a dot, and the store's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UploadId {
    /// The request id that began the upload, or a random one.
    pub(super) token: Uuid,
    /// The store's id of the upload under the staging key.
    pub(super) store_id: String,
}

impl UploadId {
    /// Checks the `upload_id` of a request.
    pub(super) fn check(v: &mut Violations, text: &str) -> Option<Self> {
        let id = Self::parse(text);
        if id.is_none() {
            let allowed = "is required: an `upload_id` that CreateMultipartUpload answered";
            v.add("upload_id", allowed);
        }
        id
    }

    fn parse(text: &str) -> Option<Self> {
        let (token, store_id) = text.split_once('.')?;
        let sound = token.len() == 32
            && (1..=MAX_STORE_ID).contains(&store_id.len())
            && store_id.bytes().all(|byte| byte.is_ascii_graphic());
        let token = Uuid::try_parse(token).ok()?;
        sound.then(|| Self {
            token,
            store_id: store_id.to_owned(),
        })
    }

    /// Where the parts come together.
    pub(super) fn staging(&self, key: &Key) -> Key {
        key::staging_of(key, self.token)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.token.simple(), self.store_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_read_as_it_was_written_and_nothing_else_is() {
        let id = UploadId {
            token: Uuid::now_v7(),
            store_id: "2~a.b_-c/+=".to_owned(),
        };
        assert_eq!(UploadId::parse(&id.to_string()), Some(id));
        let long = format!("{}.{}", Uuid::nil().simple(), "x".repeat(MAX_STORE_ID + 1));
        let token = Uuid::nil();
        for bad in [
            "",
            ".",
            "store-id",
            &format!("{token}.x"),
            &format!("{}.", token.simple()),
            &format!("{}.a b", token.simple()),
            &format!("{}.a\n", token.simple()),
            &long,
        ] {
            assert_eq!(UploadId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn staging_keys_of_other_keys_and_tokens_are_others() {
        let key = |text: &str| Key::parse(text.to_owned()).expect("a good key");
        let staging = |token, text: &str| key::staging_of(&key(text), token).to_string();
        let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
        assert_eq!(staging(one, "a"), staging(one, "a"));
        assert_ne!(staging(one, "a"), staging(one, "b"));
        assert_ne!(staging(one, "a"), staging(two, "a"));
    }
}
