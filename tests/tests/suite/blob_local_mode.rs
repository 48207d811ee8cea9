//! Local mode: the service goes on without the cloud, on a store of its own, whatever else is set.

use std::fs;

use tests::{
    ObjectStore,
    command::{blob_svc, run},
};

use crate::blob;

const KEY: &str = "chats/a/documents/plan_1.pdf";

/// Of a deployment that uses the cloud. Nobody listens there.
fn of_the_cloud() -> Vec<(&'static str, String)> {
    let settings = [
        ("S3_ENDPOINT", "https://s3.cloud.invalid"),
        ("S3_ACCESS_KEY", "fake-tenant:fake-key"),
        ("S3_SECRET_KEY", "fake-secret"),
        ("S3_REGION", "ru-central-1"),
        ("S3_ADDRESSING_STYLE", "virtual"),
    ];
    settings
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
}

#[tokio::test]
async fn use_s3_storage_false_keeps_objects_here_also_with_an_endpoint_set() {
    let off = [("USE_S3_STORAGE", "false".to_owned())];
    let settings = [&of_the_cloud()[..], &off].concat();
    let (mut service, objects) = blob::start_with(ObjectStore::Embedded, &settings).await;
    blob::put(&objects, KEY, b"bytes").await;
    service.kill_9();
    service.restart().await;
    let (_, found) = blob::read(&objects, KEY).await.expect("it is there");
    assert_eq!(found, b"bytes");
    assert!(service.data().join("blob/index.redb").is_file());
    assert!(
        !service.log().contains("cloud.invalid"),
        "nobody asked the cloud"
    );
}

#[tokio::test]
async fn without_an_endpoint_objects_are_kept_here_whatever_else_is_set() {
    let mut settings = of_the_cloud();
    settings.retain(|(name, _)| *name != "S3_ENDPOINT");
    let (service, objects) = blob::start_with(ObjectStore::Embedded, &settings).await;
    blob::put(&objects, KEY, b"bytes").await;
    assert!(service.data().join("blob/index.redb").is_file());
}

#[test]
fn use_s3_storage_true_without_an_endpoint_ends_the_start_and_makes_no_store() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = folder.path().join("data");
    let output = run(blob_svc()
        .env("USE_S3_STORAGE", "true")
        .env("DATA_DIR", &data));
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("S3_ENDPOINT: is required with USE_S3_STORAGE=true"),
        "{told}"
    );
    assert!(fs::metadata(&data).is_err(), "an empty store was made");
}
