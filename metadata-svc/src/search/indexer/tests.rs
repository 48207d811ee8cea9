//! Claims about the indexer on a real server.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use ::tests::Postgres;
use futures::future::join_all;
use tokio::sync::Notify;

use super::*;
use crate::{
    chat::sql::tests::sql,
    postgres::{Pool, Settings},
};

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

/// One chat, whose messages write into `writes` when their words are written.
const CHAT: &str = "
    insert into chats (id, title, user_id) values ('00000000-0000-0000-0000-000000000001', 't', 'anna');
    create table writes (message_id uuid);
    create function note_write() returns trigger language plpgsql as
        'begin insert into writes values (new.message_id); return null; end';
    create trigger note_write after insert or update on message_words for each row execute function note_write()";

async fn with_chat(server: &Postgres) -> Sql {
    let sql = sql(server).await;
    server.psql("postgres", CHAT);
    sql
}

/// Appends, as another process would, messages numbered `numbers` of this content, an expression of SQL on `i`.
fn append(server: &Postgres, numbers: std::ops::Range<u32>, content: &str) {
    let (first, last) = (numbers.start, numbers.end - 1);
    server.psql(
        "postgres",
        &format!(
            "with given as (
                insert into chat_messages (id, chat_id, role, content, seq)
                select ('00000000-0000-0000-0001-' || lpad(i::text, 12, '0'))::uuid, '00000000-0000-0000-0000-000000000001',
                    'user', {content}, i
                from generate_series({first}, {last}) as i
                returning id
            )
            insert into unindexed_messages (message_id) select id from given"
        ),
    );
}

fn ask(server: &Postgres, sql: &str) -> String {
    server.ask("postgres", sql)
}

/// How many messages there are, are indexed, were written, and wait.
fn counts(server: &Postgres) -> String {
    ask(
        server,
        "select (select count(*) from chat_messages), (select count(*) from message_words), (select count(*) from writes),
            (select count(*) from unindexed_messages)",
    )
}

/// How many messages hold a lexeme.
fn holding(server: &Postgres, lexeme: &str) -> String {
    ask(
        server,
        &format!("select count(*) from message_words where words @@ '{lexeme}'"),
    )
}

/// Waits until it holds.
async fn until<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < LIMIT, "it does not come to hold");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn index(sql: &Sql) -> usize {
    Indexer::new(sql.clone())
        .index_all(|_| {})
        .await
        .expect("the server is there")
}

#[tokio::test]
async fn what_others_append_is_indexed_without_a_word_from_them_and_the_lag_falls_to_none() {
    let server = Postgres::start();
    let sql = with_chat(&server).await;
    append(&server, 1..3, "'Насосы и valves'");
    server.psql(
        "postgres",
        "update unindexed_messages set noted_at = now() - interval '1 hour'",
    );
    let before = waiting(&sql).await.expect("the server is there");
    assert!(before.notes == 2 && before.seconds > 3_599.0 && before.seconds < 3_700.0);
    let indexer = tokio::spawn(Indexer::new(sql.clone()).run());
    until(async || holding(&server, "насос & valv").as_str() == "2").await;
    append(&server, 3..4, "'Насос'");
    until(async || holding(&server, "насос").as_str() == "3").await;
    let after = waiting(&sql).await.expect("the server is there");
    assert_eq!((after.notes, after.seconds), (0, 0.0));
    assert_eq!(
        holding(
            &server,
            "''user anna'' & ''chat 00000000-0000-0000-0000-000000000001''"
        ),
        "3"
    );
    indexer.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_message_is_indexed_once_by_many_indexers_whose_connections_are_killed() {
    let server = Arc::new(Postgres::start());
    drop(with_chat(&server).await);
    let settings = Settings::of(&server.url("postgres"), &[]);
    let indexers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(Indexer::new(Sql::new(Pool::new(settings.clone()))).run()))
        .collect();
    let appended = Arc::new(AtomicBool::new(false));
    let kills = tokio::task::spawn_blocking({
        let (server, appended) = (server.clone(), appended.clone());
        move || {
            let mut kills = 0;
            loop {
                // Whoever is in the middle of a transaction, or about to commit.
                let killed = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where application_name <> 'psql' and backend_type = 'client backend' and xact_start is not null";
                kills += ask(&server, killed).parse::<u32>().expect("it is a number");
                if AtomicBool::load(&appended, Ordering::Relaxed) && counts(&server).ends_with("|0")
                {
                    return kills;
                }
            }
        }
    });
    for round in 0..40 {
        let server = server.clone();
        let appending = tokio::task::spawn_blocking(move || {
            append(
                &server,
                100 * round + 1..100 * round + 101,
                "'Насос номер ' || i || ' ' || repeat(md5(i::text) || ' ', 40)",
            );
        });
        appending.await.expect("it can be appended");
    }
    appended.store(true, Ordering::Relaxed);
    let kills = kills.await.expect("it does not panic");
    assert!(kills > 0, "nothing was killed");
    until(async || counts(&server).ends_with("|0")).await;
    for indexer in indexers {
        indexer.abort();
    }
    assert_eq!(counts(&server), "4000|4000|4000|0");
}

#[tokio::test]
async fn a_message_that_cannot_be_indexed_is_indexed_in_part_and_holds_up_no_other() {
    let server = Postgres::start();
    let sql = with_chat(&server).await;
    append(&server, 1..10, "'насос'");
    // Each of these is more than a tsvector can hold, or than the parser can read in time, or a word too long.
    append(
        &server,
        10..11,
        "'клапан ' || (select string_agg(md5(n::text), ' ') from generate_series(1, 30000) as n)",
    );
    append(&server, 11..20, "'насос'");
    append(&server, 20..21, "'клапан ' || repeat('-1.e', 100000)");
    append(
        &server,
        21..22,
        "'клапан ' || repeat('я', 5000) || ' клапан'",
    );
    append(&server, 22..31, "'насос'");
    assert_eq!(index(&sql).await, 30);
    assert_eq!(counts(&server), "30|30|30|0");
    assert_eq!(holding(&server, "насос"), "27");
    assert_eq!(holding(&server, "клапа"), "3");
    let words =
        "select length(words) > 5000 from message_words where message_id::text like '%00010'";
    assert_eq!(ask(&server, words), "t");
}

#[tokio::test]
async fn much_is_indexed_in_small_batches() {
    let server = Postgres::start();
    let sql = with_chat(&server).await;
    append(&server, 1..1_201, "'насос'");
    append(&server, 1_201..1_211, "repeat('насос клапан ', 10000)");
    let steps = std::cell::RefCell::new(Vec::new());
    let done = Indexer::new(sql.clone())
        .index_all(|done| steps.borrow_mut().push(done))
        .await;
    assert_eq!(done.expect("the server is there"), 1_210);
    assert_eq!(counts(&server), "1210|1210|1210|0");
    let steps = steps.into_inner();
    assert_eq!(steps[..2], [500, 1_000]);
    assert!(
        steps[2] == 1_201 && steps.len() == 12,
        "each large one alone: {steps:?}"
    );
}

#[tokio::test]
async fn a_message_that_is_being_deleted_is_waited_for_by_nobody_and_not_forgotten() {
    let server = Postgres::start();
    let sql = with_chat(&server).await;
    append(&server, 1..4, "'насос'");
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let signals = (begun.clone(), go_on.clone());
    let deleting = tokio::spawn({
        let sql = sql.clone();
        async move {
            let change = sql.write(move |connection, _| {
                let (begun, go_on) = signals.clone();
                async move {
                    let delete = sql_query("delete from chat_messages where seq < 3");
                    delete.execute(connection).await?;
                    begun.notify_one();
                    go_on.notified().await;
                    Err::<(), _>(Error::Stopping)
                }
                .boxed()
            });
            change.await
        }
    });
    begun.notified().await;
    assert_eq!(index(&sql).await, 1, "nobody knows yet how it ends");
    server.psql("postgres", "update unindexed_messages set noted_at = now()");
    go_on.notify_one();
    deleting
        .await
        .expect("it does not panic")
        .expect_err("it is given up");
    assert_eq!(index(&sql).await, 2);
    assert_eq!(counts(&server), "3|3|3|0");

    append(&server, 4..8, "'насос'");
    server.psql("postgres", "delete from chat_messages where seq = 5");
    server.psql(
        "postgres",
        "insert into unindexed_messages select message_id from unindexed_messages limit 1",
    );
    assert_eq!(
        index(&sql).await,
        5,
        "notes of what has gone, and a second one, go too"
    );
    assert_eq!(counts(&server), "6|6|6|0");
    assert_eq!(note_all(&sql).await.expect("the server is there"), 6);
    let again = join_all((0..3).map(|_| index(&sql))).await;
    assert_eq!(again.into_iter().sum::<usize>(), 6);
    assert_eq!(counts(&server), "6|6|12|0");
    server.psql("postgres", "delete from chats");
    assert_eq!(counts(&server), "0|0|12|0");
}
