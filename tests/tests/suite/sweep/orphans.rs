//! Objects without a row: which go, and which stay.

use contract::metadata::v1::ReserveKeysRequest;
use prost_types::Duration as WireDuration;
use tests::{
    ObjectStore, Pair, Service, Storage,
    fault_proxy::{Fault, FaultProxy, Rule},
};

use super::{
    DAY, NOW, caller, caller_of, kept, keys, named, on_each_pair, recorded, set, stored,
    stored_many, sweep, swept, when,
};
use std::sync::{Arc, Mutex};

on_each_pair![
    orphans_go_and_what_is_referenced_reserved_or_young_stays,
    a_row_that_comes_between_the_walk_and_the_second_look_keeps_its_object,
    two_sweeps_at_once_remove_the_same_orphans_and_nothing_else
];

async fn orphans_go_and_what_is_referenced_reserved_or_young_stays(pair: Pair) {
    let document = stored(&pair, "chats/a/documents/plan.pdf").await;
    named(&pair, document).await.expect("a chat");
    stored(&pair, "chats/a/images/reserved.png").await;
    stored(&pair, "chats/a/images/orphan.png").await;
    stored(&pair, "uploads/temp/orphan").await;
    let reserve = ReserveKeysRequest {
        keys: vec!["chats/a/images/reserved.png".into()],
        expires_in: Some(WireDuration {
            seconds: 3_600,
            nanos: 0,
        }),
        ..Default::default()
    };
    pair.ledger().reserve_keys(reserve).await.expect("reserved");
    let all = keys(&pair).await;

    let young = swept(&pair, DAY, true).await;
    assert_eq!(
        (young.orphans.young_count, young.orphans.candidate_count),
        (3, 0)
    );
    assert_eq!(keys(&pair).await, all, "younger than the grace period");

    let dry = swept(&pair, NOW, false).await;
    assert_eq!((dry.object_count, dry.referenced_key_count), (4, 1));
    let orphans = &dry.orphans;
    assert_eq!(
        (
            orphans.candidate_count,
            orphans.named_count,
            orphans.orphan_count,
            orphans.removed_count
        ),
        (3, 1, 2, 0)
    );
    assert_eq!(
        (keys(&pair).await, recorded(&pair).await),
        (all, vec![]),
        "a dry run"
    );

    let wet = swept(&pair, NOW, true).await;
    assert_eq!(
        (wet.orphans.orphan_count, wet.orphans.removed_count),
        (2, 2)
    );
    assert_eq!(wet.problems(), Vec::<String>::new());
    let left = set(["chats/a/documents/plan.pdf", "chats/a/images/reserved.png"]);
    assert_eq!((keys(&pair).await, recorded(&pair).await), (left, vec![]));
}

async fn a_row_that_comes_between_the_walk_and_the_second_look_keeps_its_object(pair: Pair) {
    kept(&pair, "chats/a/documents/kept.pdf").await;
    let late = stored(&pair, "chats/a/documents/late.pdf").await;
    stored(&pair, "chats/a/documents/orphan.pdf").await;
    let caller = caller(&pair);
    let pair = Arc::new(pair);
    let (scene, chat) = (Arc::clone(&pair), Arc::new(Mutex::new(None)));
    let made = Arc::clone(&chat);
    let caller = when(caller, "PendDeletes", move || {
        let (scene, late, made) = (Arc::clone(&scene), late.clone(), Arc::clone(&made));
        async move {
            let chat = named(&scene, late).await.expect("the row comes first");
            *made.lock().expect("nobody panics here") = Some(chat);
        }
    });
    let report = caller.sweep(&sweep(NOW, true)).await.expect("a sweep");
    assert!(chat.lock().expect("nobody panics here").is_some());
    let orphans = &report.orphans;
    assert_eq!(
        (
            orphans.candidate_count,
            orphans.named_count,
            orphans.removed_count
        ),
        (2, 1, 1)
    );
    let left = set(["chats/a/documents/kept.pdf", "chats/a/documents/late.pdf"]);
    assert_eq!(keys(&pair).await, left);
    assert_eq!(
        swept(&pair, NOW, true).await.problems(),
        Vec::<String>::new()
    );
}

async fn two_sweeps_at_once_remove_the_same_orphans_and_nothing_else(pair: Pair) {
    stored_many(&pair, "chats/a/images/", 60).await;
    for blob in stored_many(&pair, "chats/b/documents/", 5).await {
        named(&pair, blob).await.expect("a chat");
    }
    let (first, second) = tokio::join!(swept(&pair, NOW, true), swept(&pair, NOW, true));
    for report in [first, second] {
        assert_eq!(report.problems(), Vec::<String>::new());
    }
    let left = (0..5).map(|n| format!("chats/b/documents/{n}"));
    assert_eq!(
        (keys(&pair).await, recorded(&pair).await),
        (left.collect(), vec![])
    );
}

/// A listing of three objects, two of which are old.
fn listing(bucket: &str) -> String {
    let object = |key, time| {
        format!(
            "<Contents><Key>{key}</Key><Size>5</Size><ETag>\"e\"</ETag><LastModified>{time}</LastModified></Contents>"
        )
    };
    format!(
        "<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{}{}{}</ListBucketResult>",
        object("named", "2020-01-01T00:00:00.000Z"),
        object("new/1", "9999-01-01T00:00:00.000Z"),
        object("old/1", "2020-01-01T00:00:00.000Z")
    )
}

#[tokio::test]
async fn of_two_orphans_the_one_older_than_the_grace_period_goes() {
    let pair = Pair::start_over(Storage::Kv, ObjectStore::Seaweed).await;
    kept(&pair, "named").await;
    for key in ["new/1", "old/1"] {
        stored(&pair, key).await;
    }
    // A store's times cannot be set: here it lists others.
    let direct = pair.direct();
    let proxy = FaultProxy::http(direct.address.parse().expect("an address"));
    let blob = Service::start("blob-svc", &direct.settings(&proxy.address())).await;
    let listing = listing(&direct.name).leak();
    proxy.add(Rule::on("GET", "list-type=2", Fault::Answer(200, listing)));
    let caller = caller_of(pair.metadata.url(), blob.url(), 60);
    let report = caller.sweep(&sweep(DAY, true)).await.expect("a sweep");
    assert_eq!(
        (report.orphans.young_count, report.orphans.removed_count),
        (1, 1)
    );
    assert_eq!(keys(&pair).await, set(["named", "new/1"]));
}
