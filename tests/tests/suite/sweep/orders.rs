//! Stores list in orders of their own: SeaweedFS folder by folder. Whatever the order, the same goes and the same stays.

use tests::{ObjectStore, Pair, Storage};

use super::{NOW, kept, keys, named, named_many, recorded, set, stored, stored_many, swept};
use crate::storage::on_each_object_store;

on_each_object_store![
    folders_whose_names_begin_alike_are_walked_right,
    an_order_that_makes_many_candidates_does_not_stop_the_sweep,
    an_order_in_which_the_walk_meets_no_row_does_not_stop_the_sweep
];

async fn folders_whose_names_begin_alike_are_walked_right(store: ObjectStore) {
    let pair = Pair::start_over(Storage::Kv, store).await;
    let kept = ["a-b", "a.b", "a/b", "a/b-c/d", "a/b.c", "a0/b"];
    let orphans = ["a-c", "a/a", "a/b-a", "a/b-c/c", "a0/a"];
    for key in kept {
        named(&pair, stored(&pair, key).await)
            .await
            .expect("a chat");
    }
    for key in orphans {
        stored(&pair, key).await;
    }
    let report = swept(&pair, NOW, true).await;
    assert_eq!(report.problems(), Vec::<String>::new());
    assert_eq!(report.orphans.removed_count, orphans.len() as u64);
    assert_eq!(
        (keys(&pair).await, recorded(&pair).await),
        (set(kept), vec![])
    );
}

async fn an_order_that_makes_many_candidates_does_not_stop_the_sweep(store: ObjectStore) {
    let pair = Pair::start_over(Storage::Kv, store).await;
    named(&pair, stored(&pair, "a/1").await)
        .await
        .expect("a chat");
    let many = stored_many(&pair, "a-b/", 150).await;
    named_many(&pair, None, many).await;
    stored(&pair, "b/orphan").await;
    let report = swept(&pair, NOW, true).await;
    assert_eq!(report.problems(), Vec::<String>::new());
    assert_eq!(report.orphans.removed_count, 1);
    assert_eq!(keys(&pair).await.len(), 151);
}

async fn an_order_in_which_the_walk_meets_no_row_does_not_stop_the_sweep(store: ObjectStore) {
    let pair = Pair::start_over(Storage::Kv, store).await;
    stored(&pair, "a/orphan").await;
    kept(&pair, "a-b/1").await;
    let report = swept(&pair, NOW, true).await;
    assert_eq!(report.problems(), Vec::<String>::new());
    assert_eq!(
        (keys(&pair).await, recorded(&pair).await),
        (set(["a-b/1"]), vec![])
    );
}
