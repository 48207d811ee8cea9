//! Claims about the ledger in Postgres.

use ::tests::Postgres;
use futures::FutureExt as _;

use super::{
    pending::{ack, list},
    *,
};
use crate::chat::sql::tests::sql;

#[tokio::test]
async fn drainers_that_strike_out_the_same_at_once_count_each_delete_once_and_never_deadlock() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let recorded = sql.write(|connection, now| {
        let targets = (0..300).map(|number| Target::Key(format!("uploads/temp/{number}")));
        pend(connection, targets.collect(), now).boxed()
    });
    let recorded = recorded.await.expect("they can be recorded");
    let ids: Vec<_> = recorded.iter().map(|delete| delete.id).collect();
    let drainers = (0..8_usize).map(|drainer| {
        let (sql, mut ids) = (sql.clone(), ids.clone());
        ids.rotate_left(drainer * 37);
        if drainer % 2 == 0 {
            ids.reverse();
        }
        async move {
            let acked = sql.write(move |connection, now| ack(connection, ids.clone(), now).boxed());
            acked.await.expect("nobody stands in its way")
        }
    });
    let acked: Vec<i64> = futures::future::join_all(drainers).await;
    assert_eq!(acked.iter().sum::<i64>(), 300, "{acked:?}");
    let left = sql.read(|connection| list(connection, None, 9).boxed());
    assert!(left.await.expect("it can be listed").rows.is_empty());
    let deadlocks = "select deadlocks from pg_stat_database where datname = 'postgres'";
    assert_eq!(server.ask("postgres", deadlocks), "0");
}
