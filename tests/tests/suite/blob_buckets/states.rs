//! Where buckets stand.

use contract::blob::v1::BucketState;
use futures::future::join_all;
use serde_json::json;
use tests::{ObjectStore, Seaweed, Service};

use super::{Configured, client, ensured, lines, listed};
use crate::storage::on_each_object_store;

async fn what_is_configured_of_a_bucket_is_answered_with_where_it_stands(store: ObjectStore) {
    let entry = json!({ "public": true, "max_size_bytes": 7, "content_types": ["image/*"] });
    let configured = Configured::new(store, entry, &[]);
    let service = Service::start("blob-svc", &configured.settings()).await;
    let told = ensured(&client(&service)).await.remove(0);
    assert_eq!(told.name, configured.first);
    assert_eq!((told.public, told.max_size_bytes), (true, 7));
    assert_eq!(told.content_types, ["image/*"]);
    assert_eq!(told.state(), BucketState::Ready, "{told:?}");
    assert_eq!(listed(&client(&service)).await, [told]);
}

async fn a_bucket_that_was_opened_behind_our_back_is_told_and_closed(store: ObjectStore) {
    let configured = Configured::new(store, json!({}), &[]);
    let service = Service::start("blob-svc", &configured.settings()).await;
    let direct = configured.bucket.direct(&service);
    assert!(direct.put("chats/a/images/a.png", b"bytes"));
    ensured(&client(&service)).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*",
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{}/*", direct.name) }] });
    let opened = direct.ask("PUT", "", "policy=", policy.to_string().as_bytes());
    assert!(matches!(opened.status, 200 | 204), "{opened:?}");
    let url = configured.url(&service, &direct.name, "chats/a/images/a.png");
    let anyone = || tests::curl::curl(&url, &[], b"").status;
    assert_eq!(anyone(), 200, "everybody reads it");
    let told = listed(&client(&service)).await;
    let problem = " Incomplete policy: its policy opens it to everybody";
    assert_eq!(lines(&told, &configured.first), [problem.trim()]);
    assert_eq!(anyone(), 200, "looking changes nothing");
    let told = ensured(&client(&service)).await;
    assert_eq!(lines(&told, &configured.first), ["Ready"]);
    assert_eq!(anyone(), 403, "nobody does");
}

on_each_object_store! {
    what_is_configured_of_a_bucket_is_answered_with_where_it_stands,
    a_bucket_that_was_opened_behind_our_back_is_told_and_closed,
}

/// The embedded store has its buckets made at the start.
#[tokio::test]
async fn missing_buckets_are_told_and_made_by_any_number_of_calls_at_once() {
    let others = [("one", json!({ "public": true })), ("two", json!({}))];
    let configured = Configured::new(ObjectStore::Seaweed, json!({}), &others);
    let mut service = Service::launch("blob-svc", &configured.settings());
    let buckets = client(&service);
    let told = loop {
        match buckets
            .clone()
            .list_buckets(contract::blob::v1::ListBucketsRequest {})
            .await
        {
            Ok(answer) => break answer.into_inner().buckets,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    let lifecycle = "Incomplete lifecycle: it is another than the configured one";
    assert_eq!(
        lines(&told, &configured.first),
        [lifecycle, "-one Missing", "-two Missing"]
    );
    let calls: Vec<_> = (0..8).map(|_| client(&service)).collect();
    for told in join_all(calls.iter().map(ensured)).await {
        assert_eq!(
            lines(&told, &configured.first),
            ["Ready", "-one Ready", "-two Ready"]
        );
    }
    service.wait_until_serving().await;
}

#[tokio::test]
async fn without_the_rights_it_is_told_what_is_not_as_configured() {
    let others = [("absent", json!({}))];
    let configured = Configured::new(ObjectStore::Seaweed, json!({ "public": true }), &others);
    let (access_key, secret_key) = Seaweed::LEAST;
    let least = [
        ("S3_ACCESS_KEY", access_key.to_owned()),
        ("S3_SECRET_KEY", secret_key.to_owned()),
    ];
    let mut settings = configured.settings();
    settings.retain(|(name, _)| !name.ends_with("_KEY"));
    let service = Service::launch("blob-svc", &[&settings[..], &least].concat());
    let buckets = client(&service);
    let told = loop {
        match buckets
            .clone()
            .ensure_buckets(contract::blob::v1::EnsureBucketsRequest::default())
            .await
        {
            Ok(answer) => break answer.into_inner().buckets,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    let told = lines(&told, &configured.first);
    assert!(told[0].starts_with("Incomplete policy: not everybody may read it, and that cannot be changed: access denied"), "{told:?}");
    assert_eq!(told[1], "-absent Missing it cannot be made: access denied");
}
