//! Claims about the move, from a real embedded store into a real Postgres.

mod filled;
mod in_the_way;

use std::collections::BTreeMap;

use ::tests::Postgres;
use contract::metadata::v1::{ChatState, MessageOrder};
use futures::FutureExt as _;

use self::filled::{Filled, REMOVED, USER};
use super::{
    bar::Bar,
    export,
    import::{Report, import},
};
use crate::{
    blob_ledger::{
        self,
        sql::{demand_free, pending},
    },
    chat, db,
    error::Error,
    message,
    postgres::Settings,
    store::kv::Kv,
    txn::Sql,
    usage,
};

/// An empty database of our schema, as `metadata-svc db init` makes it.
async fn database(server: &Postgres, name: &str) -> Sql {
    let settings = Settings::of(&server.database(name), &[]);
    db::init(settings.clone())
        .await
        .expect("an empty database gets its schema");
    Sql::reached(settings).await.expect("it is current")
}

/// What `export` writes.
async fn exported(store: &Kv) -> String {
    let file = store.read(|txn| {
        let mut file = Vec::new();
        let sums = export::write(txn, &mut file);
        Ok((file, sums.map(|_| ())))
    });
    let (file, written) = file.await.expect("the store can be read");
    written.expect("memory can be written");
    String::from_utf8(file).expect("JSON is UTF-8")
}

async fn imported(sql: &Sql, file: &str) -> anyhow::Result<Report> {
    let input = std::io::Cursor::new(file.to_owned());
    import(sql, input, Bar::new(None)).await
}

/// By table: rows, inserted, already there, differing, skipped.
fn counts(report: &Report) -> BTreeMap<String, [u64; 5]> {
    let report = report.to_string();
    let lines = report.lines().skip(1).map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a line begins with a table").to_owned();
        let mut count = || words.next().and_then(|word| word.parse().ok());
        let counts = [(); 5].map(|()| count().expect("five counts follow"));
        (name, counts)
    });
    lines.collect()
}

#[tokio::test]
async fn all_rows_come_over_as_they_are_and_a_second_time_nothing_changes() {
    let server = Postgres::start();
    let sql = database(&server, "moved").await;
    let filled = Filled::new().await;
    let file = exported(&filled.store).await;
    let report = imported(&sql, &file).await.expect("it is imported");
    report.demand_equal().expect("both sides have the same");
    let first = counts(&report);
    for (table, [rows, inserted, ..]) in &first {
        assert!(*rows > 0 && rows == inserted, "{table}: {report}");
    }
    same_answers(&filled, &sql).await;
    let used_up = sql.write(|connection, _| demand_free(connection, &[REMOVED]).boxed());
    let used_up = used_up.await.expect_err("it stays used up");
    assert!(matches!(used_up, Error::KeyUsedUp(key) if key == REMOVED));
    let pending = sql.read(|connection| pending::list(connection, None, 100).boxed());
    let kv = filled
        .store
        .read(|txn| blob_ledger::kv::pending::list(txn, None, 100));
    assert_eq!(
        pending.await.expect("Postgres answers").rows,
        kv.await.expect("the store answers").rows
    );
    let dump = || server.dump("moved");
    let before = dump();

    let again = imported(&sql, &file).await.expect("it is imported again");
    again.demand_equal().expect("both sides have the same");
    for (table, [rows, inserted, there, ..]) in counts(&again) {
        assert_eq!((inserted, there), (0, rows), "{table}");
    }
    assert_eq!(dump(), before);
}

/// Compares what both storages answer of all chats that there are.
async fn same_answers(filled: &Filled, sql: &Sql) {
    let store = &filled.store;
    for user in [USER, "another"] {
        let all = ChatState::All;
        let kv = store.read(move |txn| chat::kv::list(txn, user, all, None, 100));
        let kv = kv.await.expect("the store answers").rows;
        let chats = sql.read(|c| chat::sql::list(c, user, all, None, 100).boxed());
        assert_eq!(chats.await.expect("Postgres answers").rows, kv);
        for chat in kv {
            let order = MessageOrder::OldestFirst;
            let kv = store.read(move |txn| message::kv::list(txn, chat.id, order, None, 100));
            let messages = sql.read(|c| message::sql::list(c, chat.id, order, None, 100).boxed());
            assert_eq!(
                format!("{:?}", messages.await.expect("Postgres answers").rows),
                format!("{:?}", kv.await.expect("the store answers").rows)
            );
        }
        let kv = store.read(move |txn| usage::kv::days(txn, user, None, None));
        let days = sql.read(|c| usage::sql::days(c, user, None, None).boxed());
        assert_eq!(
            days.await.expect("Postgres answers"),
            kv.await.expect("the store answers")
        );
    }
}

#[tokio::test]
async fn attachments_keep_their_order_and_messages_wait_to_be_indexed() {
    let server = Postgres::start();
    let sql = database(&server, "ordered").await;
    let filled = Filled::new().await;
    let file = exported(&filled.store).await;
    let report = imported(&sql, &file).await.expect("it is imported");
    report.demand_equal().expect("both sides have the same");
    for table in ["chat_images", "search_results"] {
        let order =
            format!("select string_agg(id::text, ',' order by chat_id, number) from {table}");
        let noun = if table == "chat_images" {
            "{\"image\""
        } else {
            "{\"search_result\""
        };
        let ids = file
            .lines()
            .filter(|line| line.starts_with(noun))
            .map(|line| {
                let (_, rest) = line.split_once("\"id\":\"").expect("a row has an id");
                &rest[..36]
            });
        let ids: Vec<_> = ids.collect();
        assert!(!ids.is_sorted(), "their order is not that of the ids");
        assert_eq!(server.ask("ordered", &order), ids.join(","));
    }
    let waiting = "select count(*) = (select count(*) from chat_messages) from unindexed_messages";
    assert_eq!(server.ask("ordered", waiting), "t");
}

#[tokio::test]
async fn a_damaged_file_is_refused_by_its_line_and_finished_by_a_whole_one() {
    let server = Postgres::start();
    let sql = database(&server, "damaged").await;
    let filled = Filled::new().await;
    let file = exported(&filled.store).await;
    let lines: Vec<_> = file.lines().collect();
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    let count = lines.len();
    let text = |lines: &[&str]| lines.join("\n");
    let half = &file[..file.len() / 2];
    let cut_at = half.lines().count();
    let damaged = [
        (
            text(&lines[..count - 1]),
            format!("ends with line {}", count - 1),
        ),
        (half.to_owned(), format!("line {cut_at}: is not JSON")),
        (String::new(), "this is no export".to_owned()),
        (text(&lines[1..]), "this is no export".to_owned()),
        ("PK\u{3}\u{4}".to_owned(), "line 1: is not JSON".to_owned()),
        (
            first.replace("\"format\":1", "\"format\":9"),
            "line 1: chatstore_export.format must be 1".to_owned(),
        ),
        (
            file.replacen("Насос", "насос", 1),
            format!("line {count}: it says that there are"),
        ),
        (
            text(&[&lines[..3], &lines[4..]].concat()),
            format!("line {}: it says", count - 1),
        ),
        (
            format!("{file}{last}"),
            format!("line {}: nothing may", count + 1),
        ),
        (
            text(&[first, lines[count - 2], lines[1], last]),
            "line 3: chats must not come behind deleted_chats".to_owned(),
        ),
        (
            text(&[first, lines[1], first, last]),
            "line 3: another export begins here".to_owned(),
        ),
    ];
    for (file, part) in damaged {
        let error = imported(&sql, &file).await.err().expect("it is refused");
        let told = format!("{error:#}");
        assert!(told.contains(&part), "{part}: {told}");
    }
    let report = imported(&sql, &file).await.expect("it is imported");
    report
        .demand_equal()
        .expect("no damaged file left a wrong row");
}
