//! Settings, from the environment. All of them are judged together, and every bad one is told at once; secrets never are.

mod address;
mod settings;

use self::settings::{Settings, bucket, flag, level, region};
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
        let store = store(&mut settings);
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
                .map(|text| address(&mut settings, "S3_PUBLIC_ENDPOINT", &text)),
            max_size_bytes: settings.number("MAX_FILE_SIZE_MB", MAX_FILE_SIZE_MB, 1, 5_120) << 20,
            url_life: Duration::from_secs(settings.number(
                "S3_URL_EXPIRATION",
                URL_EXPIRATION,
                1,
                604_800,
            )),
            receipt_key: receipt_key(&mut settings),
        };
        if settings.problems.is_empty() {
            Ok(config)
        } else {
            Err(Problems(settings.problems))
        }
    }
}

fn store(settings: &mut Settings<'_>) -> StoreConfig {
    let endpoint = settings.text("S3_ENDPOINT");
    let wished = settings.parsed(
        "USE_S3_STORAGE",
        if endpoint.is_some() { "true" } else { "false" },
        "true or false",
        flag,
    );
    let bucket = settings.parsed(
        "S3_BUCKET",
        BUCKET,
        "a bucket's name: 3 to 63 of a-z, 0-9, `-`, `.`",
        bucket,
    );
    match endpoint {
        Some(endpoint) if wished => external(settings, &endpoint, bucket),
        None if wished => {
            settings.problem("S3_ENDPOINT", "is required with USE_S3_STORAGE=true");
            embedded(settings, bucket)
        }
        Some(_) | None => embedded(settings, bucket),
    }
}

fn external(settings: &mut Settings<'_>, endpoint: &str, bucket: String) -> StoreConfig {
    let (scheme, authority) = address(settings, "S3_ENDPOINT", endpoint);
    StoreConfig::External(Endpoint {
        scheme,
        authority,
        region: settings.parsed(
            "S3_REGION",
            REGION,
            "a region's name of a-z, A-Z, 0-9, `-`",
            region,
        ),
        access_key: settings.required("S3_ACCESS_KEY"),
        secret_key: settings.required("S3_SECRET_KEY"),
        bucket,
    })
}

fn embedded(settings: &mut Settings<'_>, bucket: String) -> StoreConfig {
    if !cfg!(feature = "embedded") {
        settings.problem(
            "S3_ENDPOINT",
            "is required: this build has no embedded store",
        );
    }
    let data = settings
        .text("DATA_DIR")
        .unwrap_or_else(|| DATA_DIR.to_owned());
    let port = settings.number("EMBEDDED_S3_PORT", 0, 0, u64::from(u16::MAX));
    StoreConfig::Embedded {
        folder: PathBuf::from(data).join("blob"),
        port: u16::try_from(port).unwrap_or_default(),
        bucket,
    }
}

fn address(settings: &mut Settings<'_>, name: &str, text: &str) -> (&'static str, String) {
    address::parse(text).unwrap_or_else(|| {
        settings.problem(
            name,
            "must be http://HOST[:PORT] or https://HOST[:PORT], without a path",
        );
        ("https", String::new())
    })
}

fn receipt_key(settings: &mut Settings<'_>) -> Option<Secret> {
    let key = settings.text("RECEIPT_KEY")?;
    if key.len() < MIN_RECEIPT_KEY {
        settings.problem(
            "RECEIPT_KEY",
            format_args!("must be at least {MIN_RECEIPT_KEY} characters"),
        );
    }
    Some(Secret(key))
}

#[cfg(test)]
mod tests;
