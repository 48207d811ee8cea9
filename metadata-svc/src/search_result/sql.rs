//! How search results are kept in Postgres.

use contract::time::Time;
use diesel::{
    sql_query,
    sql_types::{Array, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use prost_types::Value;

use super::SearchResult;
use crate::{
    error::Result,
    message::sql::append::demand_all,
    postgres::{
        Connection,
        value::{jsonb, timestamp},
    },
};

/// Adds search results to messages that are there, or are sent before it.
pub(crate) async fn insert(
    connection: &Connection,
    results: &[&SearchResult],
    now: Time,
) -> Result<()> {
    if results.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = results.iter().map(|r| r.given.id).collect();
    let text = |of: fn(&SearchResult) -> &str| results.iter().map(|r| of(r)).collect::<Vec<_>>();
    let json = |of: fn(&SearchResult) -> &Option<Value>| {
        results
            .iter()
            .map(|r| of(r).clone().map(jsonb))
            .collect::<Vec<_>>()
    };
    let inserted = sql_query(include_str!("insert.sql"))
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<SqlUuid>, _>(results.iter().map(|r| r.chat_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(results.iter().map(|r| r.message_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(text(|r| &r.given.block_id))
        .bind::<Array<Integer>, _>(
            results
                .iter()
                .map(|r| r.given.page_number)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(text(|r| &r.given.block_text))
        .bind::<Array<Nullable<Jsonb>>, _>(json(|r| &r.given.coords_norm))
        .bind::<Array<Nullable<Jsonb>>, _>(json(|r| &r.given.coords_px))
        .bind::<Timestamptz, _>(timestamp(now))
        .load(&mut &*connection)
        .await;
    demand_all("search_result", &ids, inserted)
}
