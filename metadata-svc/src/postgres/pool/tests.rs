//! Claims about the pool, on a real server that comes and goes.

use ::tests::Postgres;
use diesel::sql_query;
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use tokio::time::timeout;

use super::*;

async fn answers(pool: &Pool) -> Result<(), PoolError> {
    let mut connection = pool.get().await?;
    sql_query("select 1")
        .execute(&mut *connection)
        .await
        .map_err(|_| PoolError::Silent)?;
    Ok(())
}

#[tokio::test]
async fn a_server_that_comes_back_is_served_again_and_what_failed_is_counted() {
    let mut server = Postgres::start();
    let pool = Pool::new(Settings::of(&server.url("postgres"), &[]));
    answers(&pool).await.expect("the server is there");
    assert_eq!(pool.failures(), 0);

    server.stop();
    while !matches!(answers(&pool).await, Err(PoolError::Away)) {
        sleep(LOOK_EVERY).await;
    }
    assert!(pool.failures() > 0);

    server.restart();
    // Who comes at once may still be told of the last attempt.
    let back = async {
        while answers(&pool).await.is_err() {
            sleep(LOOK_EVERY).await;
        }
    };
    let back = timeout(Duration::from_secs(60), back).await;
    back.expect("a server that is back is served again");
}

#[tokio::test]
async fn while_the_server_is_away_nobody_waits_and_few_attempts_are_made() {
    let mut server = Postgres::start();
    let pool = Pool::new(Settings::of(&server.url("postgres"), &[]));
    answers(&pool).await.expect("the server is there");
    server.stop();
    // Until the end of each connection is known.
    while !matches!(answers(&pool).await, Err(PoolError::Away)) {
        sleep(LOOK_EVERY).await;
    }
    for _ in 0..1_000 {
        let lent = pool.get().await.map(drop);
        assert!(matches!(lent, Err(PoolError::Away)), "{lent:?}");
    }
    assert!(pool.failures() < 100, "each caller made an attempt");
}

#[tokio::test]
async fn callers_are_lent_connections_in_the_order_they_came() {
    let server = Postgres::start();
    let pool = Pool::new(Settings::of(&server.url("postgres"), &[]));
    let mut lent = Vec::new();
    for _ in 0..MAX {
        lent.push(pool.get().await.expect("the server has room"));
    }
    let mut first = std::pin::pin!(pool.get());
    assert!(futures::poll!(&mut first).is_pending());
    let mut second = std::pin::pin!(pool.get());
    assert!(futures::poll!(&mut second).is_pending());
    lent.pop();
    assert!(futures::poll!(&mut second).is_pending());
    assert!(first.await.is_ok());
    assert!(second.await.is_ok(), "the first gave its own back");
}

#[tokio::test]
async fn a_connection_dropped_within_a_transaction_is_never_lent_again() {
    let server = Postgres::start();
    server.psql("postgres", "create table written (number bigint)");
    let pool = Pool::new(Settings::of(&server.url("postgres"), &[]));
    {
        let mut connection = pool.get().await.expect("the server is there");
        let cut: Result<Result<(), diesel::result::Error>, _> = timeout(
            Duration::from_millis(200),
            connection.transaction(async |connection| {
                sql_query("insert into written values (1)")
                    .execute(connection)
                    .await?;
                std::future::pending().await
            }),
        )
        .await;
        assert!(cut.is_err(), "it never ends by itself");
    }
    for _ in 0..2 * MAX {
        let mut connection = pool.get().await.expect("the server is there");
        let rows = sql_query("select * from written")
            .execute(&mut *connection)
            .await;
        assert_eq!(rows, Ok(0), "what was not committed is seen");
    }
}

#[tokio::test]
async fn when_all_are_lent_the_next_caller_is_told_in_time() {
    let server = Postgres::start();
    let pool = Pool::new(Settings::of(&server.url("postgres"), &[]));
    let mut lent = Vec::new();
    for _ in 0..MAX {
        lent.push(pool.get().await.expect("the server has room"));
    }
    assert!(matches!(pool.get().await, Err(PoolError::Busy)));
    lent.clear();
    answers(&pool).await.expect("they came back");
}

#[tokio::test]
async fn a_schema_that_is_not_seen_is_told() {
    let server = Postgres::start();
    let settings = Settings::of(&server.url("postgres"), &[("DATABASE_SCHEMA", "ai")]);
    let error = Connection::open(&settings)
        .await
        .err()
        .expect("there is no such schema");
    assert!(matches!(error, ConnectError::Schema { .. }), "{error}");
    server.psql("postgres", "create schema ai");
    assert!(Connection::open(&settings).await.is_ok());
    let pooled = Settings::of(
        &server.url("postgres"),
        &[
            ("DATABASE_SCHEMA", "ai"),
            ("DATABASE_POOL_MODE", "transaction"),
        ],
    );
    let error = Connection::open(&pooled)
        .await
        .err()
        .expect("nothing sets it there")
        .to_string();
    assert!(error.contains("alter role"), "{error}");
}
