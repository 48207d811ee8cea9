//! What is there already, and what it keeps from being imported.

use ::tests::Postgres;

use super::{counts, database, exported, filled::Filled, filled::id, imported};

#[tokio::test]
async fn rows_that_are_there_stay_as_they_are_and_what_they_displace_is_told() {
    let server = Postgres::start();
    let sql = database(&server, "there").await;
    let filled = Filled::new().await;
    let (chat, deleted) = (filled.chat, filled.deleted);
    let stranger = id(7_777);
    // The chat is bob's there and has another message at seq 2; another message has the id of seq 3; what the file
    // pends is named by a chat there, and what it names is pending there; a chat that it deleted lives there.
    server.psql(
        "there",
        &format!(
            "insert into chats (id, title, user_id, last_seq) values ('{chat}', 'Bob''s', 'bob', 2);
             insert into chat_messages (id, chat_id, role, content, message_type, seq) values
                 ('{stranger}', '{chat}', 'user', 'mine', 'text', 2), ('{}', '{chat}', 'user', 'other', 'text', 9);
             insert into chats (id, title, user_id, document_path) values ('{deleted}', 'x', 'bob', 'uploads/temp/3_0.png');
             insert into pending_deletes (id, target, is_prefix) values ('{}', 'uploads/temp/0_1.png', false);",
            id(2),
            id(8_888),
        ),
    );
    let file = exported(&filled.store).await;
    let report = imported(&sql, &file).await.expect("it is imported");
    let told = report
        .demand_equal()
        .expect_err("not all came over")
        .to_string();
    for part in [
        "chats: 1 differing, 0 skipped",
        "messages: 1 differing, 1 skipped",
        "images: 0 differing, 1 skipped",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let counts = counts(&report);
    assert_eq!(counts["deleted_chats"], [1, 0, 0, 0, 1], "{report}");
    let pending = counts["pending_deletes"];
    assert_eq!((pending[0] - pending[1], pending[4]), (1, 1), "{report}");

    let ask = |sql: &str| server.ask("there", sql);
    assert_eq!(
        ask(&format!(
            "select title, last_seq from chats where id = '{chat}'"
        )),
        "Bob's|5"
    );
    let seqs = format!(
        "select string_agg(seq || content, ';' order by seq) from chat_messages where chat_id = '{chat}' and id in ('{stranger}', '{}')",
        id(2)
    );
    assert_eq!(ask(&seqs), "2mine;9other");
    let seqs = format!(
        "select string_agg(seq::text, ',' order by seq) from chat_messages where chat_id = '{chat}'"
    );
    assert_eq!(ask(&seqs), "1,2,4,5,9");
}

#[tokio::test]
async fn usage_counts_what_was_inserted_for_who_owns_it_and_nothing_twice() {
    let server = Postgres::start();
    let sql = database(&server, "counted").await;
    let filled = Filled::new().await;
    server.psql(
        "counted",
        &format!(
            "insert into chats (id, title, user_id) values ('{}', 'Bob''s', 'bob');
             insert into usage_days (user_id, day, chats) select user_id, (created_at at time zone 'UTC')::date, 1 from chats;",
            filled.chat
        ),
    );
    let file = exported(&filled.store).await;
    for run in 0..3 {
        let report = imported(&sql, &file).await.expect("it is imported");
        report.demand_equal().expect_err("the chat is bob's there");
        let counted = server.ask("counted", "select user_id, day, chats, messages, images, blob_bytes from usage_days order by 1, 2");
        let anew = server.ask("counted", include_str!("recount.sql"));
        assert!(counted.contains("bob|"), "{counted}");
        assert_eq!(counted, anew, "run {run}");
    }
}

#[tokio::test]
async fn a_chat_that_was_deleted_there_is_not_brought_back() {
    let server = Postgres::start();
    let sql = database(&server, "gone").await;
    let filled = Filled::new().await;
    let chat = filled.chat;
    server.psql(
        "gone",
        &format!("insert into deleted_chats (id) values ('{chat}')"),
    );
    let file = exported(&filled.store).await;
    let report = imported(&sql, &file).await.expect("it is imported");
    let told = report
        .demand_equal()
        .expect_err("one chat is missing")
        .to_string();
    assert!(
        told.contains("chats: 0 differing, 1 skipped (deleted there"),
        "{told}"
    );
    let left = format!(
        "select (select count(*) from chats where id = '{chat}') + (select count(*) from chat_messages where chat_id = '{chat}')"
    );
    assert_eq!(server.ask("gone", &left), "0");
}
