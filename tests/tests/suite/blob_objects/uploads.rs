//! Uploads: what is answered is stored whole, once; what breaks leaves nothing.

use contract::blob::v1::{
    KeyKind, NewKeyRequest, PutObjectHeader, PutObjectRequest, put_object_request::Frame,
};
use futures::{StreamExt as _, stream};
use tonic::Code;

use crate::{
    blob::{Objects, bytes, frames, header, keys, put, read, sha256, start, upload},
    storage::on_each_object_store,
};
use tests::ObjectStore;

on_each_object_store![
    an_upload_of_any_size_is_read_back_as_it_was,
    type_and_name_in_any_script_are_given_back,
    a_key_that_others_lie_under_is_stored_or_refused_for_good,
    a_key_of_1024_bytes_is_stored,
    an_upload_that_its_caller_drops_leaves_nothing,
    an_answered_upload_outlives_kill_9,
    new_keys_differ_and_can_be_uploaded_to
];

/// More than the service keeps of an upload in memory.
const LARGE: usize = (8 << 20) + 12_345;

async fn an_upload_of_any_size_is_read_back_as_it_was(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    for length in [
        0,
        1,
        (256 << 10) - 1,
        256 << 10,
        (256 << 10) + 1,
        8 << 20,
        LARGE,
    ] {
        let content = bytes(length);
        for declared in [false, true] {
            let key = format!("chats/a/{length}_{declared}.bin");
            let size_bytes = declared.then_some(length as i64);
            let known = if declared {
                sha256(&content)
            } else {
                String::new()
            };
            let header = PutObjectHeader {
                size_bytes,
                sha256: known,
                ..header(&key)
            };
            let blob = upload(&objects, header, &content)
                .await
                .expect("it is stored");
            assert_eq!(
                (blob.key.as_str(), blob.size_bytes),
                (key.as_str(), length as i64)
            );
            assert_eq!(blob.sha256, sha256(&content));
            assert_eq!(blob.content_type, "application/octet-stream");
            let (object, found) = read(&objects, &key).await.expect("it is there");
            assert!(found == content, "{key}: {} bytes differ", found.len());
            assert_eq!(
                (object.size_bytes, object.sha256),
                (blob.size_bytes, blob.sha256)
            );
        }
    }
    assert_eq!(
        keys(&objects, "").await.len(),
        14,
        "nothing else is left of the uploads"
    );
}

async fn type_and_name_in_any_script_are_given_back(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    for (n, name) in [
        "  План   участка №5.pdf ",
        "a \"b\" \\c%41;.pdf",
        "😀.png",
        &"ж".repeat(512),
    ]
    .into_iter()
    .enumerate()
    {
        let header = PutObjectHeader {
            content_type: "text/plain; charset=utf-8".to_owned(),
            original_name: name.to_owned(),
            ..header(&format!("uploads/documents/{n}.pdf"))
        };
        let key = header.key.clone();
        upload(&objects, header, b"abc")
            .await
            .expect("it is stored");
        let object = read(&objects, &key).await.expect("it is there").0;
        assert_eq!(
            (object.original_name.as_str(), object.content_type.as_str()),
            (name, "text/plain; charset=utf-8")
        );
    }
}

/// S3 has no folders; SeaweedFS has, and says of their keys that they are taken.
async fn a_key_that_others_lie_under_is_stored_or_refused_for_good(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    put(&objects, "uploads/documents/a/1", b"abc").await;
    let above = upload(&objects, header("uploads/documents/a"), b"def").await;
    match store {
        ObjectStore::Embedded => assert!(above.is_ok(), "{above:?}"),
        ObjectStore::Seaweed => {
            let refused = above.expect_err("there is a folder");
            assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        }
    }
    let (_, found) = read(&objects, "uploads/documents/a/1")
        .await
        .expect("it is there");
    assert_eq!(found, b"abc");
}

async fn a_key_of_1024_bytes_is_stored(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    let key = ["k".repeat(203), "k".repeat(203), "k".repeat(204)].join("/");
    let key = format!("{key}/{}/{}", "k".repeat(204), "k".repeat(206));
    assert_eq!(key.len(), 1_024);
    put(&objects, &key, b"abc").await;
    assert_eq!(read(&objects, &key).await.expect("it is there").1, b"abc");
    assert_eq!(keys(&objects, "").await, [key]);
}

async fn an_upload_that_its_caller_drops_leaves_nothing(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    for content in [bytes(300_000), bytes(LARGE)] {
        let mut begun = frames(header("chats/a/1.bin"), &content);
        begun.pop();
        let requests = stream::iter(
            begun
                .into_iter()
                .map(|frame: Frame| PutObjectRequest { frame: Some(frame) }),
        );
        // After its chunks the stream stays open, until the call is dropped.
        let mut client = objects.clone();
        let call = client.put_object(requests.chain(stream::pending()));
        let dropped = tokio::time::timeout(std::time::Duration::from_millis(300), call).await;
        assert!(
            dropped.is_err(),
            "an upload without a commit frame has no answer"
        );
        assert_eq!(
            read(&objects, "chats/a/1.bin")
                .await
                .expect_err("it is not there")
                .code(),
            Code::NotFound
        );
        assert!(keys(&objects, "").await.is_empty());
    }
    put(&objects, "chats/a/1.bin", b"whole").await;
    assert_eq!(
        read(&objects, "chats/a/1.bin")
            .await
            .expect("it is there")
            .1,
        b"whole"
    );
}

async fn an_answered_upload_outlives_kill_9(store: ObjectStore) {
    let (mut service, objects) = start(store).await;
    for n in 0..20 {
        let objects = if n == 0 {
            objects.clone()
        } else {
            Objects::new(service.channel())
        };
        put(&objects, &format!("chats/a/{n}.bin"), &bytes(n * 1_000)).await;
        if n % 5 == 4 {
            service.kill_9();
            service.restart().await;
        }
    }
    let objects = Objects::new(service.channel());
    for n in 0..20 {
        let found = read(&objects, &format!("chats/a/{n}.bin"))
            .await
            .expect("it is there")
            .1;
        assert!(found == bytes(n * 1_000), "{n}");
    }
}

async fn new_keys_differ_and_can_be_uploaded_to(store: ObjectStore) {
    let (_service, mut objects) = start(store).await;
    let chat_id = "0190a5c8-7d6e-7000-8000-000000000001";
    let kinds = [
        (
            KeyKind::ChatDocument,
            chat_id,
            format!("chats/{chat_id}/documents/"),
        ),
        (
            KeyKind::ChatImage,
            chat_id,
            format!("chats/{chat_id}/images/"),
        ),
        (KeyKind::UploadDocument, "", "uploads/documents/".to_owned()),
        (KeyKind::UploadTemp, "", "uploads/temp/".to_owned()),
    ];
    let mut made = Vec::new();
    for (kind, chat_id, folder) in &kinds {
        for name in ["План участка.pdf", "План участка.pdf", "../../a", "."] {
            let request = NewKeyRequest {
                kind: (*kind).into(),
                chat_id: (*chat_id).to_owned(),
                original_name: name.to_owned(),
            };
            let key = objects
                .new_key(request)
                .await
                .expect("a key is made")
                .into_inner()
                .key;
            assert!(key.starts_with(folder.as_str()), "{key}");
            put(&objects, &key, name.as_bytes()).await;
            made.push(key);
        }
    }
    made.sort();
    assert_eq!(keys(&objects, "").await, made, "each key is another");
}
