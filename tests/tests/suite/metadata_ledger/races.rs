//! Callers at once (P3, P5): the ledger decides, and for good.

use std::sync::Arc;

use contract::metadata::v1::{Chat, PendingDelete};
use futures::{StreamExt as _, future::join_all, stream};
use tests::Storage;
use tonic::Status;

use super::is_used_up;
use crate::{
    metadata::{Client, Metadata, blob, new_chat, targets},
    storage::on_databases,
};

/// How many keys are fought for, and how many of them at once.
const KEYS: usize = 40;
const AT_ONCE: usize = 5;
/// How many sweep each.
const SWEEPERS: usize = 3;

on_databases![of_who_names_a_key_and_who_sweeps_it_at_once_one_side_wins_whatever_the_isolation];

pub(super) async fn of_who_names_a_key_and_who_sweeps_it_at_once_one_side_wins(storage: Storage) {
    name_and_sweep(Metadata::start(storage).await).await;
}

async fn of_who_names_a_key_and_who_sweeps_it_at_once_one_side_wins_whatever_the_isolation(
    storage: Storage,
) {
    let store = Arc::new(storage.fresh());
    let database = store.database().expect("it is one");
    let default = format!(
        "alter database {} set default_transaction_isolation = 'repeatable read'",
        database.name()
    );
    assert_eq!(database.ask(&default), "");
    name_and_sweep(Metadata::join(&store, &[]).await).await;
}

async fn name_and_sweep(metadata: Metadata) {
    let chat = metadata.chat("t").await;
    let message = metadata.say(&chat.id, "x").await;
    let fights = stream::iter(0..KEYS).map(|number| {
        let clients: Vec<_> = (0..6).map(|_| Client::of(&metadata.service)).collect();
        let (chat, message) = (&chat.id, &message.id);
        async move {
            let key = format!("uploads/documents/{number}");
            let keys = [key.as_str()];
            let names = async {
                let document = Chat {
                    document: Some(blob(&key)),
                    ..new_chat("document")
                };
                futures::join!(
                    clients[0].add_image(message, &key),
                    clients[1].append_images(chat, &keys),
                    clients[2].create(document),
                )
            };
            let sweeps = join_all((3..6).map(|at| sweep(&clients[at], &key)));
            // Who is asked first differs.
            let (named, swept) = if number % 2 == 0 {
                futures::join!(names, sweeps)
            } else {
                let (swept, named) = futures::join!(sweeps, names);
                (named, swept)
            };
            let named = [named.0.map(drop), named.1, named.2.map(drop)];
            (key, named, swept)
        }
    });
    let fights = fights.buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    let (mut kept, mut removed) = (Vec::new(), Vec::new());
    for (key, named, swept) in fights.await {
        let swept = one_side(&key, named, swept);
        (if swept { &mut removed } else { &mut kept }).push(key);
    }
    let mut walked: Vec<_> = metadata.referenced("", "").await;
    walked.retain(|key| key.key.starts_with("uploads/documents/"));
    kept.sort_unstable();
    assert!(walked.iter().map(|key| &key.key).eq(&kept));
    let pending = metadata.pending().await;
    let mut pending = targets(&pending);
    pending.sort_unstable();
    removed.sort_unstable();
    assert_eq!(pending, removed);
}

pub(super) async fn of_who_reserves_a_key_and_who_sweeps_it_at_once_one_side_wins(
    storage: Storage,
) {
    let metadata = Metadata::start(storage).await;
    let fights = stream::iter(0..KEYS).map(|number| {
        let clients: Vec<_> = (0..4).map(|_| Client::of(&metadata.service)).collect();
        async move {
            let key = format!("uploads/documents/{number}");
            let reserve = async { clients[0].reserve(&[&key], 3_600).await.map(drop) };
            let sweeps = join_all((1..=SWEEPERS).map(|at| sweep(&clients[at], &key)));
            let (reserved, swept) = futures::join!(reserve, sweeps);
            (key, reserved, swept)
        }
    });
    let fights = fights.buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    for (key, reserved, swept) in fights.await {
        one_side(&key, [reserved], swept);
    }
}

/// Claims that all who wanted a key have it, or all who swept it recorded it once; tells whether it was these.
fn one_side(
    key: &str,
    wanted: impl IntoIterator<Item = Result<(), Status>>,
    swept: Vec<Vec<PendingDelete>>,
) -> bool {
    let is_swept = swept.iter().any(|pending| !pending.is_empty());
    for answer in wanted {
        if is_swept {
            is_used_up(answer, key);
        } else {
            answer.expect("nobody swept it");
        }
    }
    if is_swept {
        for pending in &swept {
            assert_eq!(targets(pending), [key]);
            assert_eq!(pending, &swept[0], "it is recorded once");
        }
    }
    is_swept
}

async fn sweep(client: &Client, key: &str) -> Vec<PendingDelete> {
    client.pend(&[key]).await
}

pub(super) async fn drainers_at_once_strike_out_each_record_once(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let keys: Vec<_> = (0..600)
        .map(|number| format!("uploads/documents/{number}"))
        .collect();
    for some in keys.chunks(200) {
        let some: Vec<_> = some.iter().map(String::as_str).collect();
        assert_eq!(metadata.pend(&some).await.len(), 200);
    }
    let clients: Vec<_> = (0..6).map(|_| Client::of(&metadata.service)).collect();
    let drainers = clients
        .iter()
        .enumerate()
        .map(|(number, client)| async move {
            let mut acked = 0;
            loop {
                let mut pending = client.pending().await;
                if pending.is_empty() {
                    return acked;
                }
                // Each in an order of its own, and some that others have struck out.
                let some = pending.len().min(150);
                pending.truncate(some);
                pending.rotate_left(some * number / 6);
                acked += client.ack(&pending).await;
            }
        });
    let acked: Vec<i64> = join_all(drainers).await;
    assert_eq!(acked.iter().sum::<i64>(), 600, "{acked:?}");
}
