//! Copies: an object under a second key.

use contract::blob::v1::{CopyObjectRequest, DeleteObjectRequest, PutObjectHeader};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::{
    blob::{bytes, header, keys, put, read, reason, start, upload},
    storage::on_each_object_store,
};
use tests::ObjectStore;

on_each_object_store![
    a_copy_has_the_bytes_type_and_name_of_its_source_and_outlives_it,
    a_copy_from_an_absent_key_is_not_found_and_to_a_taken_key_refused,
    second_copy_with_same_request_id_answers_as_the_first
];

const REQUEST_ID: &str = "0190a5c8-7d6e-7000-8000-000000000001";

fn copy(from: &str, to: &str, request_id: &str) -> CopyObjectRequest {
    CopyObjectRequest {
        source_key: from.to_owned(),
        destination_key: to.to_owned(),
        request_id: request_id.to_owned(),
        ..Default::default()
    }
}

async fn a_copy_has_the_bytes_type_and_name_of_its_source_and_outlives_it(store: ObjectStore) {
    let (_service, mut objects) = start(store).await;
    let content = bytes(300_000);
    let header = PutObjectHeader {
        content_type: "image/png".to_owned(),
        original_name: "План.png".to_owned(),
        ..header("uploads/temp/1.png")
    };
    let source = upload(&objects, header, &content)
        .await
        .expect("it is stored");
    let request = copy("uploads/temp/1.png", "chats/a/1.png", "");
    let blob = objects
        .copy_object(request)
        .await
        .expect("it is copied")
        .into_inner()
        .blob
        .expect("a blob");
    assert_eq!(
        (blob.key.as_str(), blob.size_bytes),
        ("chats/a/1.png", 300_000)
    );
    assert_eq!(
        (blob.sha256, blob.content_type),
        (source.sha256.clone(), "image/png".to_owned())
    );
    let gone = DeleteObjectRequest {
        key: source.key,
        ..Default::default()
    };
    objects.delete_object(gone).await.expect("it is removed");
    let (object, found) = read(&objects, "chats/a/1.png").await.expect("it is there");
    assert!(found == content);
    assert_eq!(
        (object.original_name.as_str(), object.sha256),
        ("План.png", source.sha256)
    );
}

async fn a_copy_from_an_absent_key_is_not_found_and_to_a_taken_key_refused(store: ObjectStore) {
    let (_service, mut objects) = start(store).await;
    put(&objects, "a", b"a").await;
    put(&objects, "b", b"b").await;
    let absent = objects
        .copy_object(copy("x", "y", ""))
        .await
        .expect_err("there is no source");
    assert_eq!(absent.code(), Code::NotFound);
    assert_eq!(
        absent
            .get_details_resource_info()
            .map(|info| info.resource_name),
        Some("x".to_owned())
    );
    for request_id in ["", REQUEST_ID] {
        let taken = objects
            .copy_object(copy("a", "b", request_id))
            .await
            .expect_err("the key is taken");
        assert_eq!(
            (taken.code(), reason(&taken).as_str()),
            (Code::AlreadyExists, "KEY_TAKEN")
        );
        let itself = objects
            .copy_object(copy("a", "a", request_id))
            .await
            .expect_err("the key is taken");
        assert_eq!(itself.code(), Code::AlreadyExists);
    }
    assert_eq!(keys(&objects, "").await, ["a", "b"]);
    assert_eq!(read(&objects, "b").await.expect("it is there").1, b"b");
}

async fn second_copy_with_same_request_id_answers_as_the_first(store: ObjectStore) {
    let (_service, mut objects) = start(store).await;
    put(&objects, "a", b"a").await;
    put(&objects, "other", b"other").await;
    let first = objects
        .copy_object(copy("a", "b", REQUEST_ID))
        .await
        .expect("it is copied")
        .into_inner();
    let again = objects
        .copy_object(copy("a", "b", REQUEST_ID))
        .await
        .expect("the same again")
        .into_inner();
    assert_eq!(first, again);
    let reused = objects
        .copy_object(copy("other", "b", REQUEST_ID))
        .await
        .expect_err("other content");
    assert_eq!(
        (reused.code(), reason(&reused).as_str()),
        (Code::AlreadyExists, "REQUEST_ID_REUSED")
    );
    assert_eq!(read(&objects, "b").await.expect("it is there").1, b"a");
}
