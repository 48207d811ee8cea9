//! Settings, from the environment. All of them are judged together, and every bad one is told at once; secrets never are.

mod address;

use crate::s3::Endpoint;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// Where calls are taken when nothing is set: this machine only.
const LISTEN: &str = "127.0.0.1:50052";
const BUCKET: &str = "cloud-aizoomdoc";
const REGION: &str = "us-east-1";
const DATA_DIR: &str = "chatstore-data";
const MAX_FILE_SIZE_MB: u64 = 100;
const URL_EXPIRATION: u64 = 3_600;
/// Shorter keys would be the weakest part of a receipt.
const MIN_RECEIPT_KEY: usize = 32;

/// What the service runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// `LISTEN_ADDR`: where gRPC is served.
    pub listen: SocketAddr,
    /// `LOG_LEVEL`.
    pub log_level: LevelFilter,
    /// The store: `S3_ENDPOINT` and what belongs to it, or the embedded one.
    pub store: StoreConfig,
    /// `S3_PUBLIC_ENDPOINT`: scheme and authority of signed URLs, where browsers reach the store under another name.
    pub public: Option<(&'static str, String)>,
    /// `MAX_FILE_SIZE_MB`, in bytes.
    pub max_size_bytes: u64,
    /// `S3_URL_EXPIRATION`: how long a signed URL lives when the caller does not say.
    pub url_life: Duration,
    /// `RECEIPT_KEY`: shared with metadata-svc. Without it receipts are empty.
    pub receipt_key: Option<Secret>,
}

/// Which store.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// One that is there.
    External(Endpoint),
    /// The endpoint in this process.
    Embedded {
        /// `DATA_DIR`, and in it the folder of this service.
        folder: PathBuf,
        /// `EMBEDDED_S3_PORT`; 0 means the port of the last time, or one that is free.
        port: u16,
        /// `S3_BUCKET`.
        bucket: String,
    },
}

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The settings that are bad, each with what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Problems(Vec<String>);

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, Problems> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads settings by name. Empty ones count as not set.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut settings = Settings {
            lookup: &lookup,
            problems: Vec::new(),
        };
        let store = settings.store();
        let config = Self {
            listen: settings.parsed(
                "LISTEN_ADDR",
                LISTEN,
                "an address such as 0.0.0.0:50052",
                |text| text.parse().ok(),
            ),
            log_level: settings.parsed(
                "LOG_LEVEL",
                "info",
                "one of debug, info, warning, error",
                level,
            ),
            store,
            public: settings
                .text("S3_PUBLIC_ENDPOINT")
                .map(|text| settings.address("S3_PUBLIC_ENDPOINT", &text)),
            max_size_bytes: settings.number("MAX_FILE_SIZE_MB", MAX_FILE_SIZE_MB, 1, 5_120) << 20,
            url_life: Duration::from_secs(settings.number(
                "S3_URL_EXPIRATION",
                URL_EXPIRATION,
                1,
                604_800,
            )),
            receipt_key: settings.receipt_key(),
        };
        if settings.problems.is_empty() {
            Ok(config)
        } else {
            Err(Problems(settings.problems))
        }
    }
}

/// The settings while they are read. A bad one leaves a problem and some value behind, so that the rest is judged too.
struct Settings<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Settings<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    fn problem(&mut self, name: &str, allowed: impl fmt::Display) {
        self.problems.push(format!("{name}: {allowed}"));
    }

    fn required(&mut self, name: &str) -> String {
        let text = self.text(name);
        if text.is_none() {
            self.problem(name, "is required with S3_ENDPOINT");
        }
        text.unwrap_or_default()
    }

    /// `default` must itself be readable.
    fn parsed<T>(
        &mut self,
        name: &str,
        default: &str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> T {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        read(&text).unwrap_or_else(|| {
            self.problem(name, format_args!("must be {allowed}"));
            read(default).expect("the default is a good value")
        })
    }

    fn number(&mut self, name: &str, default: u64, min: u64, max: u64) -> u64 {
        let range = format!("a number from {min} to {max}");
        self.parsed(name, &default.to_string(), &range, |text| {
            text.parse()
                .ok()
                .filter(|number| (min..=max).contains(number))
        })
    }

    fn store(&mut self) -> StoreConfig {
        let endpoint = self.text("S3_ENDPOINT");
        let wished = self.parsed(
            "USE_S3_STORAGE",
            if endpoint.is_some() { "true" } else { "false" },
            "true or false",
            flag,
        );
        let bucket = self.parsed(
            "S3_BUCKET",
            BUCKET,
            "a bucket's name: 3 to 63 of a-z, 0-9, `-`, `.`",
            bucket,
        );
        match endpoint {
            Some(endpoint) if wished => self.external(&endpoint, bucket),
            None if wished => {
                self.problem("S3_ENDPOINT", "is required with USE_S3_STORAGE=true");
                self.embedded(bucket)
            }
            Some(_) | None => self.embedded(bucket),
        }
    }

    fn external(&mut self, endpoint: &str, bucket: String) -> StoreConfig {
        let (scheme, authority) = self.address("S3_ENDPOINT", endpoint);
        StoreConfig::External(Endpoint {
            scheme,
            authority,
            region: self.parsed(
                "S3_REGION",
                REGION,
                "a region's name of a-z, A-Z, 0-9, `-`",
                region,
            ),
            access_key: self.required("S3_ACCESS_KEY"),
            secret_key: self.required("S3_SECRET_KEY"),
            bucket,
        })
    }

    fn embedded(&mut self, bucket: String) -> StoreConfig {
        if !cfg!(feature = "embedded") {
            self.problem(
                "S3_ENDPOINT",
                "is required: this build has no embedded store",
            );
        }
        let data = self.text("DATA_DIR").unwrap_or_else(|| DATA_DIR.to_owned());
        let port = self.number("EMBEDDED_S3_PORT", 0, 0, u64::from(u16::MAX));
        StoreConfig::Embedded {
            folder: PathBuf::from(data).join("blob"),
            port: u16::try_from(port).unwrap_or_default(),
            bucket,
        }
    }

    fn address(&mut self, name: &str, text: &str) -> (&'static str, String) {
        address::parse(text).unwrap_or_else(|| {
            self.problem(
                name,
                "must be http://HOST[:PORT] or https://HOST[:PORT], without a path",
            );
            ("https", String::new())
        })
    }

    fn receipt_key(&mut self) -> Option<Secret> {
        let key = self.text("RECEIPT_KEY")?;
        if key.len() < MIN_RECEIPT_KEY {
            self.problem(
                "RECEIPT_KEY",
                format_args!("must be at least {MIN_RECEIPT_KEY} characters"),
            );
        }
        Some(Secret(key))
    }
}

/// Names of levels as `tracing` and as Python's `logging` has them.
fn level(text: &str) -> Option<LevelFilter> {
    match text.to_ascii_lowercase().as_str() {
        "trace" => Some(LevelFilter::TRACE),
        "debug" => Some(LevelFilter::DEBUG),
        "info" => Some(LevelFilter::INFO),
        "warn" | "warning" => Some(LevelFilter::WARN),
        "error" | "critical" => Some(LevelFilter::ERROR),
        "off" => Some(LevelFilter::OFF),
        _ => None,
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// "Bucket naming rules", Amazon S3 User Guide.
fn bucket(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends =
        text.bytes().next().is_some_and(plain) && text.bytes().next_back().is_some_and(plain);
    let inside = text
        .bytes()
        .all(|byte| plain(byte) || matches!(byte, b'-' | b'.'))
        && !text.contains("..");
    (ends && inside && (3..=63).contains(&text.len())).then(|| text.to_owned())
}

fn region(text: &str) -> Option<String> {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        .then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
