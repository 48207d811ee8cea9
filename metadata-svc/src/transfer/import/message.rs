//! Messages on their way in. Each keeps its number; where another message of that chat has it already, that one stays.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::{
    ExpressionMethods as _, QueryDsl as _, sql_query,
    sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::{Inserted, Row, Tallies, column, count, ids};
use crate::{
    error::Result,
    message::{self, Message},
    postgres::{Connection, value::timestamp},
    schema::chats,
    usage::Usage,
};

pub(super) async fn insert(connection: &mut Connection, rows: &[&Row]) -> Result<HashSet<Uuid>> {
    let messages = rows.iter().filter_map(|row| {
        if let Row::Message(message) = row {
            Some(message)
        } else {
            None
        }
    });
    let mut messages: Vec<_> = messages.collect();
    let users = lock_chats(connection, &messages).await?;
    messages.retain(|message| users.contains_key(&message.chat_id));
    let inserted = ids(insert_free(connection, &messages).await?);
    messages.retain(|message| inserted.contains(&message.given.id));

    let mut last = BTreeMap::new();
    let mut tallies = Tallies::default();
    let one = Usage {
        messages: 1,
        ..Usage::default()
    };
    for message in messages {
        let seq = last.entry(message.chat_id).or_insert(message.seq);
        *seq = message.seq.max(*seq);
        let user = users[&message.chat_id].clone();
        tallies
            .entry(user)
            .or_default()
            .add(message.create_time, one);
    }
    advance(connection, &last).await?;
    count(connection, &tallies).await?;
    Ok(inserted)
}

/// Keeps others from appending to the messages' chats; gives the chats that are there, with their users.
async fn lock_chats(
    connection: &mut Connection,
    messages: &[&Message],
) -> Result<HashMap<Uuid, String>> {
    let chats = chats::table
        .select((chats::id, chats::user_id))
        .filter(chats::id.eq_any(column(messages, |m| m.chat_id)))
        .order(chats::id)
        .for_no_key_update();
    Ok(chats.load(connection).await?.into_iter().collect())
}

/// Inserts the messages whose ids and places no message has.
async fn insert_free(connection: &mut Connection, messages: &[&Message]) -> Result<Vec<Inserted>> {
    let inserted = sql_query(include_str!("messages.sql"))
        .bind::<Array<SqlUuid>, _>(column(messages, |m| m.chat_id))
        .bind::<Array<SqlUuid>, _>(column(messages, |m| m.given.id))
        .bind::<Array<BigInt>, _>(column(messages, |m| m.seq))
        .bind::<Array<Text>, _>(column(messages, |m| message::sql::role_text(m.given.role)))
        .bind::<Array<Text>, _>(column(messages, |m| m.given.content.as_str()))
        .bind::<Array<Text>, _>(column(messages, |m| m.given.message_type.as_str()))
        .bind::<Array<Timestamptz>, _>(column(messages, |m| timestamp(m.create_time)))
        .load(connection)
        .await?;
    Ok(inserted)
}

async fn advance(connection: &mut Connection, last: &BTreeMap<Uuid, i64>) -> Result<()> {
    sql_query(include_str!("advance.sql"))
        .bind::<Array<SqlUuid>, _>(last.keys().collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(last.values().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn find(connection: &mut Connection, ids: &[Uuid]) -> Result<Vec<Row>> {
    let found = message::sql::find_all(connection, ids).await?;
    Ok(found.into_iter().map(Row::Message).collect())
}
