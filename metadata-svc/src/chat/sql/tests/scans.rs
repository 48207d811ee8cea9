//! Claims about what is read of large tables.

use super::*;

/// As many chats, messages, images and search results, of 1,000 users.
const SEED: &str = "
    insert into chats (id, title, user_id, is_archived, created_at)
    select pg_temp.id('a', i), 't', 'user ' || i % 1000, i % 7 = 0, now() - i * interval '1 minute'
    from generate_series(1, 200000) as i;
    insert into chat_messages (id, chat_id, role, content, seq)
    select pg_temp.id('b', i), pg_temp.id('a', i), 'user', 'x', 1 from generate_series(1, 200000) as i;
    insert into chat_images (chat_id, message_id, image_name, s3_path)
    select pg_temp.id('a', i), pg_temp.id('b', i), 'x', 'chats/' || pg_temp.id('a', i) || '/images/x'
    from generate_series(1, 200000) as i;
    insert into search_results (chat_id, message_id)
    select pg_temp.id('a', i), pg_temp.id('b', i) from generate_series(1, 200000) as i;
    insert into message_words (message_id, seq, role, created_at, words)
    select pg_temp.id('b', i), 1, 'user', now(), '' from generate_series(1, 200000) as i;
    analyze";
const ID: &str =
    "create function pg_temp.id(kind text, number int) returns uuid language sql immutable as
    'select (kind || lpad(number::text, 31, ''0''))::uuid';";

#[tokio::test]
async fn nothing_that_is_asked_of_a_chat_scans_a_table_of_200_000_rows() {
    let server = Postgres::start();
    let url = server.url("postgres");
    let settings = Settings::of(&url, &[]);
    db::init(settings.clone())
        .await
        .expect("an empty database gets its schema");
    server.psql("postgres", &format!("{ID}{SEED}"));
    let scans = || {
        server.ask(
            "postgres",
            "select sum(seq_scan) from pg_stat_user_tables where n_live_tup >= 100000",
        )
    };
    let before = scans();

    let connection = &mut Connection::open(&settings)
        .await
        .expect("the server is there");
    for state in [ChatState::Active, ChatState::Archived, ChatState::All] {
        let page = list(connection, "user 0", state, None, 20)
            .await
            .expect("it can be listed");
        let rows = page
            .rows
            .iter()
            .map(|chat| (chat.create_time.micros(), chat.id));
        let middle = rows.clone().nth(10).expect("a user has 200 chats");
        let next = list(connection, "user 0", state, Some(middle), 9)
            .await
            .expect("it can be listed");
        assert!(
            next.rows
                .iter()
                .map(|chat| (chat.create_time.micros(), chat.id))
                .eq(rows.skip(11)),
            "{state:?}"
        );
    }
    let id = Uuid::parse_str("a0000000-0000-0000-0000-000000000007").expect("it is one");
    let deleted =
        connection.transaction(async |connection| delete(connection, id, "", Time::now()).await);
    let deleted = deleted.await.expect("it is there");
    assert_eq!(
        (deleted.messages, deleted.images, deleted.search_results),
        (1, 1, 1)
    );

    tell_counts(connection).await;
    assert_eq!(scans(), before, "sequential scans");
    let scan = sql_query("select 1 from chats where title = 'absent'");
    scan.execute(connection).await.expect("it may be asked");
    tell_counts(connection).await;
    assert_ne!(scans(), before, "a sequential scan is counted");
}

/// Tells others what this connection has counted: as soon as a transaction has ended, and not up to a minute later.
async fn tell_counts(connection: &mut Connection) {
    for sql in ["select pg_stat_force_next_flush()", "select 1"] {
        sql_query(sql)
            .execute(connection)
            .await
            .expect("it may be asked");
    }
}
