//! Who reads, what browsers are told, and whose objects rows can name.

use contract::{blob::v1::PutObjectHeader, receipt::ReceiptKeys};
use serde_json::json;
use tests::{ObjectStore, Service, curl::curl};

use super::{Configured, client, ensured};
use crate::{
    blob::{Objects, header, upload},
    storage::on_each_object_store,
};

const KEY: &str = "chats/a/images/a.png";
const RECEIPT_KEY: &str = "fake-receipt-key-of-32-characters-one";
const PAGE: &str = "https://page.example.test";

async fn everybody_reads_a_public_bucket_and_nobody_lists_or_writes_it(store: ObjectStore) {
    let others = [("closed", json!({}))];
    let configured = Configured::new(store, json!({ "public": true }), &others);
    let service = start(&configured).await;
    let open = configured.bucket.direct(&service);
    let mut closed = open.clone();
    closed.name = format!("{}-closed", open.name);
    assert!(open.put(KEY, b"bytes") && closed.put(KEY, b"bytes"));
    let url = configured.url(&service, &open.name, KEY);
    let answer = curl(&url, &[], b"");
    assert_eq!((answer.status, &answer.body[..]), (200, &b"bytes"[..]));
    let hidden = configured.url(&service, &closed.name, KEY);
    assert_eq!(curl(&hidden, &[], b"").status, 403);
    assert_eq!(
        curl(&url, &["-X", "PUT", "--data-binary", "@input"], b"other").status,
        403
    );
    assert_eq!(curl(&url, &["-X", "DELETE"], b"").status, 403);
    let bucket = configured.url(&service, &open.name, "");
    assert_eq!(curl(&bucket, &[], b"").status, 403);
    assert_eq!(open.read(KEY), Some(b"bytes".to_vec()));
}

async fn browsers_are_told_what_the_configuration_lets_pages_do(store: ObjectStore) {
    let cors =
        json!({ "cors": { "origins": [PAGE], "methods": ["GET", "PUT"], "max_age_seconds": 60 } });
    let configured = Configured::new(store, cors, &[]);
    let service = start(&configured).await;
    let url = configured.url(&service, &configured.first, KEY);
    let ask = |origin: &str, method: &str| {
        let origin = format!("origin: {origin}");
        let method = format!("access-control-request-method: {method}");
        let headers = "access-control-request-headers: content-type";
        let answer = curl(
            &url,
            &["-X", "OPTIONS", "-H", &origin, "-H", &method, "-H", headers],
            b"",
        );
        answer.head.to_ascii_lowercase()
    };
    // Both must be told, or the browser does not send the request.
    let allowed = format!("access-control-allow-origin: {PAGE}");
    let lets = |head: &str, method: &str| {
        let methods = head
            .lines()
            .find(|line| line.starts_with("access-control-allow-methods:"));
        head.contains(&allowed) && methods.is_some_and(|methods| methods.contains(method))
    };
    let yes = ask(PAGE, "PUT");
    assert!(
        yes.starts_with("http/1.1 200") && lets(&yes, "put"),
        "{yes}"
    );
    let (stranger, other) = (ask("https://example.org", "PUT"), ask(PAGE, "DELETE"));
    assert!(!lets(&stranger, "put"), "{stranger}");
    assert!(!lets(&other, "delete"), "{other}");
    let seen = curl(&url, &["-H", &format!("origin: {PAGE}")], b"")
        .head
        .to_ascii_lowercase();
    assert!(
        seen.contains(&allowed),
        "a page sees why it was refused: {seen}"
    );
}

/// Rows name keys and no bucket: one that named an object of another bucket would be read, and removed, in the first.
async fn receipts_are_given_for_objects_of_the_first_bucket_alone(store: ObjectStore) {
    let others = [("other", json!({}))];
    let configured = Configured::new(store, json!({}), &others);
    let service = start(&configured).await;
    let objects = Objects::new(service.channel());
    for (bucket, is_vouched_for) in [
        (String::new(), true),
        (configured.first.clone(), true),
        (format!("{}-other", configured.first), false),
    ] {
        let header = PutObjectHeader {
            bucket: bucket.clone(),
            ..header(&format!("chats/a/images/{}.png", bucket.len()))
        };
        let blob = upload(&objects, header, b"ten bytes.").await;
        let blob = blob.expect("it is stored");
        let vouches = ReceiptKeys::new([RECEIPT_KEY]).vouch_for(&blob);
        assert_eq!(vouches, is_vouched_for, "{bucket}: {blob:?}");
    }
}

on_each_object_store! {
    receipts_are_given_for_objects_of_the_first_bucket_alone,
    everybody_reads_a_public_bucket_and_nobody_lists_or_writes_it,
    browsers_are_told_what_the_configuration_lets_pages_do,
}

/// Starts the service, and has its buckets made.
async fn start(configured: &Configured) -> Service {
    let mut settings = configured.settings();
    settings.push(("RECEIPT_KEY", RECEIPT_KEY.to_owned()));
    let mut service = Service::launch("blob-svc", &settings);
    let buckets = client(&service);
    while buckets
        .clone()
        .list_buckets(contract::blob::v1::ListBucketsRequest {})
        .await
        .is_err()
    {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    ensured(&buckets).await;
    service.wait_until_serving().await;
    service
}
