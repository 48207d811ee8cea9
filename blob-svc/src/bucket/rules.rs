//! What is configured of a bucket.

use std::collections::BTreeMap;

/// What is configured of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Its name ("Bucket naming rules", Amazon S3 User Guide).
    pub name: String,
    /// Whether anyone may read its objects.
    pub public: bool,
    /// The greatest length of an object in bytes.
    pub max_size_bytes: u64,
    /// The media types it takes, in lower case: `image/png`, or `image/*` for all of a kind. Empty means all.
    pub content_types: Vec<String>,
    /// What pages of other origins may do with its signed URLs. None leaves the store's setting as it is.
    pub cors: Option<Cors>,
    /// What the store removes by itself.
    pub lifecycle: Lifecycle,
}

/// What browsers let pages of other origins do (Fetch Standard, "CORS protocol").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// `https://host`, with one `*` at most, or `*` alone.
    pub origins: Vec<String>,
    /// Methods in upper case.
    pub methods: Vec<String>,
    /// Header fields that a request may carry, in lower case, with one `*` at most.
    pub headers: Vec<String>,
    /// How many seconds browsers need not ask again.
    pub max_age_seconds: u32,
}

/// What the store removes by itself. Days are counted from when an object was stored, or an upload begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// After how many days objects go, by the prefix of their keys, which ends in `/`.
    pub expire_after_days: BTreeMap<String, u32>,
    /// After how many days an upload is aborted that nobody completed; none means never.
    pub abort_unfinished_uploads_after_days: Option<u32>,
}

impl Rules {
    /// A private bucket that takes every type.
    #[must_use]
    pub fn new(name: &str, max_size_bytes: u64) -> Self {
        Self {
            name: name.to_owned(),
            public: false,
            max_size_bytes,
            content_types: Vec::new(),
            cors: None,
            lifecycle: Lifecycle::default(),
        }
    }

    /// Whether the bucket takes objects of this media type (RFC 9110, section 8.3), whatever its parameters.
    #[must_use]
    pub fn takes(&self, content_type: &str) -> bool {
        let (essence, _) = content_type.split_once(';').unwrap_or((content_type, ""));
        let essence = essence.trim().to_ascii_lowercase();
        let matches = |allowed: &String| match allowed.strip_suffix('*') {
            Some(kind) => essence.starts_with(kind),
            None => *allowed == essence,
        };
        self.content_types.is_empty() || self.content_types.iter().any(matches)
    }
}

impl Lifecycle {
    /// Whether nothing is removed.
    pub(super) fn is_empty(&self) -> bool {
        self.expire_after_days.is_empty() && self.abort_unfinished_uploads_after_days.is_none()
    }

    /// Whether all that `wished` removes is removed, and as it says.
    pub(super) fn covers(&self, wished: &Self) -> bool {
        let abort = wished.abort_unfinished_uploads_after_days;
        let mut expirations = wished.expire_after_days.iter();
        expirations.all(|(prefix, days)| self.expire_after_days.get(prefix) == Some(days))
            && (abort.is_none() || abort == self.abort_unfinished_uploads_after_days)
    }
}

impl Default for Lifecycle {
    /// A week for what is temporary. A day for uploads that nobody completes: URLs of parts that live longer are rare, and
    /// whoever signs them says so in the configuration.
    fn default() -> Self {
        Self {
            expire_after_days: BTreeMap::from([("uploads/temp/".to_owned(), 7)]),
            abort_unfinished_uploads_after_days: Some(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_by_name_or_kind_whatever_their_case_and_parameters() {
        let mut rules = Rules::new("bucket", 1);
        assert!(rules.takes("application/zip"), "no types mean all");
        rules.content_types = vec!["application/pdf".to_owned(), "image/*".to_owned()];
        for taken in [
            "application/pdf",
            "IMAGE/PNG",
            "image/svg+xml; charset=utf-8",
            "Application/PDF ;a=b",
        ] {
            assert!(rules.takes(taken), "{taken}");
        }
        for refused in [
            "",
            "application/pdfx",
            "images/png",
            "text/plain",
            "application/octet-stream",
            "x;image/png",
        ] {
            assert!(!rules.takes(refused), "{refused}");
        }
    }
}
