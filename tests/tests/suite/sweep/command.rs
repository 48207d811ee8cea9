//! `chatctl sweep` as people type it: what it does when it is asked for nothing, and what it tells them.

use serde_json::Value;
use tests::{
    Pair,
    command::{chatctl, chatctl_on, stdout},
};

use super::{kept, keys, stored};

/// A chat with its document, and an orphan.
async fn scene() -> Pair {
    let pair = Pair::start().await;
    kept(&pair, "chats/a/documents/plan.pdf").await;
    stored(&pair, "chats/a/images/orphan.png").await;
    pair
}

fn report(pair: &Pair, args: &[&str]) -> Value {
    let told = stdout(chatctl_on(pair).arg("sweep").args(args));
    serde_json::from_str(&told).expect("a report")
}

#[tokio::test]
async fn a_sweep_that_is_not_told_to_delete_ends_well_and_removes_nothing() {
    let pair = scene().await;
    let all = keys(&pair).await;
    let dry = report(&pair, &["--grace", "0"]);
    assert_eq!(dry["delete"], false, "{dry}");
    assert_eq!(dry["orphans"]["orphan_count"], 1, "{dry}");
    assert_eq!(dry["orphans"]["removed_count"], 0, "{dry}");
    assert_eq!(keys(&pair).await, all);
}

#[tokio::test]
async fn a_sweep_that_is_told_to_delete_and_nothing_else_leaves_what_is_younger_than_a_day() {
    let pair = scene().await;
    let all = keys(&pair).await;
    let wet = report(&pair, &["--delete"]);
    assert_eq!(wet["delete"], true, "{wet}");
    assert_eq!(wet["grace_seconds"], 86_400, "{wet}");
    assert_eq!(wet["orphans"]["young_count"], 1, "{wet}");
    assert_eq!(keys(&pair).await, all);
}

#[tokio::test]
async fn people_are_told_what_was_seen_and_that_nothing_was_changed() {
    let pair = scene().await;
    let told = stdout(chatctl().args(["--metadata", &pair.metadata.url()]).args([
        "--blob",
        &pair.blob.url(),
        "sweep",
        "--grace",
        "0",
    ]));
    assert!(told.contains("1 keys of rows"), "{told}");
    assert!(told.contains("Objects without a row: 1 older"), "{told}");
    assert!(told.ends_with("--delete removes\n"), "{told}");
}
