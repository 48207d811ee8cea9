//! What stops a sweep before it removes an orphan.

use caller::Sweep;
use serde_json::Value;
use tests::{
    Pair,
    command::{chatctl, run},
};

use super::{
    NOW, absent, caller, caller_of, kept, keys, named, named_many, on_each_pair, recorded, stored,
    stored_many, sweep, swept,
};
use crate::flows::{BLOB, METADATA, die_before};

on_each_pair![
    too_large_a_share_of_orphans_stops_it_and_a_larger_share_that_is_allowed_does_not,
    a_store_of_which_no_row_names_anything_is_not_swept_however_small_it_is,
    an_error_of_either_side_removes_nothing
];

#[tokio::test]
async fn an_empty_store_where_rows_name_keys_stops_it_and_the_command_fails() {
    let (pair, other) = (Pair::start().await, Pair::start().await);
    let blob = stored(&pair, "chats/a/documents/plan.pdf").await;
    named(&pair, blob).await.expect("a chat");
    let output = run(chatctl()
        .args([
            "--json",
            "--metadata",
            &pair.metadata.url(),
            "--blob",
            &other.blob.url(),
        ])
        .args(["sweep", "--delete", "--grace", "0", "--max-share", "100"]));
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let stopped = report["stopped"].as_str().unwrap_or_default();
    assert!(stopped.contains("no object"), "{report}");
}

#[tokio::test]
async fn another_store_stops_it_by_the_share_of_either_side() {
    let (pair, other) = (Pair::start().await, Pair::start().await);
    named_many(
        &pair,
        None,
        (0..150).map(|n| absent(&format!("chats/a/{n}"))).collect(),
    )
    .await;
    stored(&other, "chats/b/1").await;
    let mixed = caller_of(pair.metadata.url(), other.blob.url(), 60);
    let report = mixed.sweep(&sweep(NOW, true)).await.expect("a sweep");
    let stopped = report.stopped.expect("150 of 150 rows lack their object");
    assert!(stopped.contains("150 of 150 keys of rows"), "{stopped}");
    assert_eq!(
        (keys(&other).await.len(), recorded(&pair).await),
        (1, vec![])
    );
}

async fn too_large_a_share_of_orphans_stops_it_and_a_larger_share_that_is_allowed_does_not(
    pair: Pair,
) {
    stored_many(&pair, "chats/a/images/", 101).await;
    let blob = stored(&pair, "chats/a/documents/plan.pdf").await;
    named(&pair, blob).await.expect("a chat");
    let all = keys(&pair).await;
    for delete in [false, true] {
        let report = caller(&pair)
            .sweep(&sweep(NOW, delete))
            .await
            .expect("a sweep");
        let stopped = report.stopped.expect("101 of 102 objects have no row");
        assert!(stopped.contains("101 of 102 objects"), "{stopped}");
        assert_eq!(
            (keys(&pair).await, recorded(&pair).await),
            (all.clone(), vec![])
        );
    }
    let any = Sweep {
        max_share: 100,
        ..sweep(NOW, true)
    };
    let report = caller(&pair).sweep(&any).await.expect("a sweep");
    assert_eq!((report.stopped, report.orphans.removed_count), (None, 101));
    assert_eq!(keys(&pair).await.len(), 1);
}

async fn a_store_of_which_no_row_names_anything_is_not_swept_however_small_it_is(pair: Pair) {
    stored_many(&pair, "chats/a/images/", 3).await;
    let all = keys(&pair).await;
    // No rows at all; then rows of another store.
    for rows in [0, 2] {
        if rows > 0 {
            let elsewhere = (0..rows).map(|n| absent(&format!("chats/b/images/{n}")));
            named_many(&pair, None, elsewhere.collect()).await;
        }
        for delete in [false, true] {
            let report = caller(&pair).sweep(&sweep(NOW, delete)).await;
            let stopped = report.expect("a sweep").stopped.expect("all are orphans");
            let why = format!("any of the 3 objects of the store (rows name {rows} keys)");
            assert!(stopped.contains(&why), "{stopped}");
            assert_eq!(
                (keys(&pair).await, recorded(&pair).await),
                (all.clone(), vec![])
            );
        }
    }
    kept(&pair, "chats/c/documents/plan.pdf").await;
    let report = swept(&pair, NOW, true).await;
    assert_eq!((report.orphans.removed_count, report.missing.count), (3, 2));
    assert_eq!(keys(&pair).await.len(), 1);
}

async fn an_error_of_either_side_removes_nothing(pair: Pair) {
    stored_many(&pair, "chats/a/images/", 3).await;
    let blob = stored(&pair, "chats/a/documents/plan.pdf").await;
    named(&pair, blob).await.expect("a chat");
    let all = keys(&pair).await;
    let mut pair = pair;
    for place @ (_, step) in [
        (METADATA, "ListPendingDeletes"),
        (METADATA, "ListReferencedKeys"),
        (BLOB, "ListObjects"),
        (METADATA, "PendDeletes"),
    ] {
        let sweep = sweep(NOW, true);
        pair = die_before(pair, place, async |caller| caller.sweep(&sweep).await).await;
        assert_eq!(
            (keys(&pair).await, recorded(&pair).await),
            (all.clone(), vec![]),
            "{step}"
        );
    }
    assert_eq!(swept(&pair, NOW, true).await.orphans.removed_count, 3);
}
