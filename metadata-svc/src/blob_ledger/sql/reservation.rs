//! The reservations: a row per key, until some time after it has ended.

use contract::time::Time;
use diesel::{
    QueryableByName,
    pg::data_types::PgTimestamp,
    sql_query,
    sql_types::{Array, Text, Timestamptz},
};
use diesel_async::RunQueryDsl as _;

use super::demand_free;
use crate::{
    error::Result,
    postgres::{
        Connection,
        value::{time, timestamp},
    },
};

#[derive(QueryableByName)]
struct Reserved {
    #[diesel(sql_type = Timestamptz)]
    expires_at: PgTimestamp,
}

/// Reserves keys until `ends`, or until later where they are so already; tells until when all of them are.
pub(crate) async fn reserve(
    connection: &mut Connection,
    keys: &[String],
    now: Time,
    ends: Time,
) -> Result<Time> {
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    demand_free(connection, &keys).await?;
    hold(connection, &keys, now, ends).await
}

/// Like [`reserve`], of keys that are known not to be used up, until the transaction ends.
pub(super) async fn hold(
    connection: &mut Connection,
    keys: &[&str],
    now: Time,
    ends: Time,
) -> Result<Time> {
    let reserved: Vec<Reserved> = sql_query(include_str!("reserve.sql"))
        .bind::<Array<Text>, _>(keys)
        .bind::<Timestamptz, _>(timestamp(ends))
        .load(connection)
        .await?;
    // Last, since it waits for nobody: so no two who reserve wait for each other.
    sql_query(include_str!("forget_reserved.sql"))
        .bind::<Timestamptz, _>(timestamp(now))
        .execute(connection)
        .await?;
    let first = reserved.into_iter().map(|row| time(row.expires_at)).min();
    Ok(first.unwrap_or(ends))
}
