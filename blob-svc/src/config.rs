//! Settings, from the environment. All of them are judged together, and every bad one is told at once; secrets never are.

mod address;
mod buckets;
mod cors;
mod value;

use self::value::{BUCKET_ALLOWED, bucket, certificates, flag, instant, region, style};
use crate::bucket::Rules;
use crate::s3::{Credentials, Endpoint, Style};
use contract::receipt::ReceiptKeys;
use contract::settings::{self, Common, Problems, Settings};
use std::path::PathBuf;
use std::time::Duration;

/// The port that blob-svc is known by.
const PORT: u16 = 50_052;
const BUCKET: &str = "cloud-aizoomdoc";
const REGION: &str = "us-east-1";
const MAX_FILE_SIZE_MB: u64 = 100;
/// Stores copy no larger object in one request (`CopyObject`, Amazon S3 API Reference).
const MAX_SIZE: u64 = 5 << 30;
const URL_EXPIRATION: u64 = 3_600;

/// What the service runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// The store: `S3_ENDPOINT` and what belongs to it, or the embedded one.
    pub store: StoreConfig,
    /// `S3_PUBLIC_ENDPOINT`: scheme and authority of signed URLs, where browsers reach the store under another name.
    pub public: Option<(&'static str, String)>,
    /// `S3_BUCKET`, and those of `S3_BUCKETS_FILE`; `MAX_FILE_SIZE_MB` is the limit of those that have none of their own.
    pub buckets: Vec<Rules>,
    /// `S3_URL_EXPIRATION`: how long a signed URL lives when the caller does not say.
    pub url_life: Duration,
    /// `RECEIPT_KEY`: shared with metadata-svc. Without it receipts are empty.
    pub receipts: ReceiptKeys,
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
    },
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every setting that is missing or malformed.
    pub fn from_env() -> Result<Self, Problems> {
        settings::from_env(Self::read)
    }

    pub(crate) fn read(settings: &mut Settings<'_>) -> Self {
        let life = settings.number("S3_URL_EXPIRATION", URL_EXPIRATION, 1, 604_800);
        Self {
            store: store(settings),
            public: settings.optional("S3_PUBLIC_ENDPOINT", address::ALLOWED, address::parse),
            common: settings.common(PORT),
            buckets: all_buckets(settings),
            url_life: Duration::from_secs(life),
            receipts: ReceiptKeys::read(settings),
        }
    }
}

fn store(settings: &mut Settings<'_>) -> StoreConfig {
    let endpoint = settings.text("S3_ENDPOINT");
    let wished = settings.parsed("USE_S3_STORAGE", endpoint.is_some(), "true or false", flag);
    match endpoint {
        Some(_) if wished => external(settings),
        None if wished => {
            settings.problem("S3_ENDPOINT", "is required with USE_S3_STORAGE=true");
            embedded(settings)
        }
        Some(_) | None => embedded(settings),
    }
}

/// The buckets of the file, and before them the one that requests mean which name none: `S3_BUCKET`, with its rules in the
/// file when it stands there. Where only the file is set, its first bucket is that one.
fn all_buckets(settings: &mut Settings<'_>) -> Vec<Rules> {
    let limit = settings.number("MAX_FILE_SIZE_MB", MAX_FILE_SIZE_MB, 1, MAX_SIZE >> 20) << 20;
    let mut rules = buckets::read(settings, limit, MAX_SIZE);
    let wished = settings.optional("S3_BUCKET", BUCKET_ALLOWED, bucket);
    let first = match (wished, rules.first()) {
        (Some(name), _) => name,
        (None, Some(first)) => first.name.clone(),
        (None, None) => BUCKET.to_owned(),
    };
    match rules.iter().position(|rules| rules.name == first) {
        Some(place) => rules[..=place].rotate_right(1),
        None => rules.insert(0, Rules::new(&first, limit)),
    }
    rules
}

fn external(settings: &mut Settings<'_>) -> StoreConfig {
    let (scheme, authority) = settings
        .optional("S3_ENDPOINT", address::ALLOWED, address::parse)
        .unwrap_or_default();
    StoreConfig::External(Endpoint {
        scheme,
        authority,
        style: settings.parsed("S3_ADDRESSING_STYLE", Style::Path, "path or virtual", style),
        region: settings.parsed(
            "S3_REGION",
            REGION.to_owned(),
            "a region's name of a-z, A-Z, 0-9, `-`",
            region,
        ),
        credentials: credentials(settings),
        ca: settings
            .optional(
                "S3_SSL_CA",
                "a readable file of PEM certificates",
                certificates,
            )
            .unwrap_or_default(),
    })
}

fn credentials(settings: &mut Settings<'_>) -> Credentials {
    Credentials {
        access_key: required(settings, "S3_ACCESS_KEY"),
        secret_key: required(settings, "S3_SECRET_KEY"),
        session_token: settings.text("S3_SESSION_TOKEN"),
        expire_time: settings.optional(
            "S3_CREDENTIALS_EXPIRE_TIME",
            "a time such as 2026-12-31T23:59:59Z",
            instant,
        ),
    }
}

fn required(settings: &mut Settings<'_>, name: &str) -> String {
    settings.text(name).unwrap_or_else(|| {
        settings.problem(name, "is required with S3_ENDPOINT");
        String::new()
    })
}

fn embedded(settings: &mut Settings<'_>) -> StoreConfig {
    if !cfg!(feature = "embedded") {
        settings.problem(
            "S3_ENDPOINT",
            "is required: this build has no embedded store",
        );
    }
    let port = settings.number("EMBEDDED_S3_PORT", 0, 0, u64::from(u16::MAX));
    StoreConfig::Embedded {
        folder: settings.data_dir().join("blob"),
        port: u16::try_from(port).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
