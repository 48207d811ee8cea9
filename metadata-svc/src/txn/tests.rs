//! Claims about transactions and request ids on a real server.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use ::tests::Postgres;
use contract::{Violations, metadata::v1::GetChatRequest};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl as _;
use futures::FutureExt as _;
use tokio::sync::{Barrier, Notify, mpsc};

use super::*;
use crate::{db, postgres::Settings, request_id::Call};

async fn sql(server: &Postgres) -> Sql {
    let settings = Settings::of(&server.url("postgres"), &[]);
    db::init(settings.clone())
        .await
        .expect("an empty database gets its schema");
    server.psql(
        "postgres",
        "create table counted (number bigint); insert into counted values (1), (2)",
    );
    Sql::new(Pool::new(settings))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn add(connection: &mut Connection, number: i64) -> Result<()> {
    sql_query("insert into counted values ($1)")
        .bind::<BigInt, _>(number)
        .execute(connection)
        .await?;
    Ok(())
}

async fn count(sql: &Sql) -> i64 {
    let counted = sql.read(|connection| {
        async move {
            let count: Count = sql_query("select count(*) as count from counted")
                .get_result(connection)
                .await?;
            Ok(count.count)
        }
        .boxed()
    });
    counted.await.expect("the server is there")
}

#[derive(QueryableByName)]
struct Backend {
    #[diesel(sql_type = BigInt)]
    pid: i64,
}

/// Reads which server process answers, tells it, and then never ends.
async fn hang(connection: &mut Connection, told: mpsc::Sender<i64>) -> Result<()> {
    let backend: Backend = sql_query("select pg_backend_pid()::bigint as pid")
        .get_result(connection)
        .await?;
    told.send(backend.pid).await.expect("somebody listens");
    sql_query("select pg_sleep(600)")
        .execute(connection)
        .await?;
    Ok(())
}

#[tokio::test]
async fn nobody_waits_behind_a_query_whose_caller_hung_up() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let (told, mut hangs) = mpsc::channel(1);
    let hung = sql.read(|connection| hang(connection, told).boxed());
    let hung = tokio::select! {
        ended = hung => panic!("it ended: {ended:?}"),
        pid = hangs.recv() => pid.expect("it tells"),
    };
    for _ in 0..20 {
        let pid = sql.read(|connection| {
            async move {
                let backend: Backend = sql_query("select pg_backend_pid()::bigint as pid")
                    .get_result(connection)
                    .await?;
                Ok(backend.pid)
            }
            .boxed()
        });
        assert_ne!(pid.await.expect("the server is there"), hung);
    }
}

#[tokio::test]
async fn changes_that_lock_each_other_out_both_happen() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let (both_hold_one, attempts) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let change = |first: i64, second: i64| {
        let (both_hold_one, attempts) = (both_hold_one.clone(), attempts.clone());
        sql.write(move |connection, _| {
            let (both_hold_one, attempts) = (both_hold_one.clone(), attempts.clone());
            async move {
                let lock = |number| {
                    sql_query("select 1 from counted where number = $1 for update")
                        .bind::<BigInt, _>(number)
                };
                lock(first).execute(connection).await?;
                if attempts.fetch_add(1, Ordering::Relaxed) < 2 {
                    both_hold_one.wait().await;
                }
                lock(second).execute(connection).await?;
                add(connection, 3).await
            }
            .boxed()
        })
    };
    let (one, other) = futures::join!(change(1, 2), change(2, 1));
    one.expect("it was tried again");
    other.expect("it was tried again");
    assert_eq!(count(&sql).await, 4);
    assert_eq!(
        AtomicU32::load(&attempts, Ordering::Relaxed),
        3,
        "one of the two was the victim"
    );
}

async fn isolation(mut connection: &Connection) -> Result<String> {
    #[derive(QueryableByName)]
    struct Level {
        #[diesel(sql_type = Text)]
        level: String,
    }
    let level: Level = sql_query("select current_setting('transaction_isolation') as level")
        .get_result(&mut connection)
        .await?;
    Ok(level.level)
}

#[tokio::test]
async fn a_transaction_sees_what_it_has_waited_for_whatever_the_roles_default_is() {
    let server = Postgres::start();
    let default = "alter database postgres set default_transaction_isolation = 'repeatable read'";
    server.psql("postgres", default);
    let sql = sql(&server).await;
    let level = sql.read(|connection| async { isolation(connection).await }.boxed());
    assert_eq!(level.await.expect("it is told"), "repeatable read");
    let level = sql.write(|connection, _| async { isolation(connection).await }.boxed());
    assert_eq!(level.await.expect("it is told"), "read committed");

    let mut loan = sql.connection().await.expect("one is free");
    let connection: &mut Connection = &mut loan;
    ends::mark_begin(connection).expect("it is in none");
    let sent = futures::join!(
        ends::begin(connection),
        isolation(connection),
        ends::commit(connection)
    );
    ends::mark_end(connection).expect("it is in one");
    assert_eq!(sent.1.expect("it is told"), "read committed");
    sent.0.and(sent.2).expect("it is committed");
}

#[tokio::test]
async fn a_change_runs_to_its_end_when_its_caller_is_gone() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let signals = (begun.clone(), go_on.clone());
    let change = sql.write(move |connection, _| {
        let (begun, go_on) = signals.clone();
        async move {
            add(connection, 3).await?;
            begun.notify_one();
            go_on.notified().await;
            Ok(())
        }
        .boxed()
    });
    tokio::select! {
        _ = change => panic!("it waits to be told to go on"),
        () = begun.notified() => {}
    }
    go_on.notify_one();
    while count(&sql).await < 3 {
        tokio::task::yield_now().await;
    }
}

fn call(request_id: uuid::Uuid, content: &str) -> Call {
    let mut v = Violations::default();
    let request = GetChatRequest {
        chat_id: content.into(),
    };
    let call = Call::of(&mut v, "Method", &request_id.to_string(), &request);
    v.accept(Some(call)).expect("it is well-formed")
}

#[tokio::test]
async fn a_request_id_has_one_effect_and_one_answer_also_when_many_arrive_at_once() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let (id, answers) = (uuid::Uuid::new_v4(), AtomicU32::new(0));
    let answers = Arc::new(answers);
    let once = |content: &str| {
        let answers = answers.clone();
        sql.once(call(id, content), move |connection, _| {
            let number = answers.fetch_add(1, Ordering::Relaxed);
            async move {
                add(connection, 3).await?;
                Ok(GetChatRequest {
                    chat_id: format!("answer {number}"),
                })
            }
            .boxed()
        })
    };
    let all = futures::future::join_all((0..8).map(|_| once("same"))).await;
    for answer in all {
        assert_eq!(answer.expect("all are answered").chat_id, "answer 0");
    }
    assert_eq!(count(&sql).await, 3);
    assert!(matches!(once("other").await, Err(Error::RequestIdReused(reused)) if reused == id));

    assert_eq!(sql.forget_answers().await.expect("the server is there"), 0);
    server.psql(
        "postgres",
        "update request_ids set created_at = now() - interval '8 days'",
    );
    assert_eq!(sql.forget_answers().await.expect("the server is there"), 1);
}

#[tokio::test]
async fn a_change_that_fails_keeps_neither_effect_nor_answer() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let id = uuid::Uuid::new_v4();
    let failed: Result<GetChatRequest> = sql
        .once(call(id, "same"), |connection, _| {
            async move {
                add(connection, 3).await?;
                Err(Error::Absent("chat", "x".into()))
            }
            .boxed()
        })
        .await;
    assert!(matches!(failed, Err(Error::Absent("chat", _))));
    assert_eq!(count(&sql).await, 2);
    let again = sql.once(call(id, "same"), |connection, _| {
        async move {
            add(connection, 3).await?;
            Ok(GetChatRequest::default())
        }
        .boxed()
    });
    again.await.expect("nothing was kept of the first");
    assert_eq!(count(&sql).await, 3);
}
