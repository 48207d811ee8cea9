//! A database of an existing deployment, taken over.

use tests::Postgres;

use crate::db;

/// Every row of the four tables, whole, by table and id.
fn rows(server: &Postgres, database: &str) -> String {
    let of = |table: &str| format!("select '{table}' as place, to_jsonb(r) as row from {table} r");
    let all = ["chats", "chat_messages", "chat_images", "search_results"]
        .map(of)
        .join(" union all ");
    server.ask(
        database,
        &format!("select * from ({all}) rows order by place, row ->> 'id'"),
    )
}

#[test]
fn a_database_of_an_existing_deployment_is_taken_over_and_given_back_whole() {
    let server = Postgres::start();
    let fresh = server.database("fresh");
    let adopted = server.database("adopted");
    server.psql("adopted", include_str!("existing.sql"));
    let before = rows(&server, "adopted");

    db(&fresh, &["init"]);
    db(&adopted, &["init"]);
    assert_eq!(
        server.schema("adopted"),
        server.schema("fresh"),
        "both kinds have one schema"
    );

    let ask = |sql: &str| server.ask("adopted", sql);
    assert_eq!(
        ask(
            "select string_agg(content, ',' order by seq) from chat_messages where chat_id::text like '1%'"
        ),
        "first,second,third,fourth"
    );
    assert_eq!(ask("select last_seq from chats order by id"), "4\n0\n1");
    assert_eq!(
        ask("select extract(epoch from created_at)::bigint from chats where id::text like '1%'"),
        "1766053845"
    );
    assert_eq!(
        ask("select file_size from chat_images where image_name = 'large'"),
        "2147483647"
    );
    assert_eq!(
        ask("select chat_id::text like '1%' from chat_images where image_name = 'of another chat'"),
        "t"
    );
    assert_eq!(
        ask(
            "select table_name, count(*) from adopted_rows where reason = 'no_chat' group by 1 order by 1"
        ),
        "chat_images|1\nchat_messages|1\nsearch_results|1"
    );
    assert_eq!(
        ask("select count(*) from unindexed_messages"),
        ask("select count(*) from chat_messages")
    );
    assert_eq!(
        ask("select messages, images, blob_bytes from usage_days where user_id = 'ann'"),
        "4|4|2147483647"
    );

    db(&adopted, &["downgrade", "base"]);
    assert_eq!(rows(&server, "adopted"), before, "every row is as it was");
    db(&adopted, &["upgrade"]);
    assert_eq!(server.schema("adopted"), server.schema("fresh"));
}
