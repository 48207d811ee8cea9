//! What URLs of parts grant, and the whole that becomes of them.

use std::time::Instant;

use contract::blob::v1::PresignedUrl;
use tests::{ObjectStore, curl::curl};
use tonic::Code;

use super::{KEY, LENGTH, MIB, complete, completion, create, creation, send, sign_parts};
use crate::{
    blob::{self, bytes, keys, read, sha256},
    presign_curl::{PATIENCE, PAUSE, curl_put, tampered, writes::remove},
    storage::on_each_object_store,
};

on_each_object_store![
    parts_sent_by_curl_become_the_object_when_they_are_proven,
    a_part_of_another_size_number_or_upload_is_refused,
    a_url_of_a_part_ends_at_its_time
];

async fn parts_sent_by_curl_become_the_object_when_they_are_proven(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    for content in [bytes(LENGTH), bytes(1)] {
        let begun = create(&service, creation(&content))
            .await
            .expect("it is begun");
        let parts = send(&service, &begun, &content).await;
        let hidden = read(&objects, KEY).await.expect_err("it is not proven yet");
        assert_eq!(hidden.code(), Code::NotFound);
        let blob = complete(&service, completion(&begun, &parts, &content)).await;
        let blob = blob.expect("it is what it is said to be");
        assert_eq!(
            (blob.key.as_str(), blob.size_bytes),
            (KEY, content.len() as i64)
        );
        assert_eq!(blob.sha256, sha256(&content));
        let (object, found) = read(&objects, KEY).await.expect("it is there");
        assert!(found == content);
        assert_eq!(object.sha256, blob.sha256);
        assert_eq!(object.content_type, "application/pdf");
        assert_eq!(object.original_name, "План участка.pdf");
        assert_eq!(service.direct().keys(), [KEY], "nothing staged is left");
        assert!(service.direct().uploads().is_empty());
        remove(&objects).await;
    }
}

async fn a_part_of_another_size_number_or_upload_is_refused(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    let content = bytes(1_000);
    let begun = create(&service, creation(&content))
        .await
        .expect("it is begun");
    let signed = sign_parts(&service, &begun.upload_id, &[(1, 1_000)], 60)
        .await
        .remove(0);
    let at = |url: String| PresignedUrl {
        url,
        ..signed.clone()
    };
    let refused = [
        curl_put(&signed, &content[..999], &[]),
        curl_put(&signed, &bytes(1_001), &[]),
        curl_put(&signed, b"", &[]),
        curl_put(
            &at(tampered(&signed.url, "X-Amz-Signature=")),
            &content,
            &[],
        ),
        curl_put(
            &at(signed.url.replace("partNumber=1&", "partNumber=2&")),
            &content,
            &[],
        ),
        curl_put(&at(tampered(&signed.url, "uploadId=")), &content, &[]),
        curl_put(
            &at(signed.url.replace("uploads/temp/", "chats/a/")),
            &content,
            &[],
        ),
        curl(&signed.url, &[], b""),
        curl(&signed.url, &["-X", "DELETE"], b""),
    ];
    for answer in refused {
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    let parts = send(&service, &begun, &content).await;
    let blob = complete(&service, completion(&begun, &parts, &content)).await;
    assert_eq!(blob.expect("it is whole").sha256, sha256(&content));
    assert_eq!(keys(&objects, "").await, [KEY]);
}

async fn a_url_of_a_part_ends_at_its_time(store: ObjectStore) {
    let (service, _objects) = blob::start(store).await;
    let begun = create(&service, creation(&bytes(MIB)))
        .await
        .expect("it is begun");
    let signed = sign_parts(&service, &begun.upload_id, &[(1, 3)], 1)
        .await
        .remove(0);
    let deadline = Instant::now() + PATIENCE;
    while curl_put(&signed, b"abc", &[]).status != 403 {
        assert!(Instant::now() < deadline, "still granted");
        tokio::time::sleep(PAUSE).await;
    }
}
