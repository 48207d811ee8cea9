//! The checks that requests of objects and of signed URLs have in common.

use super::{OCTET_STREAM, Sha256};
use crate::bucket::{Bucket, Buckets};
use crate::key::Key;
use contract::Violations;
use contract::violation::Max;
use std::sync::Arc;

const MAX_NAME: Max = Max::Chars(512);
/// What stores keep as metadata is 2 KB together; a name of this length leaves room for the rest.
const MAX_NAME_BYTES: usize = 1_400;
const MAX_CONTENT_TYPE: Max = Max::Chars(255);

/// The checks that requests of this service have in common.
pub(crate) trait Checks {
    /// Checks a bucket's name: empty or one that is configured.
    fn bucket(&mut self, name: &str, buckets: &Buckets) -> Option<Arc<Bucket>>;
    /// Checks a key.
    fn key(&mut self, field: &str, text: String) -> Option<Key>;
    /// Checks 1 to 1,000 keys, none twice.
    fn keys(&mut self, texts: Vec<String>) -> Vec<Key>;
    /// Checks the name of a file; none where it is empty.
    fn file_name(&mut self, field: &str, text: String) -> Option<String>;
    /// Checks a media type (RFC 9110, section 8.3); empty means bytes of no known type.
    fn content_type(&mut self, text: String) -> String;
    /// Checks that the bucket takes objects of a media type.
    fn taken_type(&mut self, content_type: &str, bucket: &Bucket);
    /// Checks a digest that may be empty.
    fn optional_sha256(&mut self, field: &str, digits: &str) -> Option<Sha256>;
    /// Checks a number of bytes.
    fn size(&mut self, field: &str, bytes: i64) -> u64;
}

impl Checks for Violations {
    fn bucket(&mut self, name: &str, buckets: &Buckets) -> Option<Arc<Bucket>> {
        let found = buckets.named(name).cloned();
        if found.is_none() {
            let known: Vec<_> = buckets.iter().map(|bucket| bucket.name()).collect();
            let known = known.join("`, `");
            self.add(
                "bucket",
                format!("must be empty or one of `{known}`: no other is configured"),
            );
        }
        found
    }

    fn key(&mut self, field: &str, text: String) -> Option<Key> {
        Key::parse(text)
            .map_err(|reason| self.add(field, reason))
            .ok()
    }

    fn keys(&mut self, texts: Vec<String>) -> Vec<Key> {
        if texts.is_empty() || texts.len() > contract::page::MAX_SIZE {
            self.add(
                "keys",
                format!("must have 1 to 1,000 items, has {}", texts.len()),
            );
            return Vec::new();
        }
        self.distinct("keys", &texts);
        let checked = texts.into_iter().enumerate();
        checked
            .filter_map(|(i, text)| self.key(&format!("keys[{i}]"), text))
            .collect()
    }

    fn file_name(&mut self, field: &str, text: String) -> Option<String> {
        let name = self.text(field, text, MAX_NAME);
        if name
            .chars()
            .any(|letter| letter.is_control() && letter != '\0')
        {
            self.add(field, "must not hold control characters");
        } else if name.len() > MAX_NAME_BYTES && name.chars().count() <= 512 {
            self.add(
                field,
                format!("must be at most {MAX_NAME_BYTES} bytes of UTF-8: stores keep no more"),
            );
        }
        (!name.is_empty()).then_some(name)
    }

    fn content_type(&mut self, text: String) -> String {
        if text.is_empty() {
            return OCTET_STREAM.to_owned();
        }
        let text = self.text("content_type", text, MAX_CONTENT_TYPE);
        if !is_media_type(&text) {
            self.add(
                "content_type",
                "must be a media type such as `application/pdf` or `text/plain; charset=utf-8`",
            );
        }
        text
    }

    fn taken_type(&mut self, content_type: &str, bucket: &Bucket) {
        if !bucket.rules.takes(content_type) {
            let (name, taken) = (bucket.name(), bucket.rules.content_types.join("`, `"));
            self.add(
                "content_type",
                format!("is `{content_type}`: the bucket `{name}` takes only `{taken}`"),
            );
        }
    }

    fn optional_sha256(&mut self, field: &str, digits: &str) -> Option<Sha256> {
        let digest = Sha256::parse(digits);
        if digest.is_none() && !digits.is_empty() {
            self.add(field, "must be 64 lower-case hexadecimal digits");
        }
        digest
    }

    fn size(&mut self, field: &str, bytes: i64) -> u64 {
        self.non_negative(field, bytes).unsigned_abs()
    }
}

/// `type/subtype` of tokens, then parameters. Two spaces in a row are refused: signatures do not survive them.
fn is_media_type(text: &str) -> bool {
    let token = |text: &str| {
        let special = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || special(byte))
    };
    let plain = text
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let (essence, _) = text.split_once(';').unwrap_or((text, ""));
    let parts = essence.trim_end().split_once('/');
    plain
        && !text.contains("  ")
        && text.trim() == text
        && parts.is_some_and(|(kind, sub)| token(kind) && token(sub))
}
