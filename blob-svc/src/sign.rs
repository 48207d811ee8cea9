//! Signed URLs and forms: AWS Signature Version 4 in the query string and in POST policies.
//!
//! Governing texts: "Authenticating Requests: Using Query Parameters" and "Authenticating Requests: Browser-Based Uploads Using
//! POST", Amazon S3 API Reference. rusoto can presign too, but binds neither type nor length, so that a store would take
//! anything of any size. A [`Signer`] keeps what is the same for a day, a [`Pen`] what is the same for a batch; a URL then
//! costs one SHA-256, one HMAC, and the making of its text.

mod disposition;
mod form;
mod header;
mod lifetime;
mod pen;

pub use self::disposition::attachment;
pub use self::form::Form;
pub use self::lifetime::{Ended, Lifetime};
pub use self::pen::{Pen, Presigned};

use crate::s3::Endpoint;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use sha2::Sha256;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use time::{Date, OffsetDateTime};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What SigV4 leaves unencoded in a query: the unreserved characters of RFC 3986, section 2.3.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What S3 leaves unencoded in a path.
pub(crate) const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Signs for a store, as it is reached from outside. Shared by all that sign.
pub struct Signer {
    public: Endpoint,
    day: RwLock<Option<Arc<Day>>>,
}

/// What is the same for all signatures of a UTC day.
struct Day {
    date: Date,
    /// `date/region/service/aws4_request`.
    scope: String,
    /// Access key and scope.
    credential: String,
    key: Hmac<Sha256>,
}

impl Signer {
    /// A signer for `public`, which may be another address than the services themselves use.
    #[must_use]
    pub fn new(public: Endpoint) -> Self {
        Self {
            public,
            day: RwLock::new(None),
        }
    }

    /// What is signed at `now` is good for `life`, as far as the credentials last.
    ///
    /// # Errors
    /// The credentials have ended.
    pub fn lifetime(&self, now: OffsetDateTime, life: Duration) -> Result<Lifetime, Ended> {
        Lifetime::new(now, life).until(self.public.credentials.expire_time, now)
    }

    /// The same, but equal for all calls within a window: see [`Lifetime::stable`].
    ///
    /// # Errors
    /// The credentials have ended.
    pub fn stable_lifetime(&self, now: OffsetDateTime, life: Duration) -> Result<Lifetime, Ended> {
        Lifetime::stable(now, life).until(self.public.credentials.expire_time, now)
    }

    /// What signs a batch for one bucket.
    #[must_use]
    pub fn pen(&self, bucket: &str, lifetime: Lifetime) -> Pen {
        Pen::new(
            &self.public,
            self.day(lifetime.start.date()),
            bucket,
            lifetime,
        )
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

impl Day {
    fn new(endpoint: &Endpoint, date: Date) -> Self {
        let (year, month) = (date.year(), u8::from(date.month()));
        let stamp = format!("{year:04}{month:02}{:02}", date.day());
        let scope = format!("{stamp}/{}/s3/aws4_request", endpoint.region);
        let secret = format!("AWS4{}", endpoint.credentials.secret_key);
        let key = [stamp.as_str(), &endpoint.region, "s3", "aws4_request"]
            .iter()
            .fold(keyed(secret.as_bytes()), |key, part| {
                keyed(&key.chain_update(part).finalize().into_bytes())
            });
        Self {
            date,
            credential: format!("{}/{scope}", endpoint.credentials.access_key),
            scope,
            key,
        }
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104)")
}

/// The signature that `mac` comes to, in hexadecimal digits.
fn signature(mac: Hmac<Sha256>) -> Digits {
    Digits::of(&mac.finalize().into_bytes().into())
}

/// 32 bytes as 64 lower-case hexadecimal digits.
struct Digits([u8; 64]);

impl Digits {
    fn of(bytes: &[u8; 32]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(digits)
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
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

#[cfg(test)]
mod tests;
