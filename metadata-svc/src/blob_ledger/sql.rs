//! How the ledger is kept in Postgres: the rows themselves tell which keys they name, by an index in byte order; beside them
//! stand the pending deletes. Who names a key and who decides that none does take turns, by a lock on the key's folder that
//! ends with the transaction: else a row could name an object that is about to be removed.

use contract::{id::new_id, metadata::v1::pending_delete::Target, time::Time};
use diesel::{
    ExpressionMethods as _, QueryDsl as _, Queryable, QueryableByName, Selectable,
    SelectableHelper as _,
    pg::data_types::PgTimestamp,
    sql_query,
    sql_types::{Array, Bool, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::PendingDelete;
use crate::{
    error::{Error, Result},
    page::Page,
    postgres::{
        Connection,
        value::{time, timestamp},
    },
    schema::pending_deletes,
};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    target: String,
}

/// Makes sure that rows may name keys, until the transaction ends. A key that is about to be removed is refused: its object
/// would be lost to the row.
pub(crate) async fn demand_free(connection: &mut Connection, keys: &[&str]) -> Result<()> {
    match covered(connection, keys).await?.as_slice() {
        [] => Ok(()),
        [key, ..] => Err(Error::PendingDelete((*key).to_owned())),
    }
}

/// Of keys that rows are to name, gives those that rows may not name: they are about to be removed. That rows may name the
/// others is made sure until the transaction ends.
pub(crate) async fn covered<'k>(
    connection: &mut Connection,
    keys: &[&'k str],
) -> Result<Vec<&'k str>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    lock(connection, include_str!("lock_shared.sql"), keys).await?;
    let prefixes: Vec<_> = keys
        .iter()
        .flat_map(|key| key.match_indices('/').map(|(at, _)| &key[..=at]))
        .collect();
    let found: Vec<Found> = sql_query(include_str!("pending.sql"))
        .bind::<Array<Text>, _>(keys)
        .bind::<Array<Text>, _>(prefixes)
        .load(connection)
        .await?;
    let covered = |key: &&&str| {
        found
            .iter()
            .any(|f| **key == f.target || f.target.ends_with('/') && key.starts_with(&f.target))
    };
    Ok(keys.iter().filter(covered).copied().collect())
}

/// Keeps others from naming keys, and any key under prefixes, until the transaction ends.
pub(crate) async fn lock_to_remove(connection: &mut Connection, targets: &[&str]) -> Result<()> {
    lock(connection, include_str!("lock.sql"), targets).await
}

/// Of keys that rows named until now, gives back those that no row names any more, in byte order.
pub(crate) async fn free(connection: &mut Connection, keys: &[&str]) -> Result<Vec<String>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    lock(connection, include_str!("lock.sql"), keys).await?;
    let query = sql_query(include_str!("free.sql")).bind::<Array<Text>, _>(keys);
    let found: Vec<Found> = query.load(connection).await?;
    Ok(found.into_iter().map(|found| found.target).collect())
}

/// Records what is to be removed of a deleted chat: `prefix`, its own, and those of the `keys` that lie elsewhere and no row
/// names. Where a row of another chat names a key under the prefix, such keys alone.
pub(crate) async fn pend_chat(
    connection: &mut Connection,
    prefix: String,
    keys: &[&str],
    now: Time,
) -> Result<Vec<PendingDelete>> {
    let folder = [prefix.as_str()];
    let mut free = free(connection, &[keys, &folder[..]].concat()).await?;
    free.retain(|key| *key != prefix);
    let named = sql_query(include_str!("named_under.sql")).bind::<Text, _>(&prefix);
    let named: Vec<Found> = named.load(connection).await?;
    let mut targets = Vec::new();
    if named.is_empty() {
        free.retain(|key| !key.starts_with(&prefix));
        targets.push(Target::Prefix(prefix));
    }
    targets.extend(free.into_iter().map(Target::Key));
    pend(connection, targets, now).await
}

/// Records what is to be removed from the store.
pub(crate) async fn pend(
    connection: &mut Connection,
    targets: Vec<Target>,
    now: Time,
) -> Result<Vec<PendingDelete>> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let pending: Vec<_> = targets
        .into_iter()
        .map(|target| PendingDelete {
            id: new_id(),
            target,
            create_time: now,
        })
        .collect();
    let parts = pending.iter().map(|delete| match &delete.target {
        Target::Key(key) => (key.as_str(), false),
        Target::Prefix(prefix) => (prefix.as_str(), true),
    });
    let (targets, are_prefixes): (Vec<_>, Vec<_>) = parts.unzip();
    let ids: Vec<Uuid> = pending.iter().map(|delete| delete.id).collect();
    sql_query(include_str!("pend.sql"))
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Text>, _>(targets)
        .bind::<Array<Bool>, _>(are_prefixes)
        .bind::<Timestamptz, _>(timestamp(now))
        .execute(connection)
        .await?;
    Ok(pending)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = pending_deletes, check_for_backend(diesel::pg::Pg))]
struct PendingRow {
    id: Uuid,
    target: String,
    is_prefix: bool,
    created_at: PgTimestamp,
}

impl From<PendingRow> for PendingDelete {
    fn from(row: PendingRow) -> Self {
        Self {
            id: row.id,
            target: if row.is_prefix {
                Target::Prefix(row.target)
            } else {
                Target::Key(row.target)
            },
            create_time: time(row.created_at),
        }
    }
}

/// Reads a page of what is to be removed.
pub(crate) async fn list(
    connection: &mut Connection,
    after: Option<Uuid>,
    size: usize,
) -> Result<Page<PendingDelete>> {
    let rows = pending_deletes::table
        .select(PendingRow::as_select())
        .filter(pending_deletes::id.gt(after.unwrap_or_default()))
        .order(pending_deletes::id)
        .limit(i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1));
    let rows: Vec<PendingRow> = rows.load(connection).await?;
    Page::fill(rows.into_iter().map(|row| Ok(row.into())), size, |_| 0)
}

/// Strikes out what was removed; tells how much of it was there.
pub(crate) async fn ack(connection: &mut Connection, ids: Vec<Uuid>) -> Result<i64> {
    let struck = sql_query(include_str!("ack.sql")).bind::<Array<SqlUuid>, _>(ids);
    let struck = struck.execute(connection).await?;
    Ok(i64::try_from(struck).unwrap_or(i64::MAX))
}

async fn lock(connection: &mut Connection, sql: &str, keys: &[&str]) -> Result<()> {
    let folders: Vec<_> = keys.iter().map(|key| folder(key)).collect();
    sql_query(sql)
        .bind::<Array<Text>, _>(folders)
        .execute(connection)
        .await?;
    Ok(())
}

/// The first two folders of a key, which for a chat's own keys are the chat's; few locks for many keys.
fn folder(key: &str) -> &str {
    let end = key
        .match_indices('/')
        .nth(1)
        .or_else(|| key.match_indices('/').next());
    end.map_or("", |(at, _)| &key[..=at])
}

#[cfg(test)]
mod tests;
