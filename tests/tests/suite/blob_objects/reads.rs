//! Reads: whole objects, parts of them, on conditions, and descriptions alone.

use contract::blob::v1::{BatchHeadObjectsRequest, GetObjectRequest, HeadObjectRequest};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::{
    blob::{bytes, get, put, read, sha256, start},
    storage::on_each_object_store,
};
use tests::ObjectStore;

on_each_object_store![
    any_range_is_the_part_of_the_object_that_it_names,
    an_etag_condition_that_does_not_hold_is_a_failed_precondition,
    an_absent_object_is_not_found_by_name,
    heads_describe_what_is_there_and_name_what_is_missing_in_order
];

const KEY: &str = "chats/a/1.bin";

fn request() -> GetObjectRequest {
    GetObjectRequest {
        key: KEY.to_owned(),
        ..Default::default()
    }
}

async fn any_range_is_the_part_of_the_object_that_it_names(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    let content = bytes(1_000_000);
    put(&objects, KEY, &content).await;
    let ranges = [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (262_143, 2),
        (500_000, 300_000),
        (999_999, 0),
        (999_999, 1),
        (999_999, 5),
        (0, 1_000_000),
        (0, 1_000_001),
        (10, i64::MAX),
    ];
    for (offset_bytes, length_bytes) in ranges {
        let part = GetObjectRequest {
            offset_bytes,
            length_bytes,
            ..request()
        };
        let (object, found) = get(&objects, part).await.expect("the range begins inside");
        let begin = offset_bytes as usize;
        let end = if length_bytes == 0 {
            content.len()
        } else {
            begin
                .saturating_add(length_bytes as usize)
                .min(content.len())
        };
        assert!(
            found == content[begin..end],
            "{offset_bytes} + {length_bytes}: {} bytes",
            found.len()
        );
        assert_eq!(
            (object.size_bytes, object.sha256),
            (1_000_000, sha256(&content)),
            "the whole object is described"
        );
    }
}

async fn an_etag_condition_that_does_not_hold_is_a_failed_precondition(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    put(&objects, KEY, b"abc").await;
    let etag = read(&objects, KEY).await.expect("it is there").0.etag;
    let other = "\"00000000000000000000000000000000\"".to_owned();
    let holds = [
        GetObjectRequest {
            if_match: etag.clone(),
            ..request()
        },
        GetObjectRequest {
            if_none_match: other.clone(),
            ..request()
        },
    ];
    for condition in holds {
        assert_eq!(get(&objects, condition).await.expect("it holds").1, b"abc");
    }
    let fails = [
        GetObjectRequest {
            if_match: other,
            ..request()
        },
        GetObjectRequest {
            if_none_match: etag,
            ..request()
        },
    ];
    for condition in fails {
        let refused = get(&objects, condition)
            .await
            .expect_err("it does not hold");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(
            refused.get_details_precondition_failure().is_some(),
            "{refused:?}"
        );
    }
}

async fn an_absent_object_is_not_found_by_name(store: ObjectStore) {
    let (_service, objects) = start(store).await;
    let head = HeadObjectRequest {
        key: KEY.to_owned(),
        ..Default::default()
    };
    let ends = [
        get(&objects, request()).await.map(drop),
        get(
            &objects,
            GetObjectRequest {
                offset_bytes: 5,
                ..request()
            },
        )
        .await
        .map(drop),
        get(
            &objects,
            GetObjectRequest {
                if_match: "\"a\"".to_owned(),
                ..request()
            },
        )
        .await
        .map(drop),
        objects.clone().head_object(head).await.map(drop),
    ];
    for absent in ends {
        let absent = absent.expect_err("it is not there");
        assert_eq!(absent.code(), Code::NotFound, "{absent:?}");
        let resource = absent.get_details_resource_info().expect("it is named");
        assert_eq!(resource.resource_name, KEY);
    }
}

async fn heads_describe_what_is_there_and_name_what_is_missing_in_order(store: ObjectStore) {
    let (_service, mut objects) = start(store).await;
    for key in ["b", "a", "c"] {
        put(&objects, key, key.as_bytes()).await;
    }
    let head = HeadObjectRequest {
        key: "b".to_owned(),
        ..Default::default()
    };
    let head = objects
        .head_object(head)
        .await
        .expect("it is there")
        .into_inner()
        .object;
    assert_eq!(
        head,
        Some(read(&objects, "b").await.expect("it is there").0)
    );
    let keys = ["x", "c", "b", "y", "a"].map(str::to_owned).to_vec();
    let batch = BatchHeadObjectsRequest {
        keys,
        ..Default::default()
    };
    let batch = objects
        .batch_head_objects(batch)
        .await
        .expect("absent keys are no error")
        .into_inner();
    let found: Vec<_> = batch
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    assert_eq!(
        (found, batch.missing_keys),
        (vec!["c", "b", "a"], vec!["x".to_owned(), "y".to_owned()])
    );
    assert_eq!(batch.objects.get(1), head.as_ref());
    let keys = (0..1_000).map(|n| format!("absent/{n}")).collect();
    let batch = BatchHeadObjectsRequest {
        keys,
        ..Default::default()
    };
    let batch = objects
        .batch_head_objects(batch)
        .await
        .expect("a thousand are allowed")
        .into_inner();
    assert_eq!(batch.missing_keys.len(), 1_000);
}
