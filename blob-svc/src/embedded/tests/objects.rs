//! Single objects.

use super::*;
use sha2::Digest as _;

fn digest(bytes: &[u8]) -> Digest {
    Digest::from(<[u8; 32]>::from(sha2::Sha256::digest(bytes)))
}

#[tokio::test]
async fn bytes_that_differ_from_their_digest_are_refused_and_not_stored() {
    let rig = Rig::new().await;
    let attributes = Attributes {
        sha256: Some(digest(b"sent")),
        ..plain()
    };
    let body = Bytes::from_static(b"came");
    assert_eq!(
        rig.store.put("k", &attributes, &[body]).await,
        Err(StoreError::Damaged)
    );
    assert_eq!(rig.store.head("k").await, Err(StoreError::NoSuchKey));
}

#[tokio::test]
async fn object_comes_back_with_its_bytes_and_attributes() {
    let rig = Rig::new().await;
    let bytes = Bytes::from(vec![42; 700_000]);
    let attributes = Attributes {
        content_type: "application/pdf".to_owned(),
        sha256: Some(digest(&bytes)),
        original_name: Some("  План   участка №5.pdf ".to_owned()),
        request_id: Some(Uuid::now_v7()),
    };
    rig.store
        .put("a/b.pdf", &attributes, std::slice::from_ref(&bytes))
        .await
        .expect("stored");
    let stored = rig.store.head("a/b.pdf").await.expect("it is there");
    assert_eq!(
        (stored.size_bytes, stored.attributes),
        (700_000, attributes)
    );
    assert_eq!(
        rig.get("a/b.pdf", Span::WHOLE).await.expect("readable"),
        bytes
    );
}

#[tokio::test]
async fn ranges_answer_their_bytes_and_a_start_behind_the_end_is_refused() {
    let rig = Rig::new().await;
    rig.put("k", "0123456789").await.expect("stored");
    let span = |offset, length| Span { offset, length };
    assert_eq!(
        rig.get("k", span(3, Some(4))).await.expect("readable"),
        b"3456"
    );
    assert_eq!(rig.get("k", span(7, None)).await.expect("readable"), b"789");
    assert_eq!(
        rig.get("k", span(9, Some(100))).await.expect("readable"),
        b"9"
    );
    assert_eq!(
        rig.get("k", span(10, None)).await,
        Err(StoreError::InvalidRange)
    );
    rig.put("empty", "").await.expect("stored");
    assert_eq!(rig.get("empty", Span::WHOLE).await.expect("readable"), b"");
}

#[tokio::test]
async fn taken_key_is_refused_and_its_bytes_stay() {
    let rig = Rig::new().await;
    rig.put("k", "first").await.expect("stored");
    assert_eq!(
        rig.put("k", "second").await,
        Err(StoreError::ConditionFailed)
    );
    assert_eq!(rig.get("k", Span::WHOLE).await.expect("readable"), b"first");
    assert_eq!(rig.files(), 1, "the refused bytes are gone");
}

#[tokio::test]
async fn of_many_puts_of_one_key_at_once_exactly_one_wins() {
    let rig = Rig::new().await;
    let puts = (0..12).map(|n| rig.put("k", format!("writer {n}")));
    let outcomes = futures::future::join_all(puts).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    assert_eq!(rig.files(), 1);
}

#[tokio::test]
async fn body_that_ends_early_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let backend = Backend::open(folder.path()).expect("the folder can be opened");
    let broken = futures::stream::iter([
        Ok(Bytes::from_static(b"half")),
        Err(std::io::Error::other("given up")),
    ]);
    let body = s3s::dto::StreamingBlob::wrap(broken);
    let received = backend.receive(Some(body), digest::Claims::default()).await;
    assert!(received.is_err());
    let incoming = fs::read_dir(folder.path().join("incoming"));
    assert_eq!(incoming.expect("readable").count(), 0);
}

#[tokio::test]
async fn copy_outlives_its_source_and_has_attributes_of_its_own() {
    let rig = Rig::new().await;
    rig.put("from", "bytes").await.expect("stored");
    let etag = rig.store.head("from").await.expect("it is there").etag;
    let attributes = Attributes {
        content_type: "text/plain".to_owned(),
        ..plain()
    };
    rig.store
        .copy("from", &etag, "to", &attributes)
        .await
        .expect("copied");
    assert_eq!(
        rig.store.copy("from", &etag, "to", &attributes).await,
        Err(StoreError::ConditionFailed)
    );
    assert_eq!(
        rig.store.copy("absent", &etag, "free", &attributes).await,
        Err(StoreError::NoSuchKey)
    );
    assert_eq!(
        rig.store
            .copy("from", "\"other\"", "free", &attributes)
            .await,
        Err(StoreError::ConditionFailed)
    );
    rig.store.delete("from").await.expect("removed");
    assert_eq!(
        rig.get("to", Span::WHOLE).await.expect("readable"),
        b"bytes"
    );
    assert_eq!(
        rig.store
            .head("to")
            .await
            .expect("it is there")
            .attributes
            .content_type,
        "text/plain"
    );
    assert_eq!(rig.files(), 1);
}

#[tokio::test]
async fn removing_many_takes_absent_keys_for_gone() {
    let rig = Rig::new().await;
    rig.put("a", "1").await.expect("stored");
    rig.put("b", "2").await.expect("stored");
    rig.put("odd\u{1}\r\n", "3").await.expect("stored");
    let keys = ["a", "absent", "odd\u{1}\r\n", "b"].map(str::to_owned);
    assert_eq!(rig.store.delete_many(&keys).await, Ok(Vec::new()));
    assert_eq!(rig.files(), 0);
    rig.store
        .delete("a")
        .await
        .expect("removing an absent object succeeds");
}

#[tokio::test]
async fn reader_keeps_its_bytes_when_the_object_is_removed_under_it() {
    let rig = Rig::new().await;
    let bytes = vec![5; 3 << 20];
    rig.put("k", bytes.clone()).await.expect("stored");
    let download = rig
        .store
        .get("k", Span::WHOLE, &Condition::default())
        .await
        .expect("readable");
    rig.store.delete("k").await.expect("removed");
    let chunks: Vec<Bytes> = download
        .body
        .try_collect()
        .await
        .expect("the body comes whole");
    assert!(chunks.concat() == bytes);
}

#[tokio::test]
async fn wrong_md5_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let backend = Backend::open(folder.path()).expect("an empty folder opens");
    let md5 = Some("AAAAAAAAAAAAAAAAAAAAAA==".to_owned());
    let claims = digest::Claims {
        md5,
        ..digest::Claims::default()
    };
    let body = s3s::Body::from(Bytes::from_static(b"bytes")).into();
    let received = backend
        .receive(Some(body), claims)
        .await
        .expect("it arrives");
    let refused = received
        .keep(&backend.0.files)
        .expect_err("the digest differs");
    assert!(
        matches!(refused, Error::Refused(s3s::S3ErrorCode::BadDigest)),
        "{refused}"
    );
    assert!(data_files(folder.path()).is_empty());
}
