//! Ends that are none: claims that do not hold, aborts, and keys that were taken meanwhile.

use contract::blob::v1::{
    AbortMultipartUploadRequest, CreateMultipartUploadResponse, UploadedPart,
};
use tests::ObjectStore;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{
    KEY, LENGTH, complete, completion, create, creation, curl_put, etag, send, sign_parts,
};
use crate::{
    blob::{self, BlobSvc, bytes, put, read, reason, sha256},
    storage::on_each_object_store,
};

on_each_object_store![
    a_wrong_digest_or_size_is_named_and_ends_the_upload,
    a_part_that_is_absent_small_or_of_another_tag_is_named_and_the_upload_goes_on,
    an_aborted_upload_leaves_nothing_and_is_not_found,
    an_upload_to_a_taken_key_is_refused_and_the_object_stays
];

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let bad = status.get_details_bad_request();
    let bad = bad.expect("it names the bad fields");
    bad.field_violations
        .into_iter()
        .map(|bad| bad.field)
        .collect()
}

fn abortion(begun: &CreateMultipartUploadResponse) -> AbortMultipartUploadRequest {
    AbortMultipartUploadRequest {
        key: KEY.to_owned(),
        upload_id: begun.upload_id.clone(),
        ..Default::default()
    }
}

async fn abort(service: &BlobSvc, begun: &CreateMultipartUploadResponse) {
    let aborted = blob::presign(service)
        .abort_multipart_upload(abortion(begun))
        .await;
    aborted.expect("ending an upload succeeds, also when there is none");
}

fn nothing_is_left(service: &BlobSvc) {
    assert!(
        service.direct().keys().is_empty(),
        "{:?}",
        service.direct().keys()
    );
    assert!(service.direct().uploads().is_empty());
}

async fn a_wrong_digest_or_size_is_named_and_ends_the_upload(store: ObjectStore) {
    let (service, _objects) = blob::start(store).await;
    let content = bytes(1_000);
    for wrong in ["sha256", "size_bytes"] {
        let begun = create(&service, creation(&content))
            .await
            .expect("it is begun");
        let parts = send(&service, &begun, &content).await;
        let mut request = completion(&begun, &parts, &content);
        match wrong {
            "sha256" => request.sha256 = sha256(b"other"),
            _ => request.size_bytes += 1,
        }
        let refused = complete(&service, request).await.expect_err("it is not so");
        assert_eq!(fields(&refused), [wrong]);
        nothing_is_left(&service);
        let again = complete(&service, completion(&begun, &parts, &content)).await;
        assert_eq!(again.expect_err("it has ended").code(), Code::NotFound);
    }
}

async fn a_part_that_is_absent_small_or_of_another_tag_is_named_and_the_upload_goes_on(
    store: ObjectStore,
) {
    let (service, objects) = blob::start(store).await;
    let content = bytes(LENGTH);
    let begun = create(&service, creation(&content))
        .await
        .expect("it is begun");
    let parts = send(&service, &begun, &content).await;
    let good = completion(&begun, &parts, &content);
    let small = sign_parts(&service, &begun.upload_id, &[(4, 3)], 60)
        .await
        .remove(0);
    let small = etag(&curl_put(&small, b"abc", &[]));
    let refused =
        async |request| fields(&complete(&service, request).await.expect_err("it is not so"));
    let mut other = good.clone();
    other.parts[0].etag = parts[2].etag.clone();
    other.parts[2].part_number = 9;
    let named = ["parts[0].etag", "parts[2].part_number"];
    assert_eq!(refused(other).await, named);
    let mut other = good.clone();
    for (part, number) in [(2, 4), (3, 5)] {
        other.parts.truncate(part);
        other.parts.push(UploadedPart {
            part_number: number,
            etag: small.clone(),
        });
    }
    let named = ["parts[2].part_number", "parts[3].part_number"];
    assert_eq!(refused(other).await, named);
    complete(&service, good.clone())
        .await
        .expect("it can still be completed");
    assert!(read(&objects, KEY).await.expect("it is there").1 == content);
}

async fn an_aborted_upload_leaves_nothing_and_is_not_found(store: ObjectStore) {
    let (service, _objects) = blob::start(store).await;
    let content = bytes(1_000);
    let mut request = creation(&content);
    request.request_id = "0193f5c0-0000-7000-8000-000000000001".to_owned();
    let begun = create(&service, request.clone())
        .await
        .expect("it is begun");
    let parts = send(&service, &begun, &content).await;
    abort(&service, &begun).await;
    abort(&service, &begun).await;
    nothing_is_left(&service);
    let late = complete(&service, completion(&begun, &parts, &content)).await;
    assert_eq!(late.expect_err("it has ended").code(), Code::NotFound);
    let signed = sign_parts(&service, &begun.upload_id, &[(1, 3)], 60)
        .await
        .remove(0);
    assert_eq!(curl_put(&signed, b"abc", &[]).status, 404);
    let anew = create(&service, request).await.expect("it is begun anew");
    assert_ne!(anew.upload_id, begun.upload_id);
    abort(&service, &anew).await;
    nothing_is_left(&service);
}

async fn an_upload_to_a_taken_key_is_refused_and_the_object_stays(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    let content = bytes(1_000);
    let begun = create(&service, creation(&content))
        .await
        .expect("it is begun");
    let parts = send(&service, &begun, &content).await;
    put(&objects, KEY, b"first").await;
    let late = complete(&service, completion(&begun, &parts, &content)).await;
    let late = late.expect_err("the key is taken");
    assert_eq!(
        (late.code(), reason(&late).as_str()),
        (Code::AlreadyExists, "KEY_TAKEN")
    );
    let next = create(&service, creation(&content))
        .await
        .expect_err("the key is taken");
    assert_eq!(
        (next.code(), reason(&next).as_str()),
        (Code::AlreadyExists, "KEY_TAKEN")
    );
    abort(&service, &begun).await;
    assert_eq!(read(&objects, KEY).await.expect("it stays").1, b"first");
    assert_eq!(service.direct().keys(), [KEY]);
    assert!(service.direct().uploads().is_empty());
}
