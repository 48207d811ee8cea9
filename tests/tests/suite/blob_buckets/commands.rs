//! `blob-svc ensure-buckets`, for whoever owns the store.

use serde_json::json;
use tempfile::TempDir;
use tests::{
    ObjectStore, Seaweed,
    command::{blob_svc, run, stdout},
};

use super::Configured;
use crate::storage::on_each_object_store;

/// The six of the concert platform.
const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../blob-svc/buckets.example.json"
);

async fn the_example_of_six_buckets_is_provisioned_and_again_without_a_change(store: ObjectStore) {
    let bucket = store.fresh();
    let folder = TempDir::new().expect("a temporary folder can be made");
    let settings = bucket
        .settings()
        .into_iter()
        .filter(|(name, _)| *name != "S3_BUCKET");
    let mut command = blob_svc();
    command
        .arg("ensure-buckets")
        .envs(settings)
        .env("S3_BUCKETS_FILE", EXAMPLE)
        .env("DATA_DIR", folder.path());
    for _ in 0..2 {
        let told = stdout(&mut command);
        assert_eq!(
            told.lines().collect::<Vec<_>>(),
            [
                "concerts-audio: READY",
                "concerts-avatars: READY",
                "concerts-banners: READY",
                "concerts-campaign-attachments: READY",
                "concerts-track-covers: READY",
                "concerts-video: READY",
            ]
        );
    }
    if store == ObjectStore::Seaweed {
        shows_on_the_store();
    }
}

/// In the store's own words.
fn shows_on_the_store() {
    let setting = |bucket: &str, name: &str| {
        let answer = Seaweed::shared().bucket(bucket).ask("GET", "", name, b"");
        String::from_utf8(answer.body).expect("the store answers in text")
    };
    assert!(setting("concerts-banners", "policy=").contains("s3:GetObject"));
    assert!(setting("concerts-audio", "policy=").contains("NoSuchBucketPolicy"));
    assert!(setting("concerts-banners", "cors=").contains("https://concerts.example.com"));
    let lifecycle = setting("concerts-video", "lifecycle=");
    assert!(
        lifecycle.contains("<Prefix>uploads/temp/</Prefix>"),
        "{lifecycle}"
    );
    assert!(
        lifecycle.contains("<DaysAfterInitiation>3</DaysAfterInitiation>"),
        "{lifecycle}"
    );
}

on_each_object_store! {
    the_example_of_six_buckets_is_provisioned_and_again_without_a_change,
}

#[tokio::test]
async fn the_command_fails_and_tells_of_every_bucket_when_one_is_not_ready() {
    let others = [("fine", json!({})), ("open", json!({ "public": true }))];
    let configured = Configured::new(ObjectStore::Seaweed, json!({}), &others);
    let (access_key, secret_key) = Seaweed::LEAST;
    let output = run(blob_svc()
        .arg("ensure-buckets")
        .envs(configured.settings())
        .env("S3_ACCESS_KEY", access_key)
        .env("S3_SECRET_KEY", secret_key));
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("-fine: MISSING\n  it cannot be made: access denied"),
        "{told}"
    );
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        complaint.contains("not all buckets are as configured"),
        "{complaint}"
    );
    assert!(!complaint.contains(secret_key), "{complaint}");
}

#[test]
fn every_bad_entry_ends_the_start_and_is_told_by_its_place() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = folder.path().join("buckets.json");
    let text = r#"{"buckets": [{"name": "Bad"}, {"name": "good", "colour": 1}]}"#;
    std::fs::write(&file, text).expect("a file can be written");
    let output = run(blob_svc()
        .env("S3_BUCKETS_FILE", &file)
        .current_dir(&folder));
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    for place in [
        "S3_BUCKETS_FILE: buckets[0].name: must be",
        "S3_BUCKETS_FILE: buckets[1]: unknown field `colour`",
    ] {
        assert!(told.contains(place), "{place} is not in {told}");
    }
}
