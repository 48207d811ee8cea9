//! How images are kept in Postgres.

use contract::time::Time;
use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Bytea, Integer, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;

use super::Image;
use crate::{
    error::Result,
    message::sql::append::demand_all,
    postgres::{Connection, value::timestamp},
};

/// Adds images to messages that are there, or are sent before it.
pub(crate) async fn insert(connection: &Connection, images: &[&Image], now: Time) -> Result<()> {
    if images.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = images.iter().map(|i| i.given.id).collect();
    let text = |of: fn(&Image) -> &str| images.iter().map(|i| of(i)).collect::<Vec<_>>();
    let inserted = sql_query(include_str!("insert.sql"))
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<SqlUuid>, _>(images.iter().map(|i| i.chat_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(images.iter().map(|i| i.message_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(text(|i| &i.given.image_name))
        .bind::<Array<Text>, _>(text(|i| &i.given.blob.key))
        .bind::<Array<Text>, _>(text(|i| &i.given.image_type))
        .bind::<Array<Text>, _>(text(|i| &i.given.description))
        .bind::<Array<Integer>, _>(images.iter().map(|i| i.given.width).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(images.iter().map(|i| i.given.height).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(
            images
                .iter()
                .map(|i| i.given.blob.size_bytes)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(text(|i| &i.given.blob.sha256))
        .bind::<Array<Text>, _>(text(|i| &i.given.blob.content_type))
        .bind::<Array<Bytea>, _>(
            images
                .iter()
                .map(|i| i.given.blob.receipt.to_vec())
                .collect::<Vec<_>>(),
        )
        .bind::<Timestamptz, _>(timestamp(now))
        .load(&mut &*connection)
        .await;
    demand_all("image", &ids, inserted)
}
