//! Where a store is, and who we are to it.

use rustls::pki_types::CertificateDer;
use std::fmt;
use time::OffsetDateTime;

/// Where a store is, and who we are to it.
#[derive(Clone)]
pub struct Endpoint {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host, and port where it is not the scheme's own.
    pub authority: String,
    /// How addresses name a bucket.
    pub style: Style,
    /// The region that signatures name.
    pub region: String,
    /// Who we are.
    pub credentials: Credentials,
    /// The only CAs that are trusted over https; empty means the web's roots.
    pub ca: Vec<CertificateDer<'static>>,
}

/// How addresses name a bucket ("Virtual hosting of general purpose buckets", Amazon S3 User Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `https://HOST/BUCKET/KEY`: every store takes it.
    Path,
    /// `https://BUCKET.HOST/KEY`: new buckets of AWS and some vendors take nothing else.
    VirtualHost,
}

/// Whom signatures name, and what they are made with.
#[derive(Clone)]
pub struct Credentials {
    /// cloud.ru's hold a colon.
    pub access_key: String,
    /// Never leaves the process.
    pub secret_key: String,
    /// Goes with credentials that were lent for a while.
    pub session_token: Option<String>,
    /// When the store stops taking them; none for keys that stay.
    pub expire_time: Option<OffsetDateTime>,
}

impl Endpoint {
    /// The endpoint's address, without bucket or path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// The authority that requests for a bucket go to: the value of their `Host`.
    #[must_use]
    pub fn host(&self, bucket: &str) -> String {
        match self.style {
            Style::Path => self.authority.clone(),
            Style::VirtualHost => format!("{bucket}.{}", self.authority),
        }
    }

    /// The path of a key, as it is before it is encoded.
    #[must_use]
    pub fn path(&self, bucket: &str, key: &str) -> String {
        match self.style {
            Style::Path => format!("/{bucket}/{key}"),
            Style::VirtualHost => format!("/{key}"),
        }
    }
}

#[cfg(test)]
impl Endpoint {
    /// An endpoint for tests, over plain HTTP and with made-up credentials.
    pub(crate) fn fake(authority: String) -> Self {
        Self {
            scheme: "http",
            authority,
            style: Style::Path,
            region: "us-east-1".to_owned(),
            credentials: Credentials {
                access_key: "fake-access".to_owned(),
                secret_key: "fake-secret".to_owned(),
                session_token: None,
                expire_time: None,
            },
            ca: Vec::new(),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url())
            .field("style", &self.style)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
