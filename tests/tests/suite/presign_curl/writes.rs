//! Signed URLs to write with.

use std::time::Instant;

use contract::blob::v1::{DeleteObjectRequest, PresignedUrl};
use tests::{ObjectStore, curl::curl};

use super::{KEY, PATIENCE, PAUSE, curl_put, sign_put, tampered};
use crate::{
    blob::{self, Objects, bytes, keys, read, sha256},
    storage::on_each_object_store,
};

on_each_object_store![
    curl_puts_exactly_what_was_signed,
    an_upload_of_another_size_type_or_content_is_refused_and_stores_nothing,
    a_url_to_write_with_ends_at_its_time
];

/// Frees the key.
pub(super) async fn remove(objects: &Objects) {
    let request = DeleteObjectRequest {
        key: KEY.to_owned(),
        ..Default::default()
    };
    objects
        .clone()
        .delete_object(request)
        .await
        .expect("it is removed");
}

async fn curl_puts_exactly_what_was_signed(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    for content in [bytes(0), bytes(3), bytes(1_000_000)] {
        for digest in [String::new(), sha256(&content)] {
            let signed = sign_put(&service, &content, &digest, 60).await;
            let stored = curl_put(&signed, &content, &[]);
            assert_eq!(stored.status, 200, "{}", stored.head);
            let (object, found) = read(&objects, KEY).await.expect("it is there");
            assert!(found == content);
            assert_eq!(object.content_type, "application/pdf");
            let again = curl_put(&signed, &content, &[]);
            assert_eq!(again.status, 412, "a key is written once: {}", again.head);
            remove(&objects).await;
        }
    }
}

async fn an_upload_of_another_size_type_or_content_is_refused_and_stores_nothing(
    store: ObjectStore,
) {
    let (service, objects) = blob::start(store).await;
    let content = bytes(1_000);
    let signed = sign_put(&service, &content, &sha256(&content), 60).await;
    let unbound = sign_put(&service, &content, "", 60).await;
    let mut other = content.clone();
    other[500] ^= 1;
    let at = |url: String| {
        let changed = PresignedUrl {
            url,
            ..signed.clone()
        };
        curl_put(&changed, &content, &[])
    };
    let typed = |kind: &str| curl_put(&unbound, &content, &[("content-type", kind)]);
    let refused = [
        (curl_put(&signed, &content[..999], &[]), 403),
        (curl_put(&unbound, &bytes(1_001), &[]), 403),
        (curl_put(&unbound, b"", &[]), 403),
        (typed("text/html"), 403),
        (typed("application/pdf; a=b"), 403),
        (curl_put(&signed, &other, &[]), 400),
        (
            curl_put(&signed, &content, &[("x-amz-checksum-sha256", "")]),
            403,
        ),
        (curl_put(&unbound, &content, &[("if-none-match", "")]), 403),
        (at(tampered(&signed.url, "X-Amz-Signature=")), 403),
        (at(signed.url.replace("plan_1", "plan_2")), 403),
        (curl(&signed.url, &[], b""), 403),
    ];
    for (answer, status) in refused {
        assert_eq!(answer.status, status, "{}", answer.head);
        assert!(keys(&objects, "").await.is_empty(), "{}", answer.head);
    }
    assert_eq!(curl_put(&signed, &content, &[]).status, 200);
    assert_eq!(read(&objects, KEY).await.expect("it is there").1, content);
}

async fn a_url_to_write_with_ends_at_its_time(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    // The digest of something else, so that the URL stores nothing while it lives: it answers 400 and not 403.
    let signed = sign_put(&service, b"abc", &sha256(b"other"), 1).await;
    let deadline = Instant::now() + PATIENCE;
    while curl_put(&signed, b"abc", &[]).status != 403 {
        assert!(Instant::now() < deadline, "still judged by the content");
        tokio::time::sleep(PAUSE).await;
    }
    assert!(keys(&objects, "").await.is_empty());
}
