//! Claims about the connection, on a real server and a real pooler.

mod relay;

use ::tests::{PgBouncer, Postgres};
use diesel::{
    QueryableByName,
    result::{DatabaseErrorKind, Error},
    sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures::future::{join_all, join3};

use super::*;
use crate::postgres::Settings;
use relay::Relay;

#[derive(Debug, PartialEq, QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

async fn open(url: &str, mode: &str) -> Connection {
    let settings = Settings::of(url, &[("DATABASE_POOL_MODE", mode)]);
    Connection::open(&settings)
        .await
        .expect("the server is there")
}

/// Asks for a number that is sent along, by a statement with a value.
async fn echo(connection: &mut Connection, number: i64) -> QueryResult<i64> {
    let row = sql_query("select $1 + 0 as number").bind::<BigInt, _>(number);
    row.get_result::<Number>(connection)
        .await
        .map(|row| row.number)
}

async fn prepared(connection: &mut Connection) -> i64 {
    let count =
        "select count(*) as number from pg_prepared_statements where statement like 'select $1%'";
    sql_query(count)
        .get_result::<Number>(connection)
        .await
        .expect("a catalogue can be read")
        .number
}

#[tokio::test]
async fn what_is_sent_together_runs_in_that_order_also_where_the_session_has_statements_of_some() {
    let server = Postgres::start();
    server.psql("postgres", "create table numbers (number bigint)");
    let connection = &open(&server.url("postgres"), "session").await;
    let count = async || {
        let count = sql_query("select count(*) as number from numbers");
        count.get_result(&mut &*connection).await
    };
    assert_eq!(count().await, Ok(Number { number: 0 }));
    let insert = sql_query("insert into numbers values ($1)").bind::<BigInt, _>(7);
    let (inserted, counted) = join!(insert.execute(&mut &*connection), count());
    assert_eq!((inserted, counted), (Ok(1), Ok(Number { number: 1 })));
}

#[tokio::test]
async fn a_session_keeps_statements_and_a_transaction_pooler_is_left_none() {
    let server = Postgres::start();
    for (mode, kept) in [("session", 1), ("transaction", 0)] {
        let mut connection = open(&server.url("postgres"), mode).await;
        for number in 0..3 {
            assert_eq!(echo(&mut connection, number).await, Ok(number));
        }
        assert_eq!(prepared(&mut connection).await, kept, "{mode}");
    }
}

#[tokio::test]
async fn a_named_statement_is_missing_behind_a_transaction_pooler_and_an_unnamed_one_is_not() {
    let server = Postgres::start();
    let pooler = PgBouncer::start(&server, 2);
    for (mode, found) in [("session", None), ("transaction", Some(2))] {
        let mut ours = open(&pooler.url("postgres"), mode).await;
        let mut other = open(&pooler.url("postgres"), mode).await;
        assert_eq!(echo(&mut ours, 1).await, Ok(1));
        // The server connection that has just been used goes to the next who asks, and stays with it.
        other
            .batch_execute("begin")
            .await
            .expect("there is a server connection");
        let second = echo(&mut ours, 2).await;
        assert_eq!(second.as_ref().ok(), found.as_ref(), "{mode}");
        if let Err(error) = second {
            assert_eq!(
                sqlstate(&error)
                    .as_ref()
                    .map(tokio_postgres::error::SqlState::code),
                Some("26000")
            );
        }
    }
}

#[tokio::test]
async fn many_callers_share_two_server_connections_without_an_error() {
    let server = Postgres::start();
    let url = server.database("shared");
    server.psql("shared", "create table counted (number bigint not null)");
    let pooler = PgBouncer::start(&server, 2);
    let url = pooler.url(url.rsplit('/').next().expect("a URL ends in a name"));
    let mut connections = Vec::new();
    for caller in 0..16 {
        connections.push((caller, open(&url, "transaction").await));
    }
    let callers = connections.into_iter().map(|(caller, mut connection)| {
        tokio::spawn(async move {
            for number in 0..50 {
                assert_eq!(echo(&mut connection, number).await, Ok(number));
                let counted: QueryResult<()> = connection
                    .transaction(async |connection| {
                        let insert =
                            sql_query("insert into counted values ($1)").bind::<BigInt, _>(caller);
                        insert.execute(connection).await?;
                        assert_eq!(echo(connection, number).await?, number);
                        Ok(())
                    })
                    .await;
                counted.expect("a transaction keeps its server connection");
            }
        })
    });
    for caller in join_all(callers).await {
        caller.expect("no caller saw an error");
    }
    assert_eq!(server.ask("shared", "select count(*) from counted"), "800");
}

#[tokio::test]
async fn the_sqlstate_is_kept_and_no_value_is_in_the_message() {
    let server = Postgres::start();
    let mut connection = open(&server.url("postgres"), "session").await;
    for (code, kind) in [
        ("40P01", DatabaseErrorKind::Unknown),
        ("57014", DatabaseErrorKind::Unknown),
        ("40001", DatabaseErrorKind::SerializationFailure),
        ("23505", DatabaseErrorKind::UniqueViolation),
    ] {
        let raise =
            format!("do $$ begin raise exception 'a value' using errcode = '{code}'; end $$");
        let error = sql_query(raise)
            .execute(&mut connection)
            .await
            .expect_err("it was raised");
        assert_eq!(sqlstate(&error).expect("it is kept").code(), code);
        assert!(!error.to_string().contains("a value"), "{error}");
        assert!(
            matches!(&error, Error::DatabaseError(found, _) if std::mem::discriminant(found) == std::mem::discriminant(&kind)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_statement_whose_plan_became_useless_is_made_anew() {
    let server = Postgres::start();
    let _ = server.database("changing");
    server.psql(
        "changing",
        "create table changing (number bigint); insert into changing values (1)",
    );
    let mut connection = open(&server.url("changing"), "session").await;
    let all = || sql_query("select * from changing");
    assert_eq!(all().execute(&mut connection).await, Ok(1));
    server.psql("changing", "alter table changing add column other text");
    let error = all()
        .execute(&mut connection)
        .await
        .expect_err("the plan has other columns");
    assert_eq!(sqlstate(&error).expect("it is kept").code(), "0A000");
    assert_eq!(all().execute(&mut connection).await, Ok(1));
}

#[tokio::test]
async fn queries_that_are_polled_together_are_sent_before_the_first_is_answered() {
    let server = Postgres::start();
    let relay = Relay::before(server.port()).await;
    let url = relay.url(&server.url("postgres"), server.port());
    for mode in ["session", "transaction"] {
        let holder = open(&server.url("postgres"), "session").await;
        let connection = open(&url, mode).await;
        (&mut &holder)
            .batch_execute("select pg_advisory_lock(7)")
            .await
            .expect("nobody else has it");
        let one =
            |marker: &str, sql: &str| sql_query(format!("select {sql} /* {mode} {marker} */"));
        let waiting = one("first", "1::bigint as number from pg_advisory_lock(7)");
        let (second, third) = (
            one("second", "2::bigint as number"),
            one("third", "3::bigint as number"),
        );
        let (mut a, mut b, mut c) = (&connection, &connection, &connection);
        let answers = join3(
            waiting.get_result::<Number>(&mut a),
            second.get_result::<Number>(&mut b),
            third.get_result::<Number>(&mut c),
        );
        let sent = async {
            // The first one cannot be answered before this.
            relay
                .seen(&[&format!("{mode} second"), &format!("{mode} third")])
                .await;
            (&mut &holder)
                .batch_execute("select pg_advisory_unlock(7)")
                .await
                .expect("it is held");
        };
        let ((first, second, third), ()) = futures::join!(answers, sent);
        let numbers = [first, second, third].map(|row| row.expect("a number is answered").number);
        assert_eq!(numbers, [1, 2, 3], "{mode}");
    }
}

#[tokio::test]
async fn texts_and_nulls_come_back_as_they_went() {
    #[derive(QueryableByName)]
    struct Pair {
        #[diesel(sql_type = Text)]
        text: String,
        #[diesel(sql_type = diesel::sql_types::Nullable<Text>)]
        nothing: Option<String>,
    }
    let server = Postgres::start();
    for mode in ["session", "transaction"] {
        let mut connection = open(&server.url("postgres"), mode).await;
        let query = sql_query("select $1 as text, $2 as nothing")
            .bind::<Text, _>("насос 'x' \"y\" \\")
            .bind::<diesel::sql_types::Nullable<Text>, _>(None::<String>);
        let pair: Pair = query
            .get_result(&mut connection)
            .await
            .expect("it is answered");
        assert_eq!(
            (pair.text.as_str(), pair.nothing),
            ("насос 'x' \"y\" \\", None)
        );
    }
}
