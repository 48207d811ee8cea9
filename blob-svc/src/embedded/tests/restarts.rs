//! What outlives a restart, and who is let in.

use super::*;

#[tokio::test]
async fn wrong_secret_is_forbidden() {
    let rig = Rig::new().await;
    let mut endpoint = rig.embedded.endpoint.clone();
    endpoint.credentials.secret_key = "fake".to_owned();
    let stranger = StoreClient::new(&endpoint).bucket(BUCKET);
    assert_eq!(stranger.head("k").await, Err(StoreError::Forbidden));
    assert_eq!(stranger.list(&all()).await, Err(StoreError::Forbidden));
}

#[tokio::test]
async fn restart_keeps_objects_address_and_credentials_and_removes_what_no_entry_names() {
    let rig = Rig::new().await;
    rig.put("k", "bytes").await.expect("stored");
    let signed = rig.pen(minute()).get("k", None);
    let rig = rig
        .restart(|folder| {
            let leftover = Uuid::now_v7();
            let shard = folder
                .join("objects")
                .join(format!("{:02x}", leftover.as_bytes()[15]));
            fs::write(shard.join(leftover.to_string()), "renamed, not committed")
                .expect("writable");
            fs::write(
                folder.join("incoming").join(Uuid::now_v7().to_string()),
                "half",
            )
            .expect("writable");
        })
        .await;
    assert_eq!(rig.files(), 1);
    assert_eq!(
        fs::read_dir(rig.folder.path().join("incoming"))
            .expect("readable")
            .count(),
        0
    );
    assert_eq!(
        send_signed("GET", &signed, b"").await.body().as_ref(),
        b"bytes",
        "the URL outlives the restart"
    );
    let mode = fs::metadata(rig.folder.path().join("credentials.json"))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn second_process_on_the_folder_is_refused() {
    let rig = Rig::new().await;
    assert!(Backend::open(rig.folder.path()).is_err());
}
