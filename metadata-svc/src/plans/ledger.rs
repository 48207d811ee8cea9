//! What is asked of the ledger.

use contract::{id::Uuid, time::Time};
use diesel_async::AsyncConnection as _;

use super::{OFTEN, Plans};
use crate::blob_ledger::{
    PendingDelete,
    sql::{
        demand_free,
        pending::{ack, list},
    },
};

pub(super) async fn claim(plans: &mut Plans) {
    for (connection, first) in plans.connections().await.iter_mut().zip([0, 100_000]) {
        let mut after = None;
        for _ in 0..OFTEN {
            let page = list(connection, after, 1_000)
                .await
                .expect("it can be listed");
            assert_eq!(page.rows.len(), 1_000, "a page is full");
            let place = |last: &PendingDelete| (last.create_time.micros(), last.id);
            after = page.rows.last().map(place);
        }
        plans.demand_few_rows("lists of pending deletes");
        for number in (first..).step_by(1_000).take(OFTEN) {
            let ids: Vec<_> = (number + 1..=number + 1_000).map(pending).collect();
            assert_eq!(
                ack(connection, ids, Time::now())
                    .await
                    .expect("they are there"),
                1_000
            );
            let free = connection.transaction(async |connection| {
                demand_free(connection, &["uploads/temp/new", "uploads/temp/newer"]).await
            });
            free.await.expect("nobody is to remove them");
        }
        plans.demand_few_rows("acknowledged deletes");
    }
}

/// The ids of the seed.
fn pending(number: u128) -> Uuid {
    Uuid::from_u128((0xd << 124) + number)
}
