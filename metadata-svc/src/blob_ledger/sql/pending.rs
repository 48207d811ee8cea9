//! The pending deletes: a row per target, marked when it is struck out, and there for ever.

use std::collections::HashMap;

use contract::{
    id::Uuid, metadata::v1::pending_delete::Target, protection::Protection, time::Time,
};
use diesel::{
    ExpressionMethods as _, QueryDsl as _, Queryable, QueryableByName, Selectable,
    SelectableHelper as _,
    dsl::sql,
    pg::data_types::PgTimestamp,
    sql_query,
    sql_types::{Array, Bool, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;

use crate::{
    blob_ledger::{PendingDelete, parts},
    error::Result,
    page::Page,
    postgres::{
        Connection,
        value::{time, timestamp},
    },
    schema::pending_deletes,
};

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = pending_deletes, check_for_backend(diesel::pg::Pg))]
struct PendingRow {
    id: Uuid,
    target: String,
    is_prefix: bool,
    created_at: PgTimestamp,
}

impl From<PendingRow> for PendingDelete {
    fn from(row: PendingRow) -> Self {
        Self::of(row.id, (row.is_prefix, row.target), time(row.created_at))
    }
}

/// Records what is to be removed from the store, no target twice: what rows named until now, so that none of it is recorded.
/// Whoever asks holds the ledger's lock to remove.
pub(crate) async fn pend(
    connection: &mut Connection,
    targets: Vec<Target>,
    now: Time,
) -> Result<Vec<PendingDelete>> {
    let deletes = fresh(targets, now);
    if Protection::Tombstone.is_on() {
        put(connection, &deletes, now).await?;
    }
    Ok(deletes)
}

/// Like [`pend`], of what may be recorded: what is not yet removed keeps its record.
pub(crate) async fn pend_again(
    connection: &mut Connection,
    targets: Vec<Target>,
    now: Time,
) -> Result<Vec<PendingDelete>> {
    let mut deletes = fresh(targets, now);
    if Protection::Tombstone.is_on() {
        let mut kept = still_pending(connection, &deletes).await?;
        let mut added = Vec::new();
        for delete in &mut deletes {
            let (is_prefix, target) = parts(&delete.target);
            match kept.remove(&(is_prefix, target.to_owned())) {
                Some(kept) => *delete = kept,
                None => added.push(delete.clone()),
            }
        }
        put(connection, &added, now).await?;
    }
    Ok(deletes)
}

fn fresh(targets: Vec<Target>, now: Time) -> Vec<PendingDelete> {
    let deletes = targets.into_iter();
    deletes
        .map(|target| PendingDelete::new(target, now))
        .collect()
}

/// Those of the targets that are recorded and not yet removed, which stay so until the transaction ends.
async fn still_pending(
    connection: &mut Connection,
    deletes: &[PendingDelete],
) -> Result<HashMap<(bool, String), PendingDelete>> {
    let (are_prefixes, targets) = columns(deletes);
    let rows: Vec<PendingRow> = sql_query(include_str!("still_pending.sql"))
        .bind::<Array<Text>, _>(targets)
        .bind::<Array<Bool>, _>(are_prefixes)
        .load(connection)
        .await?;
    let rows = rows
        .into_iter()
        .map(|row| ((row.is_prefix, row.target.clone()), row.into()));
    Ok(rows.collect())
}

/// Puts records, in place of those of targets that were removed.
async fn put(connection: &mut Connection, deletes: &[PendingDelete], now: Time) -> Result<()> {
    if deletes.is_empty() {
        return Ok(());
    }
    let (are_prefixes, targets) = columns(deletes);
    let ids: Vec<_> = deletes.iter().map(|delete| delete.id).collect();
    sql_query(include_str!("pend.sql"))
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Text>, _>(targets)
        .bind::<Array<Bool>, _>(are_prefixes)
        .bind::<Timestamptz, _>(timestamp(now))
        .execute(connection)
        .await?;
    Ok(())
}

fn columns(deletes: &[PendingDelete]) -> (Vec<bool>, Vec<&str>) {
    deletes.iter().map(|delete| parts(&delete.target)).unzip()
}

/// Reads a page of what is to be removed, behind (micros, id).
pub(crate) async fn list(
    connection: &mut Connection,
    after: Option<(i64, Uuid)>,
    size: usize,
) -> Result<Page<PendingDelete>> {
    let (micros, id) = after.unwrap_or((i64::MIN, Uuid::nil()));
    let behind = sql::<Bool>("(created_at, id) > (")
        .bind::<Timestamptz, _>(timestamp(Time::from_micros(micros)))
        .sql(", ")
        .bind::<SqlUuid, _>(id)
        .sql(")");
    let rows = pending_deletes::table
        .select(PendingRow::as_select())
        .filter(pending_deletes::removed_at.is_null())
        .filter(behind)
        .order((pending_deletes::created_at, pending_deletes::id))
        .limit(i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1));
    let rows: Vec<PendingRow> = rows.load(connection).await?;
    Page::fill(rows.into_iter().map(|row| Ok(row.into())), size, |_| 0)
}

/// Strikes out what was removed; tells how much of it was there.
pub(crate) async fn ack(connection: &mut Connection, ids: Vec<Uuid>, now: Time) -> Result<i64> {
    let struck = sql_query(include_str!("ack.sql"))
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Timestamptz, _>(timestamp(now));
    let struck = struck.execute(connection).await?;
    Ok(i64::try_from(struck).unwrap_or(i64::MAX))
}
