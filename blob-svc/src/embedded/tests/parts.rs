//! Uploads in parts.

use super::*;
use crate::s3::Multipart;

/// Uploads a part and counts it in.
async fn add(upload: &mut Multipart, number: u16, bytes: impl Into<Bytes>) {
    let etag = upload.part(number, &[bytes.into()]).await.expect("a part");
    upload.count_in(number, etag);
}

#[tokio::test]
async fn parts_become_one_object_and_leave_no_files_of_their_own() {
    let rig = Rig::new().await;
    let mut upload = rig.store.begin("big", &plain()).await.expect("begun");
    add(&mut upload, 2, "end").await;
    add(&mut upload, 1, vec![1; 5 << 20]).await;
    assert_eq!(
        rig.store.head("big").await,
        Err(StoreError::NoSuchKey),
        "nothing shows before the end"
    );
    upload.complete().await.expect("completed");
    let stored = rig.store.head("big").await.expect("it is there");
    assert_eq!(stored.size_bytes, (5 << 20) + 3);
    assert!(stored.etag.ends_with("-2\""), "{}", stored.etag);
    assert_eq!(
        rig.get(
            "big",
            Span {
                offset: (5 << 20) - 1,
                length: None
            }
        )
        .await
        .expect("readable"),
        b"\x01end"
    );
    assert_eq!(rig.files(), 1);
    assert_eq!(upload.complete().await, Err(StoreError::NoSuchUpload));
}

#[tokio::test]
async fn a_part_under_another_tag_completes_nothing_and_the_upload_goes_on() {
    let rig = Rig::new().await;
    let mut upload = rig.store.begin("k", &plain()).await.expect("begun");
    let etag = upload.part(1, &["whole".into()]).await.expect("a part");
    let mut wrong = upload.clone();
    wrong.count_in(1, "\"00000000000000000000000000000000\"".to_owned());
    assert_eq!(wrong.complete().await, Err(StoreError::Refused));
    assert_eq!(rig.store.head("k").await, Err(StoreError::NoSuchKey));
    upload.count_in(1, etag);
    upload.complete().await.expect("completed");
    assert_eq!(rig.get("k", Span::WHOLE).await.expect("readable"), b"whole");
}

#[tokio::test]
async fn small_part_in_the_middle_and_a_taken_key_are_refused_and_abort_cleans_up() {
    let rig = Rig::new().await;
    let mut upload = rig.store.begin("k", &plain()).await.expect("begun");
    add(&mut upload, 1, "small").await;
    add(&mut upload, 2, "end").await;
    assert_eq!(upload.complete().await, Err(StoreError::Refused));
    upload.abort().await.expect("aborted");
    let mut late = rig.store.begin("k", &plain()).await.expect("begun");
    add(&mut late, 1, "late").await;
    rig.put("k", "first").await.expect("stored");
    assert_eq!(late.complete().await, Err(StoreError::ConditionFailed));
    late.abort().await.expect("aborted");
    assert_eq!(rig.get("k", Span::WHOLE).await.expect("readable"), b"first");
    assert_eq!(rig.files(), 1);
}
