//! Copies.

use super::*;

#[tokio::test]
async fn copy_answers_the_same_to_its_request_id_and_refuses_a_taken_key() {
    let rig = Rig::new().await;
    let content = bytes(10);
    let put = rig
        .put(frames(
            header(WAYS[1], &content),
            &content,
            Some(commit(&content)),
        ))
        .await
        .expect("stored");
    let key = |text: &str| Key::parse(text.to_owned()).expect("a key");
    let copy = |from: &str, id: u128| Copy {
        bucket: Arc::clone(&rig.bucket),
        from: key(from),
        to: key("copy"),
        request_id: Uuid::from_u128(id),
    };
    let first = rig
        .blobs
        .copy(copy("docs/plan.pdf", 1))
        .await
        .expect("copied");
    assert_eq!(
        (first.sha256.clone(), first.content_type.clone()),
        (put.sha256, put.content_type)
    );
    assert_eq!(
        rig.blobs
            .copy(copy("docs/plan.pdf", 1))
            .await
            .expect("the same again"),
        first
    );
    assert!(matches!(
        rig.blobs.copy(copy("docs/plan.pdf", 2)).await,
        Err(Error::KeyTaken(_))
    ));
    assert!(matches!(
        rig.blobs.copy(copy("absent", 3)).await,
        Err(Error::NoSuchKey(_))
    ));
}

#[tokio::test]
async fn copy_of_an_object_without_a_digest_gets_one() {
    let rig = Rig::new().await;
    let foreign = Attributes {
        content_type: "text/plain".to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    };
    rig.bucket
        .store
        .put("foreign", &foreign, &["x".into()])
        .await
        .expect("stored");
    let key = |text: &str| Key::parse(text.to_owned()).expect("a key");
    let copy = Copy {
        bucket: Arc::clone(&rig.bucket),
        from: key("foreign"),
        to: key("ours"),
        request_id: Uuid::nil(),
    };
    assert_eq!(
        rig.blobs.copy(copy).await.expect("copied").sha256,
        hex_digest(b"x")
    );
}
