//! How a store is reached: over TLS, with buckets in the path or before the host's name, under another name by browsers; and
//! what the log tells of each request to it.

use std::time::{Duration, Instant};

use contract::blob::v1::{DeleteObjectRequest, PresignGetItem, PresignGetRequest};
use tempfile::TempDir;
use tests::{
    ObjectStore, PrivateCa, Seaweed, Service,
    curl::{Answer, curl},
};
use tonic::Code;

use crate::{
    blob::{self, BlobSvc, Objects, bytes, keys, put, read},
    storage::on_each_object_store,
};

/// How long a service may take to find out about its store.
const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "chats/a/documents/plan_1.pdf";

/// The settings of a store over TLS whose certificate `ca` signed.
fn tls(ca: &PrivateCa, style: &str) -> Vec<(&'static str, String)> {
    let address = Seaweed::shared().tls_address();
    vec![
        ("S3_ENDPOINT", format!("https://{address}")),
        ("S3_SSL_CA", ca.certificate().display().to_string()),
        ("S3_ADDRESSING_STYLE", style.to_owned()),
    ]
}

async fn signed(service: &BlobSvc) -> String {
    let item = PresignGetItem {
        key: KEY.to_owned(),
        ..PresignGetItem::default()
    };
    let request = PresignGetRequest {
        items: vec![item],
        ..PresignGetRequest::default()
    };
    let answer = blob::presign(service).presign_get(request).await;
    answer
        .expect("it is signed")
        .into_inner()
        .urls
        .remove(0)
        .url
}

/// curl, which trusts the store's CA alone.
fn trusting_curl(url: &str) -> Answer {
    let ca = Seaweed::shared().ca().certificate().display().to_string();
    curl(url, &["--cacert", &ca], b"")
}

/// Stores in one piece and in parts, reads, lists and removes.
async fn everything_works(objects: &Objects) {
    for length in [3, 12 << 20] {
        let content = bytes(length);
        put(objects, KEY, &content).await;
        let (_, found) = read(objects, KEY).await.expect("it is there");
        assert!(found == content, "{length} bytes come back");
        assert_eq!(keys(objects, "chats/a/").await, [KEY]);
        let request = DeleteObjectRequest {
            key: KEY.to_owned(),
            ..DeleteObjectRequest::default()
        };
        let removed = objects.clone().delete_object(request).await;
        removed.expect("it is removed");
        assert!(keys(objects, "").await.is_empty());
    }
}

#[tokio::test]
async fn a_store_is_reached_over_tls_by_either_style_of_address() {
    let ca = Seaweed::shared().ca();
    for style in ["path", "virtual"] {
        let (service, objects) = blob::start_with(ObjectStore::Seaweed, &tls(ca, style)).await;
        everything_works(&objects).await;
        put(&objects, KEY, b"abc").await;
        let url = signed(&service).await;
        let host = service.setting("S3_BUCKET").expect("it is set");
        assert_eq!(
            url.contains(&format!("//{host}.")),
            style == "virtual",
            "{style}"
        );
        let answer = trusting_curl(&url);
        assert_eq!(
            (answer.status, answer.body),
            (200, b"abc".to_vec()),
            "{style}"
        );
    }
}

#[tokio::test]
async fn a_store_whose_certificate_another_ca_signed_is_not_spoken_to() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let bucket = ObjectStore::Seaweed.fresh();
    let settings = [
        bucket.settings(),
        tls(&PrivateCa::make(folder.path()), "path"),
    ]
    .concat();
    let service = Service::launch("blob-svc", &settings);
    let objects = Objects::new(service.channel());
    let deadline = Instant::now() + PATIENCE;
    while !service.log().contains("invalid peer certificate") {
        // Before it listens and after, the answer is the same; the log says why.
        let refused = read(&objects, KEY).await.expect_err("nothing is sent");
        assert_eq!(refused.code(), Code::Unavailable, "{refused}");
        assert!(Instant::now() < deadline, "{}", service.log());
    }
    assert!(!service.serves().await);
}

#[tokio::test]
async fn signed_urls_name_the_public_endpoint_and_the_store_takes_them() {
    let public = format!("https://{}", Seaweed::shared().tls_address());
    let settings = [("S3_PUBLIC_ENDPOINT", public.clone())];
    let (service, objects) = blob::start_with(ObjectStore::Seaweed, &settings).await;
    put(&objects, KEY, b"abc").await;
    let url = signed(&service).await;
    assert!(url.starts_with(&public), "it names the public endpoint");
    let answer = trusting_curl(&url);
    assert_eq!((answer.status, answer.body), (200, b"abc".to_vec()));
    let inside = service.setting("S3_ENDPOINT").expect("it is set");
    let moved = url.replace(&public, inside);
    assert_eq!(curl(&moved, &[], b"").status, 403, "the host is signed");
}

on_each_object_store![every_request_to_the_store_is_logged_with_its_key_and_id_and_no_secret];

async fn every_request_to_the_store_is_logged_with_its_key_and_id_and_no_secret(
    store: ObjectStore,
) {
    let settings = [("LOG_LEVEL", "trace".to_owned())];
    let (service, objects) = blob::start_with(store, &settings).await;
    put(&objects, KEY, b"fake-content").await;
    read(&objects, KEY).await.expect("it is there");
    read(&objects, "chats/a/none")
        .await
        .expect_err("it is absent");
    let log = service.log();
    let line = |operation: &str| {
        let message = format!("\"message\":\"{operation}\"");
        let found = log.lines().find(|line| line.contains(&message));
        found.unwrap_or_else(|| panic!("{operation} is not in the log:\n{log}"))
    };
    let put = line("s3.PutObject");
    assert!(put.contains(&format!("\"aws.s3.key\":\"{KEY}\"")), "{put}");
    assert!(put.contains("\"aws.s3.bucket\""), "{put}");
    assert!(put.contains("\"http.response.status_code\":200"), "{put}");
    let missed = "\"error.type\":\"no such key\"";
    assert!(
        log.lines()
            .any(|line| line.contains("s3.GetObject") && line.contains(missed))
    );
    if store == ObjectStore::Seaweed {
        assert!(put.contains("\"aws.request_id\""), "{put}");
    }
    let direct = service.direct();
    for secret in [
        direct.secret_key.as_str(),
        "Signature=",
        "AWS4-HMAC",
        "fake-content",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
