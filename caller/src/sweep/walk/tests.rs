//! Walks over lists that are written out.

use contract::id::Uuid;
use futures::{TryStreamExt as _, stream};

use super::*;
use crate::{Caller, Config};

fn flow() -> Flow {
    flow_watched(|_| {})
}

fn flow_watched(watch: impl Fn(Progress) + Send + Sync + 'static) -> Flow {
    let config = Config {
        metadata_url: "http://127.0.0.1:1".into(),
        blob_url: "http://127.0.0.1:1".into(),
        timeout: Duration::from_secs(1),
    };
    let caller = Caller::connect(config).expect("well-formed addresses");
    let caller = caller.observed(watch);
    Flow::begin_long(&caller, "test", Uuid::nil())
}

fn object(key: &str, age: i64) -> Object {
    let mut create_time = prost_types::Timestamp::from(SystemTime::now());
    create_time.seconds -= age;
    Object {
        key: key.to_owned(),
        size_bytes: 3,
        create_time: Some(create_time),
        ..Default::default()
    }
}

fn row(key: &str, size_bytes: i64, sha256: &str) -> ReferencedKey {
    ReferencedKey {
        key: key.to_owned(),
        size_bytes,
        sha256: sha256.to_owned(),
    }
}

/// Walks over objects and rows that come in pages of two.
async fn walked(objects: Vec<Object>, rows: Vec<ReferencedKey>, grace: u64) -> Result<Walk> {
    fn pages<T: Clone + Send + 'static>(all: &[T]) -> Ahead<Vec<T>> {
        let pages: Vec<_> = all.chunks(2).map(|page| Ok(page.to_vec())).collect();
        Ahead::of(stream::iter(pages))
    }
    let (objects, rows) = (pages(&objects), pages(&rows));
    walk(&flow(), Duration::from_secs(grace), objects, rows).await
}

/// Walks over old objects of these keys, and rows that name these.
async fn candidates(objects: &[&str], rows: &[&str]) -> (Vec<String>, Vec<String>, bool) {
    let objects = objects.iter().map(|key| object(key, 100)).collect();
    let rows = rows.iter().map(|key| row(key, 3, "00")).collect();
    let walk = walked(objects, rows, 50).await.expect("sound lists");
    (
        keys(walk.orphans).await,
        keys(walk.missing).await,
        walk.is_in_order,
    )
}

async fn keys(candidates: Candidates) -> Vec<String> {
    let batches = candidates.batches().await.expect("readable");
    let batches: Vec<_> = batches.try_collect().await.expect("readable");
    batches.concat()
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn what_lacks_its_other_side_is_found_wherever_it_stands() {
    for (objects, rows, orphans, missing) in [
        (&[][..], &[][..], &[][..], &[][..]),
        (&["a"], &[], &["a"], &[]),
        (&[], &["a"], &[], &["a"]),
        (&["b"], &["a", "c"], &["b"], &["a", "c"]),
        (&["a", "c"], &["b"], &["a", "c"], &["b"]),
        (
            &["a", "b", "c", "d", "e"],
            &["a", "b", "c", "d", "e"],
            &[],
            &[],
        ),
        (
            &["a", "b", "c", "d", "e"],
            &["c"],
            &["a", "b", "d", "e"],
            &[],
        ),
        (
            &["c"],
            &["a", "b", "c", "d", "e"],
            &[],
            &["a", "b", "d", "e"],
        ),
        // Byte order: `-` and `.` stand before `/`.
        (&["a-b", "a.b", "a/b"], &["a-b", "a/b"], &["a.b"], &[]),
    ] {
        let found = candidates(objects, rows).await;
        assert_eq!(
            found,
            (owned(orphans), owned(missing), true),
            "{objects:?} {rows:?}"
        );
    }
}

#[tokio::test]
async fn another_order_makes_candidates_of_both_sides_and_hides_none() {
    let (orphans, missing, is_in_order) =
        candidates(&["a/b", "a/c", "a-b", "a.b"], &["a-b", "a.b", "a/b", "a/d"]).await;
    assert_eq!(orphans, ["a/c", "a-b", "a.b"]);
    assert_eq!(missing, ["a-b", "a.b", "a/d"]);
    assert!(!is_in_order);
}

#[tokio::test]
async fn an_orphan_is_a_candidate_from_the_grace_period_on_and_with_none_at_once() {
    let ages = || vec![object("a", 49), object("b", 51), object("c", -1_000)];
    let walk = walked(ages(), Vec::new(), 50).await.expect("sound lists");
    assert_eq!((walk.young_count, walk.orphan_bytes), (2, 3));
    assert_eq!(keys(walk.orphans).await, ["b"]);
    let walk = walked(ages(), Vec::new(), 0).await.expect("sound lists");
    assert_eq!(keys(walk.orphans).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_size_that_differs_is_told_where_the_row_knows_one() {
    let objects = ["a", "b", "c"].map(|key| object(key, 100)).to_vec();
    let rows = vec![row("a", 3, "00"), row("b", 4, "00"), row("c", 0, "")];
    let walk = walked(objects, rows, 0).await.expect("sound lists");
    assert_eq!(walk.wrong_size.first, ["b"]);
    assert_eq!(
        (
            walk.object_count,
            walk.object_bytes,
            walk.row_count,
            walk.named_count
        ),
        (3, 9, 3, 3)
    );
}

#[tokio::test]
async fn names_that_are_no_keys_are_told_and_are_no_candidates() {
    let objects = ["a b", "folder/", "ключ"]
        .map(|key| object(key, 100))
        .to_vec();
    let walk = walked(objects, Vec::new(), 0).await.expect("sound lists");
    assert_eq!(walk.foreign.first, ["a b", "folder/", "ключ"]);
    assert_eq!(walk.orphans.count(), 0);
}

#[tokio::test]
async fn an_error_or_an_object_without_a_time_ends_the_walk() {
    let timeless = Object {
        create_time: None,
        ..object("a", 0)
    };
    assert!(walked(vec![timeless], Vec::new(), 0).await.is_err());
    let broken = |step| Error::Broken {
        step,
        problem: String::new(),
    };
    let fails = Ahead::of(stream::iter([
        Ok(vec![object("a", 9)]),
        Err(broken("ListObjects")),
    ]));
    let rows = Ahead::of(stream::iter([Ok(Vec::new())]));
    assert!(walk(&flow(), Duration::ZERO, fails, rows).await.is_err());
    let objects = Ahead::of(stream::iter([Ok(vec![object("a", 9)])]));
    let fails = Ahead::of(stream::iter([
        Ok(Vec::new()),
        Err(broken("ListReferencedKeys")),
    ]));
    assert!(walk(&flow(), Duration::ZERO, objects, fails).await.is_err());
}

#[tokio::test]
async fn a_walk_tells_how_much_it_has_seen_and_expects_nothing() {
    let (tell, told) = std::sync::mpsc::channel();
    let flow = flow_watched(move |progress| tell.send(progress).expect("it is heard"));
    let pages = [vec![object("a", 9), object("b", 9)], vec![object("c", 9)]];
    let objects = Ahead::of(stream::iter(pages.map(Ok)));
    let rows = Ahead::of(stream::iter([Ok(vec![row("d", 3, "00")])]));
    let walk = walk(&flow, Duration::ZERO, objects, rows).await;
    walk.expect("sound lists");
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told, [Progress::Seen(2), Progress::Seen(1)]);
}
