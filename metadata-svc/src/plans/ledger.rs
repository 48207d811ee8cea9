//! What is asked of the ledger.

use std::time::Duration;

use contract::{id::Uuid, time::Time};
use diesel_async::AsyncConnection as _;

use super::{LONG, OFTEN, Plans, chat, message};
use crate::{
    blob_ledger::{
        PendingDelete,
        referenced::Range,
        sql::{
            demand_free, free, pend_unreferenced,
            pending::{ack, list},
            referenced::page,
            reservation::reserve,
            unreferenced,
        },
    },
    postgres::Connection,
};

pub(super) async fn claim(plans: &mut Plans) {
    for (connection, first) in plans.connections().await.iter_mut().zip([0, 100_000]) {
        drains(plans, connection, first).await;
        sweeps(plans, connection, first).await;
        walks(plans, connection).await;
    }
}

async fn drains(plans: &mut Plans, connection: &mut Connection, first: u128) {
    let mut after = None;
    for _ in 0..OFTEN {
        let page = list(connection, after, 1_000).await;
        let page = page.expect("it can be listed");
        assert_eq!(page.rows.len(), 1_000, "a page is full");
        let place = |last: &PendingDelete| (last.create_time.micros(), last.id);
        after = page.rows.last().map(place);
    }
    plans.demand_few_rows("lists of pending deletes");
    for number in (first..).step_by(1_000).take(OFTEN) {
        let ids: Vec<_> = (number + 1..=number + 1_000).map(pending).collect();
        let acked = ack(connection, ids, Time::now()).await;
        assert_eq!(acked.expect("they are there"), 1_000);
        let free = connection.transaction(async |connection| {
            demand_free(connection, &["uploads/new", "uploads/newer"]).await
        });
        free.await.expect("nobody is to remove them");
    }
    plans.demand_few_rows("acknowledged deletes");
}

/// Of a batch's keys a quarter is named, one by 20,000 rows, a quarter is reserved, a quarter is used up, the others are new.
async fn sweeps(plans: &mut Plans, connection: &mut Connection, first: u128) {
    for begin in (first..).step_by(1_000).take(OFTEN) {
        let named = (begin..)
            .take(249)
            .map(|n| format!("uploads/documents/{}.pdf", n + 1));
        let reserved = (begin..)
            .take(250)
            .map(|n| format!("uploads/temp/held/{n}"));
        let reserved: Vec<_> = reserved.collect();
        let used_up = (begin..)
            .take(250)
            .map(|n| format!("uploads/temp/removed/{}", n + 1));
        let new = (begin..).take(250).map(|n| format!("chats/swept {n}/new"));
        let now = Time::now();
        let others = (begin..).take(750).map(|n| format!("chats/{n}/others"));
        let to_reserve: Vec<_> = reserved.iter().cloned().chain(others).collect();
        let ends = connection.transaction(async |connection| {
            let ends = now + Duration::from_secs(60);
            reserve(connection, &to_reserve, now, ends).await
        });
        ends.await.expect("they are free");
        let images: Vec<_> = (begin % 20_000 + 1..).take(1_000).map(image_key).collect();
        let keys: Vec<_> = images.iter().map(String::as_str).collect();
        let free = connection.transaction(async |connection| free(connection, &keys).await);
        assert_eq!(free.await.expect("it is told").len(), 500, "every second");
        let keys = named.chain(["uploads/common".to_owned()]);
        let keys: Vec<_> = keys.chain(reserved).chain(used_up).chain(new).collect();
        for _ in 0..2 {
            let free = unreferenced(connection, &keys, now).await;
            assert_eq!(free.expect("it is told").len(), 500);
            let pending = connection.transaction(async |connection| {
                pend_unreferenced(connection, keys.clone(), now).await
            });
            assert_eq!(pending.await.expect("it is recorded").len(), 500);
        }
    }
    plans.demand_few_rows("sweeps");
}

async fn walks(plans: &mut Plans, connection: &mut Connection) {
    for prefix in ["", "chats/", "uploads/documents/1", "uploads/c", "z"] {
        let mut range = Range {
            prefix: prefix.to_owned(),
            after: String::new(),
        };
        for _ in 0..OFTEN {
            let keys = page(connection, &range).await.expect("it is walked");
            let is_walk = ["", "chats/", "uploads/documents/1"].contains(&prefix);
            assert!(!is_walk || keys.len() == 1_000, "a page is full");
            if let Some(last) = keys.last() {
                range.after.clone_from(&last.key);
            }
        }
        plans.demand_few_rows(&format!("a walk over {prefix:?}"));
    }
}

/// The ids of the seed.
fn pending(number: u128) -> Uuid {
    Uuid::from_u128((0xd << 124) + number)
}

/// The key of the image that this message of the long chat has, if it has one.
fn image_key(number: u128) -> String {
    format!("chats/{}/images/{}", chat(LONG), message(number))
}
