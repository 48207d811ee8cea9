//! How several chats come at once, as far as they are absent; what they mean for the ledger and for usage is for the caller
//! to see to.

use std::collections::HashSet;

use contract::{id::Uuid, time::Time};
use diesel::{
    ExpressionMethods as _, QueryDsl as _, QueryableByName, sql_query,
    sql_types::{Array, BigInt, Bytea, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;

use super::row::ChatRow;
use crate::{
    chat::NewChat,
    error::Result,
    postgres::{Connection, value::timestamp},
    schema::deleted_chats,
};

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Creates those chats that are absent, in the order of their ids, and tells which. The id of one may be that of a deleted
/// chat: ask [`deleted`] of them.
pub(crate) async fn insert_absent(
    connection: &mut Connection,
    mut chats: Vec<NewChat>,
    now: Time,
) -> Result<HashSet<Uuid>> {
    if chats.is_empty() {
        return Ok(HashSet::new());
    }
    chats.sort_by_key(|chat| chat.id);
    let rows = chats.into_iter().map(|chat| chat.create(now).into());
    let rows: Vec<ChatRow> = rows.collect();
    let text = |of: fn(&ChatRow) -> Option<&str>| rows.iter().map(of).collect::<Vec<_>>();
    let inserted: Vec<Inserted> = sql_query(include_str!("insert.sql"))
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(timestamp(now))
        .bind::<Array<Nullable<Text>>, _>(text(|row| Some(&row.title)))
        .bind::<Array<Nullable<Text>>, _>(text(|row| row.description.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(text(|row| Some(&row.user_id)))
        .bind::<Array<Nullable<Text>>, _>(text(|row| row.document_path.as_deref()))
        .bind::<Array<Nullable<Jsonb>>, _>(rows.iter().map(|row| &row.metadata).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(
            rows.iter()
                .map(|row| row.document_size_bytes)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Bytea>>, _>(
            rows.iter()
                .map(|row| &row.document_sha256)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Text>>, _>(text(|row| row.document_content_type.as_deref()))
        .bind::<Array<Nullable<Bytea>>, _>(
            rows.iter()
                .map(|row| &row.document_receipt)
                .collect::<Vec<_>>(),
        )
        .load(connection)
        .await?;
    Ok(inserted.into_iter().map(|chat| chat.id).collect())
}

/// Which of these ids were those of chats that are deleted. Asked after the insertion: a deletion at the same time has ended
/// by then.
pub(crate) async fn deleted(
    connection: &mut Connection,
    ids: &HashSet<Uuid>,
) -> Result<HashSet<Uuid>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<_> = ids.iter().copied().collect();
    let found: Vec<Uuid> = deleted_chats::table
        .select(deleted_chats::id)
        .filter(deleted_chats::id.eq_any(ids))
        .load(connection)
        .await?;
    Ok(found.into_iter().collect())
}
