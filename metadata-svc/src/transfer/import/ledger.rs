//! On its way in what is known beside the rows: answers to request ids, pending deletes, and the ids of deleted chats.

use std::collections::HashSet;

use contract::metadata::v1::pending_delete::Target;
use diesel::{
    ExpressionMethods as _, QueryDsl as _,
    pg::data_types::PgTimestamp,
    sql_query,
    sql_types::{Array, Bool, Bytea, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use uuid::Uuid;

use super::{Row, column, ids};
use crate::{
    blob_ledger::{self, PendingDelete, Tombstone},
    error::Result,
    postgres::{
        Connection,
        value::{time, timestamp},
    },
    request_id::Kept,
    schema::{deleted_chats, pending_deletes, request_ids},
};

pub(super) async fn insert_request_ids(
    connection: &mut Connection,
    rows: &[&Row],
) -> Result<HashSet<Uuid>> {
    let kept = rows.iter().filter_map(|row| {
        if let Row::RequestId(kept) = row {
            Some(kept)
        } else {
            None
        }
    });
    let kept: Vec<_> = kept.collect();
    let inserted = sql_query(include_str!("request_ids.sql"))
        .bind::<Array<SqlUuid>, _>(column(&kept, |k| k.id))
        .bind::<Array<Bytea>, _>(column(&kept, |k| k.digest.as_slice()))
        .bind::<Array<Bytea>, _>(column(&kept, |k| k.answer.as_slice()))
        .bind::<Array<Timestamptz>, _>(column(&kept, |k| timestamp(k.create_time)))
        .load(connection)
        .await?;
    Ok(ids(inserted))
}

pub(super) async fn find_request_ids(
    connection: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<Row>> {
    let found = request_ids::table
        .select((
            request_ids::request_id,
            request_ids::digest,
            request_ids::answer,
            request_ids::created_at,
        ))
        .filter(request_ids::request_id.eq_any(ids));
    let found: Vec<(Uuid, Vec<u8>, Vec<u8>, PgTimestamp)> = found.load(connection).await?;
    let rows = found.into_iter().map(|(id, digest, answer, created_at)| {
        Row::RequestId(Kept {
            id,
            digest,
            answer,
            create_time: time(created_at),
        })
    });
    Ok(rows.collect())
}

/// What a row there names stays out.
pub(super) async fn insert_pending_deletes(
    connection: &mut Connection,
    rows: &[&Row],
) -> Result<HashSet<Uuid>> {
    let pending = rows.iter().filter_map(|row| {
        if let Row::PendingDelete(pending) = row {
            Some(pending)
        } else {
            None
        }
    });
    let pending: Vec<_> = pending.collect();
    let targets = column(&pending, |p| match &p.delete.target {
        Target::Key(text) | Target::Prefix(text) => text.as_str(),
    });
    blob_ledger::sql::lock_to_remove(connection, &targets).await?;
    let inserted = sql_query(include_str!("pending_deletes.sql"))
        .bind::<Array<SqlUuid>, _>(column(&pending, |p| p.delete.id))
        .bind::<Array<Text>, _>(targets)
        .bind::<Array<Bool>, _>(column(&pending, |p| {
            matches!(p.delete.target, Target::Prefix(_))
        }))
        .bind::<Array<Timestamptz>, _>(column(&pending, |p| timestamp(p.delete.create_time)))
        .bind::<Array<Bool>, _>(column(&pending, |p| p.is_removed))
        .load(connection)
        .await?;
    Ok(ids(inserted))
}

pub(super) async fn find_pending_deletes(
    connection: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<Row>> {
    let found = pending_deletes::table
        .select((
            pending_deletes::id,
            pending_deletes::target,
            pending_deletes::is_prefix,
            pending_deletes::created_at,
            pending_deletes::removed_at.is_not_null(),
        ))
        .filter(pending_deletes::id.eq_any(ids));
    let found: Vec<(Uuid, String, bool, PgTimestamp, bool)> = found.load(connection).await?;
    let rows = found
        .into_iter()
        .map(|(id, target, is_prefix, created_at, is_removed)| {
            let delete = PendingDelete::of(id, (is_prefix, target), time(created_at));
            Row::PendingDelete(Tombstone { delete, is_removed })
        });
    Ok(rows.collect())
}

/// The id of a chat that is there stays out: that chat could not be deleted.
pub(super) async fn insert_deleted_chats(
    connection: &mut Connection,
    rows: &[&Row],
) -> Result<HashSet<Uuid>> {
    // Until this ends nobody creates a chat, which would not see these ids yet.
    connection
        .batch_execute("lock table chats in share row exclusive mode")
        .await?;
    let inserted = sql_query(include_str!("deleted_chats.sql"))
        .bind::<Array<SqlUuid>, _>(column(rows, Row::id))
        .load(connection)
        .await?;
    Ok(ids(inserted))
}

pub(super) async fn find_deleted_chats(
    connection: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<Row>> {
    let found = deleted_chats::table
        .select(deleted_chats::id)
        .filter(deleted_chats::id.eq_any(ids));
    let found: Vec<Uuid> = found.load(connection).await?;
    Ok(found.into_iter().map(Row::DeletedChat).collect())
}
