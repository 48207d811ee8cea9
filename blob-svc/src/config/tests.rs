mod buckets;

use super::*;
use std::collections::HashMap;
use tracing::level_filters::LevelFilter;

fn read(settings: &[(&str, &str)]) -> Result<Config, Problems> {
    let known: HashMap<&str, &str> = settings.iter().copied().collect();
    let find = |name: &str| known.get(name).map(|value| (*value).to_owned());
    settings::from(&find, Config::read)
}

const CLOUD: [(&str, &str); 5] = [
    ("S3_ENDPOINT", "https://s3.cloud.ru"),
    ("S3_ACCESS_KEY", "fake-tenant:fake-key"),
    ("S3_SECRET_KEY", "fake-secret"),
    ("S3_BUCKET", "cloud-aizoomdoc"),
    ("S3_REGION", "ru-central-1"),
];

#[test]
fn nothing_set_means_the_embedded_store_and_the_known_defaults() {
    let config = read(&[]).expect("every setting has a default");
    assert!(matches!(
        config.store,
        StoreConfig::Embedded { port: 0, .. }
    ));
    assert_eq!(config.buckets, [Rules::new("cloud-aizoomdoc", 100 << 20)]);
    assert_eq!(config.url_life, Duration::from_secs(3_600));
    assert_eq!(config.common.listen_addr.to_string(), "127.0.0.1:50052");
}

#[test]
fn deployed_settings_of_the_document_chat_are_understood() {
    let config = read(
        &[
            &CLOUD[..],
            &[("LOG_LEVEL", "WARNING"), ("USE_S3_STORAGE", "True")],
        ]
        .concat(),
    );
    let config = config.expect("these settings are in use");
    let StoreConfig::External(endpoint) = &config.store else {
        panic!("an endpoint is set")
    };
    assert_eq!(endpoint.url(), "https://s3.cloud.ru");
    assert_eq!(endpoint.credentials.access_key, "fake-tenant:fake-key");
    assert_eq!(config.common.log_level, LevelFilter::WARN);
}

#[test]
fn use_s3_storage_false_means_embedded_whatever_else_is_set() {
    let config = read(&[&CLOUD[..], &[("USE_S3_STORAGE", "false")]].concat()).expect("local mode");
    assert!(matches!(config.store, StoreConfig::Embedded { .. }));
}

#[test]
fn every_bad_setting_is_told_at_once_and_no_secret_with_it() {
    let problems = read(&[
        ("S3_ENDPOINT", "ftp://s3.example.test/path"),
        ("S3_SECRET_KEY", "fake-secret-that-must-not-show"),
        ("S3_BUCKET", "Not_A_Bucket"),
        ("MAX_FILE_SIZE_MB", "0"),
        ("S3_URL_EXPIRATION", "604801"),
        ("LISTEN_ADDR", "nowhere"),
        ("LOG_LEVEL", "loud"),
        ("RECEIPT_KEY", "fake-short-key"),
    ])
    .expect_err("all of these are bad")
    .to_string();
    let named: Vec<&str> = problems
        .lines()
        .skip(1)
        .filter_map(|line| line.trim().split(':').next())
        .collect();
    assert_eq!(
        named,
        [
            "S3_URL_EXPIRATION",
            "S3_ENDPOINT",
            "S3_ACCESS_KEY",
            "LISTEN_ADDR",
            "LOG_LEVEL",
            "MAX_FILE_SIZE_MB",
            "S3_BUCKET",
            "RECEIPT_KEY"
        ]
    );
    assert!(!problems.contains("fake-s"), "{problems}");
}

#[test]
fn debug_output_of_a_config_shows_no_secret() {
    let key = "fake-receipt-key-of-32-characters-and-more";
    let config = read(&[&CLOUD[..], &[("RECEIPT_KEY", key)]].concat()).expect("good settings");
    let shown = format!("{config:?}");
    assert!(!shown.contains("fake"), "{shown}");
}

#[test]
fn addresses_lose_their_default_port_and_refuse_users_and_paths() {
    assert_eq!(
        address::parse("http://LOCALHOST:80/"),
        Some(("http", "localhost".to_owned()))
    );
    assert_eq!(
        address::parse("s3.cloud.ru"),
        Some(("https", "s3.cloud.ru".to_owned()))
    );
    assert_eq!(
        address::parse("http://[::1]:9000"),
        Some(("http", "[::1]:9000".to_owned()))
    );
    for bad in [
        "https://user@host",
        "https://host/path",
        "https://",
        "ftp://host",
        "https://ho st",
        "http://h:x",
    ] {
        assert_eq!(address::parse(bad), None, "{bad}");
    }
}
