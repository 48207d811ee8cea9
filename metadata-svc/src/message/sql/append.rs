//! How messages come: one statement, however many they are and however many chats they belong to.

use std::collections::{BTreeMap, HashMap};

use contract::{id::Uuid, time::Time};
use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;

use super::role_text;
use crate::{
    chat::{self, Chat, NewChat},
    error::Result,
    message::{Message, Turn},
    postgres::{Connection, value::timestamp},
};

/// What is added to a chat and counted to its user.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Growth {
    pub(super) messages: i64,
    /// 1 where the chat itself is new.
    pub(super) chats: i64,
    pub(super) images: i64,
    pub(super) blob_bytes: i64,
}

impl Growth {
    /// A chat that was just created.
    pub(super) fn of_new(chat: &NewChat) -> Self {
        let document = chat.document.as_ref();
        Self {
            chats: 1,
            blob_bytes: document.map_or(0, |document| document.size_bytes),
            ..Self::default()
        }
    }

    /// Counts what is to be added.
    pub(super) fn add(&mut self, turns: &[Turn]) {
        for turn in turns {
            self.messages += 1;
            for image in &turn.images {
                self.images += 1;
                // As usage is counted: sums of what callers claim wrap around.
                self.blob_bytes = self.blob_bytes.wrapping_add(image.given.blob.size_bytes);
            }
        }
    }
}

/// A message to append.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'r> {
    /// Its number counts for nothing, and its content stands beside it.
    pub(super) message: &'r Message,
    pub(super) content: &'r str,
    /// How many of the rows stand behind it in its chat.
    pub(super) behind: i64,
}

/// Appends messages to chats, as many as `growth` says of each, and gives the chats as they are then. What belongs to absent
/// chats is left out.
pub(super) async fn append(
    connection: &Connection,
    growth: &BTreeMap<Uuid, Growth>,
    rows: &[Row<'_>],
    now: Time,
) -> Result<HashMap<Uuid, Chat>> {
    let of_chats = |of: fn(&Growth) -> i64| growth.values().map(of).collect::<Vec<_>>();
    let text = |of: fn(&Message) -> &str| rows.iter().map(|r| of(r.message)).collect::<Vec<_>>();
    let chats = sql_query(include_str!("append.sql"))
        .bind::<Array<SqlUuid>, _>(growth.keys().collect::<Vec<_>>())
        .bind::<Timestamptz, _>(timestamp(now))
        .bind::<Array<BigInt>, _>(of_chats(|chat| chat.messages))
        .bind::<Array<BigInt>, _>(of_chats(|chat| chat.chats))
        .bind::<Array<BigInt>, _>(of_chats(|chat| chat.images))
        .bind::<Array<BigInt>, _>(of_chats(|chat| chat.blob_bytes))
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|r| r.message.chat_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|r| r.message.given.id).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.behind).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(text(|m| role_text(m.given.role)))
        .bind::<Array<Text>, _>(rows.iter().map(|r| r.content).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(text(|m| &m.given.message_type))
        .load::<chat::sql::ChatRow>(&mut &*connection)
        .await?;
    let chats = chats.into_iter().map(chat::sql::ChatRow::into_chat);
    Ok(chats.map(|chat| (chat.id, chat)).collect())
}
