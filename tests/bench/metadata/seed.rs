//! What is there before anything is measured; `seed.sql` tells what it is like.

use tests::Postgres;

use super::stage::DATABASE;

/// Kinds of chats, and of the messages in them.
pub(crate) const ARCHIVE: u32 = 1;
/// A chat of 10,000 messages, of the user `long`.
pub(crate) const LONG: u32 = 2;
/// A chat of 1,000 messages, 500 images and 500 search results.
pub(crate) const HISTORY: u32 = 3;
/// Chats that the service appends to. pgbench appends to chats of kinds 5 and 6.
pub(crate) const APPENDED: u32 = 4;

/// The user whose chats are a tenth of the archive.
pub(crate) const ARCHIVE_USER: &str = "archive";
/// The user of the long chat.
pub(crate) const LONG_USER: &str = "long";

/// The id of a chat, or of a message, by its kind and number: `bench.id` of `seed.sql`.
pub(crate) fn id(kind: u32, number: u64) -> String {
    format!("{kind:08x}-0000-7000-8000-{number:012x}")
}

/// Fills the database with `messages` messages. The index of words is made when they are there, in a tenth of the time.
pub(crate) fn seed(server: &Postgres, messages: u64) {
    let of_words = |what| {
        let sql = format!("select {what} from pg_indexes where indexdef like '% USING gin %'");
        server.ask(DATABASE, &sql)
    };
    let make = of_words("string_agg(indexdef, ';')");
    let drop = of_words("string_agg('drop index ' || indexname, ';')");
    let seed = include_str!("seed.sql").replace(":messages", &messages.to_string());
    for sql in [
        &drop,
        &seed,
        &format!("set maintenance_work_mem = '1GB'; {make}"),
        "truncate unindexed_messages",
        "vacuum (analyze)",
        "checkpoint",
    ] {
        server.psql(DATABASE, sql);
    }
}
