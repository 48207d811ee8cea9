//! Claims about the ledger in Postgres.

use ::tests::Postgres;
use diesel::sql_types::BigInt;
use futures::FutureExt as _;

use super::{
    pending::{ack, list},
    reservation::reserve,
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

#[tokio::test]
async fn who_reserves_and_sweeps_and_drains_the_same_keys_in_any_order_never_deadlocks() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let keys: Vec<_> = (0..120)
        .map(|n| format!("folder {}/of/{n}", n % 12))
        .collect();
    let callers = (0..12_usize).map(|caller| {
        let (sql, mut keys) = (sql.clone(), keys.clone());
        keys.rotate_left(caller * 31 % 120);
        if caller % 2 == 0 {
            keys.reverse();
        }
        // Who reserves has keys that nobody sweeps, beside those of all.
        let mine = keys.split_off(if caller % 3 == 0 { 60 } else { 0 });
        async move {
            for _ in 0..4 {
                let mine = mine.clone();
                if caller % 3 == 0 {
                    let reserved = sql.write(move |connection, now| {
                        let mine = mine.clone();
                        async move { reserve(connection, &mine, now, now).await }.boxed()
                    });
                    let reserved = reserved.await.map(drop);
                    assert!(matches!(reserved, Ok(()) | Err(Error::KeyUsedUp(_))));
                    continue;
                }
                let pending = sql.write(move |connection, now| {
                    pend_unreferenced(connection, mine.clone(), now).boxed()
                });
                let pending = pending.await.expect("nobody stands in its way");
                let ids: Vec<_> = pending.iter().map(|delete| delete.id).collect();
                let acked =
                    sql.write(move |connection, now| ack(connection, ids.clone(), now).boxed());
                acked.await.expect("nobody stands in its way");
            }
        }
    });
    futures::future::join_all(callers).await;
    let deadlocks = "select deadlocks from pg_stat_database where datname = 'postgres'";
    assert_eq!(server.ask("postgres", deadlocks), "0");
}

/// How many advisory locks the session holds, each in one way or both.
async fn locks(connection: &mut Connection) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Locks {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let held = "select count(distinct (classid, objid, objsubid)) as count from pg_locks
        where locktype = 'advisory' and pid = pg_backend_pid()";
    let held: Locks = sql_query(held).get_result(connection).await?;
    Ok(held.count)
}

#[tokio::test]
async fn a_change_of_any_number_of_folders_holds_256_locks_at_most() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let held = sql.write(|connection, now| {
        async move {
            let keys = (0..5_000).map(|number| format!("folder {number}/of/key"));
            let keys: Vec<_> = keys.collect();
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            lock_to_remove(connection, &keys).await?;
            let alone = locks(connection).await?;
            demand_free(connection, &keys).await?;
            let prefix = "chats/to be deleted/".to_owned();
            pend_chat(connection, prefix, &["uploads/other"], now).await?;
            Ok([alone, locks(connection).await?])
        }
        .boxed()
    });
    assert_eq!(held.await.expect("they can be locked"), [256, 256]);
}

#[tokio::test]
async fn a_key_and_the_prefix_that_it_lies_under_have_one_lock() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    for chat in 0..20 {
        let held = sql.write(move |connection, _| {
            async move {
                let prefix = format!("chats/{chat}/");
                lock_to_remove(connection, &[&prefix]).await?;
                for key in ["images/a.png", "deep/er/b", "c"] {
                    demand_free(connection, &[&format!("{prefix}{key}")]).await?;
                }
                locks(connection).await
            }
            .boxed()
        });
        assert_eq!(held.await.expect("it can be locked"), 1, "of chat {chat}");
    }
}

#[tokio::test]
async fn reservations_that_have_ended_are_forgotten_some_at_a_time() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    server.psql(
        "postgres",
        "insert into reserved_keys select 'old/' || i, now() - interval '1 s' from generate_series(1, 2500) i",
    );
    for left in [1_501, 501, 1, 1] {
        let reserved = sql.write(|connection, now| {
            let ends = now + std::time::Duration::from_secs(60);
            async move { reserve(connection, &["new".to_owned()], now, ends).await }.boxed()
        });
        reserved.await.expect("it is free");
        let there = server.ask("postgres", "select count(*) from reserved_keys");
        assert_eq!(there, left.to_string());
    }
}
