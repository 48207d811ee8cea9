//! A pen: writes the URLs of a batch. Whatever they have in common is written once.

use super::{ALGORITHM, Day, Digits, Lifetime, PATH, QUERY, signature, stamp};
use crate::object::Sha256 as Digest;
use crate::s3::Endpoint;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use percent_encoding::utf8_percent_encode;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use time::OffsetDateTime;

/// A header field: its lower-case name, and its value.
type Header = (&'static str, String);

/// A signed URL and what the request must carry with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    /// The URL. Whoever holds it may use it until it ends.
    pub url: String,
    /// When it ends.
    pub expire_time: OffsetDateTime,
    /// Header fields that the request must carry exactly so, by lower-case name.
    pub headers: Vec<Header>,
}

/// Signs a batch: for one bucket, and one lifetime.
pub struct Pen {
    pub(super) day: Arc<Day>,
    pub(super) lifetime: Lifetime,
    pub(super) stamp: String,
    pub(super) token: Option<String>,
    pub(super) bucket: String,
    /// What follows `Host:`.
    authority: String,
    /// Scheme, authority, and the path that all keys of the bucket follow.
    pub(super) base: String,
    /// Where the path begins in `base`.
    path: usize,
    /// The query up to the names of the signed headers.
    query: String,
    /// Keyed, and fed with what precedes the digest in the string to sign.
    mac: Hmac<Sha256>,
    /// The canonical request; kept for its memory.
    canonical: String,
}

impl Pen {
    pub(super) fn new(public: &Endpoint, day: Arc<Day>, bucket: &str, lifetime: Lifetime) -> Self {
        let authority = public.host(bucket);
        let origin = format!("{}://{authority}", public.scheme);
        let folder = public.path(bucket, "");
        let base = format!("{origin}{}", utf8_percent_encode(&folder, PATH));
        let stamp = stamp(lifetime.start);
        let preamble = format!("{ALGORITHM}\n{stamp}\n{}\n", day.scope);
        let token = public.credentials.session_token.clone();
        Self {
            query: query(&day.credential, &stamp, lifetime.seconds, token.as_deref()),
            mac: day.key.clone().chain_update(preamble),
            path: origin.len(),
            base,
            authority,
            bucket: bucket.to_owned(),
            canonical: String::new(),
            day,
            lifetime,
            stamp,
            token,
        }
    }

    /// A URL to read `key` with. `disposition` overrides the answer's `Content-Disposition`.
    pub fn get(&mut self, key: &str, disposition: Option<&str>) -> Presigned {
        let overrides = disposition.map(|value| ("response-content-disposition", value));
        self.sign("GET", key, overrides.as_slice(), Vec::new())
    }

    /// A URL to write `key` with: exactly this type, this many bytes and, where given, this digest; with `only_new` only
    /// while the key is free.
    pub fn put(
        &mut self,
        key: &str,
        content_type: &str,
        size_bytes: u64,
        digest: Option<Digest>,
        only_new: bool,
    ) -> Presigned {
        let mut headers = vec![
            ("content-length", size_bytes.to_string()),
            ("content-type", content_type.to_owned()),
        ];
        headers.extend(only_new.then(|| ("if-none-match", "*".to_owned())));
        headers.extend(
            digest.map(|digest| ("x-amz-checksum-sha256", STANDARD.encode(digest.as_bytes()))),
        );
        self.sign("PUT", key, &[], headers)
    }

    /// A URL to write a part of an upload with: exactly this many bytes.
    pub fn part(&mut self, key: &str, upload_id: &str, number: u16, size_bytes: u64) -> Presigned {
        let number = number.to_string();
        let parameters = [("partNumber", number.as_str()), ("uploadId", upload_id)];
        let headers = vec![("content-length", size_bytes.to_string())];
        self.sign("PUT", key, &parameters, headers)
    }

    /// `parameters` and `headers` by rising name; the names of parameters come behind `X-Amz-`.
    fn sign(
        &mut self,
        method: &str,
        key: &str,
        parameters: &[(&str, &str)],
        headers: Vec<Header>,
    ) -> Presigned {
        const SIGNATURE: &str = "&X-Amz-Signature=";
        let room = self.base.len() + key.len() + self.query.len() + SIGNATURE.len() + 80;
        let mut url = String::with_capacity(room);
        url.push_str(&self.base);
        url.extend(utf8_percent_encode(key, PATH));
        let path_end = url.len();
        url.push('?');
        url.push_str(&self.query);
        each_name(&headers, |name, more| {
            url.push_str(name);
            url.push_str(if more { "%3B" } else { "" });
        });
        for (name, value) in parameters {
            url.extend(["&", name, "="]);
            url.extend(utf8_percent_encode(value, QUERY));
        }
        let (path, query) = (&url[self.path..path_end], &url[path_end + 1..]);
        self.canonical.clear();
        self.canonical
            .extend([method, "\n", path, "\n", query, "\n"]);
        self.write_headers(&headers);
        let digest = Digits::of(&Sha256::digest(&self.canonical).into());
        let signature = signature(self.mac.clone().chain_update(digest.0));
        url.push_str(SIGNATURE);
        url.push_str(signature.as_str());
        Presigned {
            url,
            expire_time: self.lifetime.end(),
            headers,
        }
    }

    /// The rest of the canonical request: the headers, `host` among them, their names, and the word for an unknown body.
    fn write_headers(&mut self, headers: &[Header]) {
        let Self {
            canonical,
            authority,
            ..
        } = self;
        let (before, after) = around_host(headers);
        for (name, value) in before {
            canonical.extend([name, ":", value, "\n"]);
        }
        canonical.extend(["host:", authority, "\n"]);
        for (name, value) in after {
            canonical.extend([name, ":", value, "\n"]);
        }
        canonical.push('\n');
        each_name(headers, |name, more| {
            canonical.push_str(name);
            canonical.push_str(if more { ";" } else { "" });
        });
        canonical.push_str("\nUNSIGNED-PAYLOAD");
    }
}

/// Gives the names of all signed headers in order, and with each whether another follows.
fn each_name(headers: &[Header], mut take: impl FnMut(&str, bool)) {
    let (before, after) = around_host(headers);
    for (name, _) in before {
        take(name, true);
    }
    take("host", !after.is_empty());
    for (i, (name, _)) in after.iter().enumerate() {
        take(name, i + 1 < after.len());
    }
}

/// `host` is signed always; it stands in its place by name.
fn around_host(headers: &[Header]) -> (&[Header], &[Header]) {
    headers.split_at(headers.partition_point(|(name, _)| *name < "host"))
}

fn query(credential: &str, stamp: &str, seconds: u32, token: Option<&str>) -> String {
    let credential = utf8_percent_encode(credential, QUERY);
    let token = token.map_or(String::new(), |token| {
        format!(
            "&X-Amz-Security-Token={}",
            utf8_percent_encode(token, QUERY)
        )
    });
    format!(
        "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={stamp}\
         &X-Amz-Expires={seconds}{token}&X-Amz-SignedHeaders="
    )
}
