//! The keys that rows name, in byte order, with what their rows say of them.

use contract::metadata::v1::ReferencedKey;
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Bytea, Nullable, Text},
};
use diesel_async::RunQueryDsl as _;

use crate::{blob_ledger::referenced::Range, error::Result, postgres::Connection};

/// Behind every key: no character is greater, and none of this kind is a letter of anything.
const END: &str = "\u{10ffff}";

/// What a row says of the key that it names; what it does not know is NULL.
#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    size_bytes: Option<i64>,
    #[diesel(sql_type = Nullable<Bytea>)]
    sha256: Option<Vec<u8>>,
}

impl From<Named> for ReferencedKey {
    fn from(named: Named) -> Self {
        Self {
            key: named.key,
            size_bytes: named.size_bytes.unwrap_or_default(),
            sha256: named.sha256.map(hex::encode).unwrap_or_default(),
        }
    }
}

/// Reads the first keys of `range`, each with what the first row says that names it. What it reads are rows, so that it is
/// bounded however many name one key; what is left of those is behind the last key and of no account.
pub(crate) async fn page(connection: &mut Connection, range: &Range) -> Result<Vec<ReferencedKey>> {
    let mut rows: Vec<Named> = sql_query(include_str!("referenced.sql"))
        .bind::<Text, _>(&range.prefix)
        .bind::<Text, _>(&range.after)
        .bind::<Text, _>(end(&range.prefix))
        .load(connection)
        .await?;
    rows.dedup_by(|row, first| row.key == first.key);
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The first text behind all that begin with `prefix`, whose letters are those of keys.
fn end(prefix: &str) -> String {
    let mut letters = prefix.chars();
    match letters.next_back().map(u32::from) {
        Some(last) => letters.chain(char::from_u32(last + 1)).collect(),
        None => END.to_owned(),
    }
}
