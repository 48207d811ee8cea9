//! A key is written once, and an upload has its effect once, however often and at once it is tried.

use contract::blob::v1::PutObjectHeader;
use futures::future;
use tonic::Code;

use crate::{
    blob::{Objects, bytes, header, put, read, reason, sha256, start, upload},
    storage::on_each_object_store,
};
use tests::ObjectStore;

on_each_object_store![
    a_taken_key_is_refused_and_its_object_stays,
    second_upload_with_same_request_id_answers_as_the_first,
    of_many_uploads_to_one_key_at_once_one_is_stored,
    the_same_upload_twice_at_once_has_one_effect_and_one_answer
];

/// More than the service keeps of an upload in memory.
const LARGE: usize = (8 << 20) + 12_345;

fn with_id(key: &str, request_id: &str) -> PutObjectHeader {
    PutObjectHeader {
        request_id: request_id.to_owned(),
        ..header(key)
    }
}

async fn a_taken_key_is_refused_and_its_object_stays(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    put(&objects, "chats/a/1.bin", b"first").await;
    for content in [&b"first"[..], b"second", &bytes(LARGE)] {
        let refused = upload(&objects, header("chats/a/1.bin"), content)
            .await
            .expect_err("the key is taken");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::AlreadyExists, "KEY_TAKEN")
        );
    }
    assert_eq!(
        read(&objects, "chats/a/1.bin")
            .await
            .expect("it is there")
            .1,
        b"first"
    );
}

async fn second_upload_with_same_request_id_answers_as_the_first(store: ObjectStore) {
    let (mut service, objects) = start(store).await;
    for (n, content) in [bytes(3), bytes(LARGE)].iter().enumerate() {
        let (key, id) = (
            format!("chats/a/{n}.bin"),
            format!("0190a5c8-7d6e-7000-8000-00000000000{n}"),
        );
        let first = upload(&objects, with_id(&key, &id), content)
            .await
            .expect("it is stored");
        assert_eq!(
            upload(&objects, with_id(&key, &id), content)
                .await
                .expect("the same again"),
            first
        );
        for other in [b"xyz".to_vec(), bytes(content.len() + 1)] {
            let refused = upload(&objects, with_id(&key, &id), &other)
                .await
                .expect_err("other content");
            assert_eq!(
                (refused.code(), reason(&refused).as_str()),
                (Code::AlreadyExists, "REQUEST_ID_REUSED")
            );
        }
        service.kill_9();
        service.restart().await;
        let objects = Objects::new(service.channel());
        assert_eq!(
            upload(&objects, with_id(&key, &id), content)
                .await
                .expect("the same again"),
            first
        );
        assert!(read(&objects, &key).await.expect("it is there").1 == *content);
    }
}

async fn of_many_uploads_to_one_key_at_once_one_is_stored(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    let contents: Vec<_> = (0..8).map(|n| vec![n; 100_000]).collect();
    let tries = contents
        .iter()
        .map(|content| upload(&objects, header("chats/a/1.bin"), content));
    let ends = future::join_all(tries).await;
    let stored: Vec<_> = ends.iter().flatten().collect();
    assert_eq!(stored.len(), 1, "{ends:?}");
    assert!(
        ends.iter()
            .filter_map(|end| end.as_ref().err())
            .all(|refused| reason(refused) == "KEY_TAKEN"),
        "{ends:?}"
    );
    let found = read(&objects, "chats/a/1.bin")
        .await
        .expect("it is there")
        .1;
    assert_eq!(sha256(&found), stored[0].sha256);
}

async fn the_same_upload_twice_at_once_has_one_effect_and_one_answer(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    let content = bytes(100_000);
    for n in 0..8 {
        let (key, id) = (
            format!("chats/a/{n}.bin"),
            format!("0190a5c8-7d6e-7000-8000-00000000000{n}"),
        );
        let (one, two) = tokio::join!(
            upload(&objects, with_id(&key, &id), &content),
            upload(&objects, with_id(&key, &id), &content)
        );
        assert_eq!(
            one.expect("stored or answered again"),
            two.expect("stored or answered again")
        );
    }
}
