//! How messages are kept in Postgres.

mod append;
pub(crate) mod delete;
pub(crate) mod turns;
pub(crate) mod writer;

use contract::{
    id::Uuid,
    metadata::v1::{MessageOrder, Role},
};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, QueryableByName,
    Selectable, SelectableHelper as _, pg::data_types::PgTimestamp,
};
use diesel_async::RunQueryDsl as _;
use futures::{Stream, StreamExt as _};

use super::{Message, NewMessage};
use crate::{
    chat::{self, Chat},
    error::{Error, Result},
    page::Page,
    postgres::{Connection, value::time},
    schema::chat_messages,
};

/// How many messages of a page are asked for at first, and twice as many each time that they fit: of messages that are large
/// few fit, and the server need not send a thousand.
const SOME: usize = 64;

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = chat_messages, check_for_backend(diesel::pg::Pg))]
pub(crate) struct MessageRow {
    id: Uuid,
    chat_id: Uuid,
    role: String,
    content: String,
    message_type: String,
    created_at: PgTimestamp,
    seq: i64,
}

impl MessageRow {
    pub(crate) fn into_message(self) -> Result<Message> {
        let role = role(&self.role)
            .ok_or_else(|| Error::Broken(format!("the role of message {}", self.id)))?;
        Ok(Message {
            chat_id: self.chat_id,
            seq: self.seq,
            create_time: time(self.created_at),
            given: NewMessage {
                id: self.id,
                role,
                content: self.content,
                message_type: self.message_type,
            },
        })
    }
}

/// Reads a message.
pub(crate) async fn get(connection: &mut Connection, id: Uuid) -> Result<Message> {
    let row = chat_messages::table
        .select(MessageRow::as_select())
        .filter(chat_messages::id.eq(id));
    let row = row.first(connection).await.optional()?;
    row.ok_or_else(|| Error::Absent("message", id.to_string()))?
        .into_message()
}

/// Reads those of the messages that are there.
pub(crate) async fn find_all(connection: &mut Connection, ids: &[Uuid]) -> Result<Vec<Message>> {
    let rows = chat_messages::table
        .select(MessageRow::as_select())
        .filter(chat_messages::id.eq_any(ids));
    let rows: Vec<MessageRow> = rows.load(connection).await?;
    rows.into_iter().map(MessageRow::into_message).collect()
}

/// Finds the chat of a message, and the message's seq in it.
pub(crate) async fn find(connection: &mut Connection, id: Uuid) -> Result<(Uuid, i64)> {
    let place = chat_messages::table
        .select((chat_messages::chat_id, chat_messages::seq))
        .filter(chat_messages::id.eq(id));
    let place = place.first(connection).await.optional()?;
    place.ok_or_else(|| Error::Absent("message", id.to_string()))
}

/// Like [`find`], and keeps others from changing the chat and what belongs to it. Whoever does so locks the chat first, so that
/// no two wait for each other.
pub(crate) async fn find_to_change(connection: &mut Connection, id: Uuid) -> Result<(Chat, i64)> {
    let (chat, _) = find(connection, id).await?;
    let chat = chat::sql::find_to_change(connection, chat).await?;
    // Asked again, now that nobody can delete it.
    let (_, seq) = find(connection, id).await?;
    let chat = chat.ok_or_else(|| Error::Absent("message", id.to_string()))?;
    Ok((chat, seq))
}

/// Reads a page of a chat's messages behind `after`, in `order`.
pub(crate) async fn list(
    connection: &mut Connection,
    chat: Uuid,
    order: MessageOrder,
    after: Option<i64>,
    size: usize,
) -> Result<Page<Message>> {
    let mut page = Page::new(size);
    let (mut after, mut some) = (after, SOME);
    loop {
        let count = some.min(size + 1 - page.rows.len());
        let rows = behind(connection, chat, order, after, count).await?;
        let weigh = |message: &Message| message.given.content.len();
        let met = page.take_from(rows, weigh).await?;
        if page.has_more || met < count {
            break;
        }
        after = page.rows.last().map(|last| last.seq);
        some *= 2;
    }
    if page.rows.is_empty() {
        // Nothing there, or no chat.
        chat::sql::get(connection, chat).await?;
    }
    Ok(page)
}

async fn behind(
    connection: &mut Connection,
    chat: Uuid,
    order: MessageOrder,
    after: Option<i64>,
    count: usize,
) -> Result<impl Stream<Item = Result<Message>>> {
    let rows = chat_messages::table
        .select(MessageRow::as_select())
        .filter(chat_messages::chat_id.eq(chat))
        .limit(i64::try_from(count).unwrap_or(i64::MAX))
        .into_boxed();
    let rows = match order {
        MessageOrder::Unspecified | MessageOrder::OldestFirst => {
            let behind = chat_messages::seq.gt(after.unwrap_or_default());
            rows.filter(behind).order(chat_messages::seq.asc())
        }
        MessageOrder::NewestFirst => {
            let before = chat_messages::seq.lt(after.unwrap_or(i64::MAX));
            rows.filter(before).order(chat_messages::seq.desc())
        }
    };
    let rows = rows.load_stream::<MessageRow>(connection).await?;
    Ok(rows.map(|row| row?.into_message()))
}

/// How the column `role` spells a role.
pub(crate) fn role_text(role: Role) -> &'static str {
    match role {
        // Judged when the request was; the column refuses it.
        Role::Unspecified => "",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Tool => "tool",
    }
}

fn role(text: &str) -> Option<Role> {
    let roles = [Role::User, Role::Assistant, Role::System, Role::Tool];
    roles.into_iter().find(|role| role_text(*role) == text)
}

#[cfg(test)]
mod tests;
