//! Claims about usage in Postgres: it is what it is in the embedded store.

use ::tests::Postgres;
use contract::id::Uuid;
use futures::FutureExt as _;
use tempfile::TempDir;

use super::*;
use crate::{chat::sql::tests::sql, store::kv::Kv, usage::kv};

const USERS: [&str; 2] = ["anna", "o'brien \\ Ёж"];
/// Days since 1970, some long before.
const DAYS: [i64; 5] = [-400, -1, 0, 1, 20_000];

fn time(day: i64) -> Time {
    Time::from_micros(day * SECONDS_PER_DAY * 1_000_000 + 7)
}

/// A number below `sides`.
fn die(sides: usize) -> usize {
    usize::try_from(Uuid::new_v4().as_u128() % sides as u128).expect("it is small")
}

/// What somebody keeps more, of sizes up to all that callers can claim.
fn more() -> (Time, Usage) {
    let usage = Usage {
        chats: i64::from(die(2) == 0),
        messages: i64::from(die(2) == 0),
        images: i64::from(die(2) == 0),
        blob_bytes: [0, 1, 512, i64::MAX - 1, i64::MAX][die(5)],
    };
    (time(DAYS[die(DAYS.len())]), usage)
}

#[tokio::test]
async fn what_a_user_keeps_is_what_it_is_in_the_embedded_store_whatever_sizes_are_claimed() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let folder = TempDir::new().expect("a temporary folder can be made");
    let store = Kv::open(folder.path()).expect("it is empty");
    let mut kept = Vec::new();
    for round in 0..60 {
        let user = USERS[die(2)];
        let mut changes: Vec<(Time, Usage, bool)> = Vec::new();
        for _ in 0..=die(3) {
            let (day, usage) = more();
            kept.push((user, day, usage));
            changes.push((day, usage, true));
        }
        // In the end all of it goes, in other portions than it came in.
        kept.retain(|(of, day, usage)| {
            let goes = *of == user && (round > 40 || die(4) == 0);
            if goes {
                changes.push((*day, *usage, false));
            }
            !goes
        });
        let tally = move || {
            let mut tally = Tally::default();
            for (day, usage, comes) in &changes {
                if *comes {
                    tally.add(*day, *usage);
                } else {
                    tally.take(*day, *usage);
                }
            }
            tally
        };
        let in_kv = tally();
        let change = store.write(move |txn| kv::apply(txn, user, in_kv));
        change.await.expect("the disk is there");
        let change = sql.write(move |connection, _| {
            let tally = tally();
            async move { apply(connection, user, &tally).await }.boxed()
        });
        change.await.expect("the server is there");

        for (start, end) in [
            (None, None),
            (Some(-1), None),
            (None, Some(1)),
            (Some(-400), Some(0)),
            (Some(1), Some(-1)),
        ] {
            let (start, end) = (start.map(time), end.map(time));
            let in_kv = store.read(move |txn| kv::days(txn, user, start, end)).await;
            let in_sql = sql
                .read(|connection| days(connection, user, start, end).boxed())
                .await;
            assert_eq!(
                in_sql.expect("the server is there"),
                in_kv.expect("the disk is there"),
                "{round}: {user} {start:?} {end:?}"
            );
        }
    }
}
