//! Removals: single objects, batches, and whole folders past what one call to the store takes.

use contract::blob::v1::{
    DeleteObjectRequest, DeleteObjectsRequest, DeletePrefixRequest, DeletePrefixResponse,
};
use futures::{StreamExt as _, stream};
use tonic::Code;

use crate::{
    blob::{Objects, keys, put, read, start},
    storage::on_each_object_store,
};
use tests::ObjectStore;

on_each_object_store![
    a_removed_object_is_gone_and_removing_it_again_succeeds,
    a_batch_of_1000_removes_what_is_there_and_answers_for_all,
    a_folder_past_1000_objects_is_removed_whole_and_its_neighbours_stay,
    a_removal_that_its_caller_drops_is_finished_by_the_next
];

/// Above the 1,000 keys of one `DeleteObjects` of S3.
const MANY: usize = 1_203;

/// Every message of a removal. Counts only grow, and the last message alone is the last.
async fn delete_prefix(
    objects: &Objects,
    prefix: &str,
    dry_run: bool,
) -> Vec<DeletePrefixResponse> {
    let request = DeletePrefixRequest {
        prefix: prefix.to_owned(),
        dry_run,
        ..Default::default()
    };
    let mut answer = objects
        .clone()
        .delete_prefix(request)
        .await
        .expect("a removal begins")
        .into_inner();
    let mut messages: Vec<DeletePrefixResponse> = Vec::new();
    while let Some(message) = answer.message().await.expect("a removal goes on") {
        if let Some(before) = messages.last() {
            assert!(!before.done);
            assert!(
                before.matched_count <= message.matched_count
                    && before.deleted_count <= message.deleted_count
            );
        }
        assert!(message.errors.is_empty(), "{message:?}");
        messages.push(message);
    }
    assert!(
        messages.last().is_some_and(|last| last.done),
        "{messages:?}"
    );
    messages
}

fn totals(messages: &[DeletePrefixResponse]) -> (i64, i64, i64) {
    messages
        .last()
        .map(|last| (last.matched_count, last.matched_bytes, last.deleted_count))
        .unwrap_or_default()
}

async fn a_removed_object_is_gone_and_removing_it_again_succeeds(store: ObjectStore) {
    let (_service, mut objects) = start(store).await;
    put(&objects, "a/1", b"abc").await;
    put(&objects, "a/11", b"abc").await;
    for _ in 0..2 {
        let request = DeleteObjectRequest {
            key: "a/1".to_owned(),
            ..Default::default()
        };
        objects
            .delete_object(request)
            .await
            .expect("removed, or gone before");
        assert_eq!(
            read(&objects, "a/1").await.expect_err("it is gone").code(),
            Code::NotFound
        );
    }
    assert_eq!(keys(&objects, "").await, ["a/11"]);
}

async fn a_batch_of_1000_removes_what_is_there_and_answers_for_all(store: ObjectStore) {
    let (_service, mut objects) = start(store).await;
    for n in [0, 7, 999] {
        put(&objects, &format!("a/{n}"), b"abc").await;
    }
    put(&objects, "b", b"abc").await;
    let batch: Vec<_> = (0..1_000).map(|n| format!("a/{n}")).collect();
    let request = DeleteObjectsRequest {
        keys: batch.clone(),
        ..Default::default()
    };
    let answer = objects
        .delete_objects(request)
        .await
        .expect("absent keys are no error")
        .into_inner();
    assert_eq!((answer.deleted_keys, answer.errors), (batch, vec![]));
    assert_eq!(keys(&objects, "").await, ["b"]);
}

async fn a_folder_past_1000_objects_is_removed_whole_and_its_neighbours_stay(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    // The first page ends with an object that there is a folder of the same name of.
    put(&objects, "chats/a/images/1", b"abc").await;
    put(&objects, "chats/a/images/1/1.png", b"abc").await;
    let others = (0..999).map(|n| format!("0{n:03}.png"));
    let others = others.chain((1_001..MANY).map(|n| format!("2{n}.png")));
    stream::iter(others)
        .for_each_concurrent(16, |name| {
            let objects = &objects;
            async move { drop(put(objects, &format!("chats/a/images/{name}"), b"abc").await) }
        })
        .await;
    let neighbours = [
        "chats/a/images2/1.png",
        "chats/a/images_1.png",
        "chats/ab/1.png",
    ];
    for key in neighbours {
        put(&objects, key, b"abc").await;
    }
    let many = MANY as i64;
    let counted = delete_prefix(&objects, "chats/a/images/", true).await;
    assert_eq!(totals(&counted), (many, 3 * many, 0));
    assert_eq!(
        keys(&objects, "").await.len(),
        MANY + 3,
        "a dry run removes nothing"
    );
    let removed = delete_prefix(&objects, "chats/a/images/", false).await;
    assert_eq!(totals(&removed), (many, 3 * many, many));
    assert!(removed.len() >= 2, "there is a word on each page of 1,000");
    assert_eq!(keys(&objects, "").await, neighbours);
    assert_eq!(
        totals(&delete_prefix(&objects, "chats/a/images/", false).await),
        (0, 0, 0)
    );
}

async fn a_removal_that_its_caller_drops_is_finished_by_the_next(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    for n in 0..20 {
        put(&objects, &format!("chats/a/{n}.png"), b"abc").await;
    }
    let request = DeletePrefixRequest {
        prefix: "chats/a/".to_owned(),
        ..Default::default()
    };
    drop(
        objects
            .clone()
            .delete_prefix(request)
            .await
            .expect("a removal begins"),
    );
    delete_prefix(&objects, "chats/a/", false).await;
    assert!(keys(&objects, "").await.is_empty());
}
