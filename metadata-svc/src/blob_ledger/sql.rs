//! How the ledger is kept in Postgres: the rows themselves tell which keys they name, by an index in byte order; beside them
//! stand the pending deletes and the reservations. Who names a key and who decides that none does take turns, by a lock on the
//! key's folder that ends with the transaction: else a row could name an object that is about to be removed.

pub(crate) mod pending;
pub(crate) mod referenced;
pub(crate) mod reservation;

use std::collections::HashSet;

use contract::{key, metadata::v1::pending_delete::Target, protection::Protection, time::Time};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, Text, Timestamptz},
};
use diesel_async::RunQueryDsl as _;

use self::pending::{pend, pend_again};
use super::{PendingDelete, RESERVED_FOR};
use crate::{
    error::{Error, Result},
    postgres::{Connection, value::timestamp},
};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    target: String,
}

/// Makes sure that rows may name keys, until the transaction ends. A key that is used up is refused: its object would be lost
/// to the row.
pub(crate) async fn demand_free(connection: &mut Connection, keys: &[&str]) -> Result<()> {
    match used_up(connection, keys).await?.as_slice() {
        [] => Ok(()),
        [key, ..] => Err(Error::KeyUsedUp((*key).to_owned())),
    }
}

/// Of keys that rows are to name, gives those that rows may not name: they are used up. That rows may name the others is made
/// sure until the transaction ends.
pub(crate) async fn used_up<'k>(
    connection: &mut Connection,
    keys: &[&'k str],
) -> Result<Vec<&'k str>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    lock(connection, include_str!("lock_shared.sql"), keys).await?;
    let folders: Vec<_> = keys.iter().map(|key| folder(key)).collect();
    let found: Vec<Found> = sql_query(include_str!("used_up.sql"))
        .bind::<Array<Text>, _>(keys)
        .bind::<Array<Text>, _>(folders)
        .load(connection)
        .await?;
    let found: HashSet<_> = found.iter().map(|found| found.target.as_str()).collect();
    Ok(keys
        .iter()
        .filter(|key| found.contains(*key))
        .copied()
        .collect())
}

/// Makes sure that a row that names `old` may name `new` instead, until the transaction ends. Links to `old` may have been
/// handed out just now, so it is reserved, and readers have time to come to their end.
pub(crate) async fn demand_free_instead(
    connection: &mut Connection,
    old: Option<&str>,
    new: Option<&str>,
    now: Time,
) -> Result<()> {
    let old = old.filter(|old| Some(*old) != new && key::judge(old).is_ok());
    // Both at once: locks that are taken one behind the other may be taken in a circle.
    let keys: Vec<_> = old.into_iter().chain(new).collect();
    let used_up = used_up(connection, &keys).await?;
    if let Some(new) = new.filter(|new| used_up.contains(new)) {
        return Err(Error::KeyUsedUp(new.to_owned()));
    }
    if let Some(old) = old.filter(|old| !used_up.contains(old)) {
        reservation::hold(connection, &[old], now, now + RESERVED_FOR).await?;
    }
    Ok(())
}

/// Keeps others from naming keys, and any key under prefixes, until the transaction ends.
pub(crate) async fn lock_to_remove(connection: &mut Connection, targets: &[&str]) -> Result<()> {
    lock(connection, include_str!("lock.sql"), targets).await
}

/// Of what rows named until now, gives back the keys that no row names any more, in byte order.
pub(crate) async fn free(connection: &mut Connection, names: &[&str]) -> Result<Vec<String>> {
    let keys = keys_among(names);
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    lock_to_remove(connection, &keys).await?;
    unnamed(connection, &keys).await
}

/// What is a key: adopted rows name what they like, and the store is not asked for what is none.
fn keys_among<'n>(names: &[&'n str]) -> Vec<&'n str> {
    let names = names.iter().copied();
    names.filter(|name| key::judge(name).is_ok()).collect()
}

/// Those of the keys that no row names, in byte order.
async fn unnamed(connection: &mut Connection, keys: &[&str]) -> Result<Vec<String>> {
    let query = sql_query(include_str!("free.sql")).bind::<Array<Text>, _>(keys);
    let found: Vec<Found> = query.load(connection).await?;
    Ok(found.into_iter().map(|found| found.target).collect())
}

/// Records what is to be removed of a deleted chat: `prefix`, its own, and the keys among `names` that lie elsewhere and no
/// row names. Where a row of another chat names a key under the prefix, such keys alone.
pub(crate) async fn pend_chat(
    connection: &mut Connection,
    prefix: String,
    names: &[&str],
    now: Time,
) -> Result<Vec<PendingDelete>> {
    let keys = keys_among(names);
    let both = [keys.as_slice(), &[prefix.as_str()]].concat();
    lock_to_remove(connection, &both).await?;
    let mut free = unnamed(connection, &keys).await?;
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

/// Of keys, those that no row names and, unless they are used up, no reservation holds.
pub(crate) async fn unreferenced(
    connection: &mut Connection,
    keys: &[String],
    now: Time,
) -> Result<Vec<String>> {
    let found: Vec<Found> = sql_query(include_str!("unreferenced.sql"))
        .bind::<Array<Text>, _>(keys)
        .bind::<Timestamptz, _>(timestamp(now))
        .load(connection)
        .await?;
    Ok(found.into_iter().map(|found| found.target).collect())
}

/// Records those of the keys for removal that no row names and no reservation holds.
pub(crate) async fn pend_unreferenced(
    connection: &mut Connection,
    mut keys: Vec<String>,
    now: Time,
) -> Result<Vec<PendingDelete>> {
    lock_to_remove(
        connection,
        &keys.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await?;
    if Protection::SecondLook.is_on() {
        keys = unreferenced(connection, &keys, now).await?;
    }
    let targets = keys.into_iter().map(Target::Key).collect();
    pend_again(connection, targets, now).await
}

async fn lock(connection: &mut Connection, sql: &str, keys: &[&str]) -> Result<()> {
    let folders: HashSet<_> = keys.iter().map(|key| folder(key)).collect();
    sql_query(sql)
        .bind::<Array<Text>, _>(folders.into_iter().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// The first two folders of a key, which for a chat's own keys are the chat's: few locks for many keys, and all that a prefix
/// on record can be, since those are of chats alone.
fn folder(key: &str) -> &str {
    let end = key
        .match_indices('/')
        .nth(1)
        .or_else(|| key.match_indices('/').next());
    end.map_or("", |(at, _)| &key[..=at])
}

#[cfg(test)]
mod tests;
