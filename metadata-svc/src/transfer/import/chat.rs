//! Chats on their way in. One that was deleted there stays deleted; one whose document's key is used up stays out.

use std::collections::HashSet;

use diesel::{
    ExpressionMethods as _, QueryDsl as _, sql_query,
    sql_types::{Array, BigInt, Bool, Bytea, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::{Inserted, Row, Tallies, column, count, ids};
use crate::{
    blob_ledger,
    chat::{self, Chat},
    error::Result,
    postgres::{
        Connection,
        value::{json_object, timestamp},
    },
    schema::{chats, deleted_chats},
    usage::Usage,
};

pub(super) async fn insert(connection: &mut Connection, rows: &[&Row]) -> Result<HashSet<Uuid>> {
    let chats = rows.iter().filter_map(|row| {
        if let Row::Chat(chat) = row {
            Some(chat)
        } else {
            None
        }
    });
    let mut chats: Vec<_> = chats.collect();
    let inserted = ids(insert_free(connection, &chats).await?);
    chats.retain(|chat| inserted.contains(&chat.id));
    let refused = refused(connection, &chats).await?;
    diesel::delete(chats::table.filter(chats::id.eq_any(refused.iter().collect::<Vec<_>>())))
        .execute(connection)
        .await?;
    chats.retain(|chat| !refused.contains(&chat.id));
    let mut tallies = Tallies::default();
    for chat in &chats {
        let usage = Usage {
            chats: 1,
            blob_bytes: chat.document_bytes(),
            ..Usage::default()
        };
        let tally = tallies.entry(chat.user_id.clone()).or_default();
        tally.add(chat.create_time, usage);
    }
    count(connection, &tallies).await?;
    Ok(chats.iter().map(|chat| chat.id).collect())
}

/// Inserts the chats whose ids no chat has.
async fn insert_free(connection: &mut Connection, chats: &[&Chat]) -> Result<Vec<Inserted>> {
    let documents = column(chats, |c| c.document.clone());
    let blobs: Vec<_> = documents
        .iter()
        .map(|d| d.clone().unwrap_or_default())
        .collect();
    let blobs: Vec<_> = blobs.iter().collect();
    let inserted = sql_query(include_str!("chats.sql"))
        .bind::<Array<SqlUuid>, _>(column(chats, |c| c.id))
        .bind::<Array<Text>, _>(column(chats, |c| c.user_id.as_str()))
        .bind::<Array<Text>, _>(column(chats, |c| c.title.as_str()))
        .bind::<Array<Text>, _>(column(chats, |c| c.description.as_str()))
        .bind::<Array<Text>, _>(column(&blobs, |b| b.key.as_str()))
        .bind::<Array<Nullable<BigInt>>, _>(column(chats, |c| {
            c.document.as_ref().map(|document| document.size_bytes)
        }))
        .bind::<Array<Text>, _>(column(&blobs, |b| b.sha256.as_str()))
        .bind::<Array<Text>, _>(column(&blobs, |b| b.content_type.as_str()))
        .bind::<Array<Bytea>, _>(column(&blobs, |b| b.receipt.to_vec()))
        .bind::<Array<Nullable<Jsonb>>, _>(column(chats, |c| c.metadata.clone().map(json_object)))
        .bind::<Array<Bool>, _>(column(chats, |c| c.is_archived))
        .bind::<Array<BigInt>, _>(column(chats, |c| c.last_seq))
        .bind::<Array<BigInt>, _>(column(chats, |c| c.revision))
        .bind::<Array<Timestamptz>, _>(column(chats, |c| timestamp(c.create_time)))
        .bind::<Array<Timestamptz>, _>(column(chats, |c| timestamp(c.update_time)))
        .load(connection)
        .await?;
    Ok(inserted)
}

/// Which of the chats just inserted may not be there. Asked only now: who deletes one at the same time has ended by now.
async fn refused(connection: &mut Connection, chats: &[&Chat]) -> Result<HashSet<Uuid>> {
    let deleted = deleted_chats::table
        .select(deleted_chats::id)
        .filter(deleted_chats::id.eq_any(column(chats, |c| c.id)));
    let mut refused: HashSet<Uuid> = deleted.load(connection).await?.into_iter().collect();
    let named = |chat: &&Chat| Some((chat.document.as_ref()?.key.clone(), chat.id));
    let named: Vec<_> = chats.iter().filter_map(named).collect();
    let keys: Vec<_> = named.iter().map(|(key, _)| key.as_str()).collect();
    let used_up = blob_ledger::sql::used_up(connection, &keys).await?;
    let of_used_up = named
        .iter()
        .filter(|(key, _)| used_up.contains(&key.as_str()));
    refused.extend(of_used_up.map(|(_, id)| *id));
    Ok(refused)
}

pub(super) async fn find(connection: &mut Connection, ids: &[Uuid]) -> Result<Vec<Row>> {
    let found = chat::sql::find_all(connection, ids).await?;
    Ok(found.into_iter().map(Row::Chat).collect())
}
