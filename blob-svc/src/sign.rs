//! Signed URLs: AWS Signature Version 4 in the query string.
//!
//! Governing text: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", Amazon S3 API Reference.
//! rusoto can presign too, but binds neither type nor length, so that a store would take anything of any size. A URL costs one
//! SHA-256 and one HMAC: the day's signing key is kept.

mod disposition;
mod lifetime;

pub use self::disposition::attachment;
pub use self::lifetime::Lifetime;

use crate::object::Sha256 as Digest;
use crate::s3::Endpoint;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use std::fmt::Write;
use std::sync::{Arc, PoisonError, RwLock};
use time::{Date, OffsetDateTime};

/// What SigV4 leaves unencoded in a query: the unreserved characters of RFC 3986, section 2.3.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What S3 leaves unencoded in a path.
pub(crate) const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A signed URL and what the request must carry with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    /// The URL. Whoever holds it may use it until it ends.
    pub url: String,
    /// When it ends.
    pub expire_time: OffsetDateTime,
    /// Header fields that the request must carry exactly so, by lower-case name.
    pub headers: Vec<(&'static str, String)>,
}

/// Signs URLs for a store's objects, as they are reached from outside.
pub struct Signer {
    public: Endpoint,
    day: RwLock<Option<Arc<Day>>>,
}

/// What is the same for all signatures of a UTC day.
struct Day {
    date: Date,
    scope: String,
    key: Hmac<Sha256>,
}

impl Signer {
    /// A signer for URLs at `public`, which may be another address than the services themselves use.
    #[must_use]
    pub fn new(public: Endpoint) -> Self {
        Self {
            public,
            day: RwLock::new(None),
        }
    }

    /// A URL to read `key` with. `disposition` overrides the answer's `Content-Disposition`.
    #[must_use]
    pub fn get(
        &self,
        bucket: &str,
        key: &str,
        disposition: Option<&str>,
        lifetime: Lifetime,
    ) -> Presigned {
        let overrides = disposition.map(|value| ("response-content-disposition", value));
        self.sign(
            "GET",
            bucket,
            key,
            overrides.as_slice(),
            Vec::new(),
            lifetime,
        )
    }

    /// A URL to write `key` with: exactly this type, this many bytes and, where given, this digest; and only while the key
    /// is free.
    #[must_use]
    pub fn put(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        size_bytes: u64,
        digest: Option<Digest>,
        lifetime: Lifetime,
    ) -> Presigned {
        let mut headers = vec![
            ("content-length", size_bytes.to_string()),
            ("content-type", content_type.to_owned()),
            ("if-none-match", "*".to_owned()),
        ];
        headers.extend(
            digest.map(|digest| ("x-amz-checksum-sha256", STANDARD.encode(digest.as_bytes()))),
        );
        self.sign("PUT", bucket, key, &[], headers, lifetime)
    }

    /// `overrides` and `headers` by rising name; the names of overrides come behind `X-Amz-`.
    fn sign(
        &self,
        method: &str,
        bucket: &str,
        key: &str,
        overrides: &[(&str, &str)],
        headers: Vec<(&'static str, String)>,
        lifetime: Lifetime,
    ) -> Presigned {
        let day = self.day(lifetime.start.date());
        let stamp = stamp(lifetime.start);
        let host = self.public.host(bucket);
        let (canonical_headers, signed_headers) = canonical(&host, &headers);
        let path = utf8_percent_encode(&self.public.path(bucket, key), PATH).to_string();
        let mut query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={stamp}&X-Amz-Expires={}&X-Amz-SignedHeaders={}",
            utf8_percent_encode(
                &format!("{}/{}", self.public.credentials.access_key, day.scope),
                QUERY
            ),
            lifetime.seconds,
            utf8_percent_encode(&signed_headers, QUERY),
        );
        for (name, value) in overrides {
            push(
                &mut query,
                format_args!("&{name}={}", utf8_percent_encode(value, QUERY)),
            );
        }
        let canonical = format!(
            "{method}\n{path}\n{query}\n{canonical_headers}\n{signed_headers}\nUNSIGNED-PAYLOAD"
        );
        let digest = hex::encode(Sha256::digest(canonical));
        let signature = day.sign(&format!(
            "AWS4-HMAC-SHA256\n{stamp}\n{}\n{digest}",
            day.scope
        ));
        let url = format!(
            "{}://{host}{path}?{query}&X-Amz-Signature={signature}",
            self.public.scheme
        );
        Presigned {
            url,
            expire_time: lifetime.end(),
            headers,
        }
    }

    fn day(&self, date: Date) -> Arc<Day> {
        let kept = self
            .day
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(day) = kept.filter(|day| day.date == date) {
            return day;
        }
        let day = Arc::new(Day::new(&self.public, date));
        *self.day.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&day));
        day
    }
}

/// The canonical headers, `host` among them, and their names.
fn canonical(host: &str, headers: &[(&'static str, String)]) -> (String, String) {
    let mut all: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    all.push(("host", host));
    all.sort_unstable();
    let lines = all.iter().fold(String::new(), |mut lines, (name, value)| {
        push(&mut lines, format_args!("{name}:{value}\n"));
        lines
    });
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    (lines, names.join(";"))
}

impl Day {
    fn new(endpoint: &Endpoint, date: Date) -> Self {
        let stamp = format!(
            "{:04}{:02}{:02}",
            date.year(),
            u8::from(date.month()),
            date.day()
        );
        let secret = format!("AWS4{}", endpoint.credentials.secret_key);
        let key = [stamp.as_str(), &endpoint.region, "s3", "aws4_request"]
            .iter()
            .fold(keyed(secret.as_bytes()), |key, part| {
                keyed(&key.chain_update(part).finalize().into_bytes())
            });
        Self {
            date,
            scope: format!("{stamp}/{}/s3/aws4_request", endpoint.region),
            key,
        }
    }

    fn sign(&self, text: &str) -> String {
        hex::encode(self.key.clone().chain_update(text).finalize().into_bytes())
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104)")
}

/// ISO 8601 basic format, as SigV4 wants it.
fn stamp(at: OffsetDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!(
        "{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z",
        u8::from(month)
    )
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes all text");
}

#[cfg(test)]
mod tests;
