//! How chats are kept in Postgres.

pub(crate) mod delete;
pub(crate) mod insert;
mod row;

use contract::{id::Uuid, metadata::v1::ChatState, time::Time};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _,
    dsl::{exists, select, sql},
    sql_types::{Bool, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use prost::Message as _;

pub(crate) use self::row::ChatRow;
use super::{Chat, ChatPatch, NewChat};
use crate::{
    blob_ledger,
    error::{Error, Result},
    page::Page,
    postgres::{Connection, value::timestamp},
    schema::{chats, deleted_chats},
    usage::{self, Tally, Usage},
};

/// Creates a chat. Its id may be taken, also by a chat that was deleted.
pub(crate) async fn create(connection: &mut Connection, new: NewChat, now: Time) -> Result<Chat> {
    let chat = new.create(now);
    let insert = diesel::insert_into(chats::table).values(ChatRow::from(chat.clone()));
    let inserted = insert.on_conflict_do_nothing().execute(connection).await?;
    // Asked only now: a deletion at the same time has ended by now.
    let deleted = select(exists(
        deleted_chats::table.filter(deleted_chats::id.eq(chat.id)),
    ));
    if inserted == 0 || deleted.get_result(connection).await? {
        // Told first: whoever had to take another key may have made this chat by it, and goes on to ask for that.
        name_document(connection, &chat).await?;
        return Err(Error::IdTaken("chat", chat.id));
    }
    name_document(connection, &chat).await?;
    let mut tally = Tally::default();
    tally.add(now, usage_of(&chat));
    usage::sql::apply(connection, &chat.user_id, &tally).await?;
    Ok(chat)
}

/// Reads a chat.
pub(crate) async fn get(connection: &mut Connection, id: Uuid) -> Result<Chat> {
    let row = chats::table
        .select(ChatRow::as_select())
        .filter(chats::id.eq(id));
    let row = row.first(connection).await.optional()?;
    row.map(ChatRow::into_chat)
        .ok_or_else(|| Error::no_chat(id))
}

/// Reads those of the chats that are there.
pub(crate) async fn find_all(connection: &mut Connection, ids: &[Uuid]) -> Result<Vec<Chat>> {
    let rows = chats::table
        .select(ChatRow::as_select())
        .filter(chats::id.eq_any(ids));
    let rows: Vec<ChatRow> = rows.load(connection).await?;
    Ok(rows.into_iter().map(ChatRow::into_chat).collect())
}

/// Reads a chat that is to be changed and may be absent, and keeps others from changing it.
pub(crate) async fn find_to_change(connection: &mut Connection, id: Uuid) -> Result<Option<Chat>> {
    let row = chats::table
        .select(ChatRow::as_select())
        .filter(chats::id.eq(id))
        .for_no_key_update();
    let row = row.first(connection).await.optional()?;
    Ok(row.map(ChatRow::into_chat))
}

async fn get_to_change(connection: &mut Connection, id: Uuid, etag: &str) -> Result<Chat> {
    let chat = find_to_change(connection, id).await?;
    let chat = chat.ok_or_else(|| Error::no_chat(id))?;
    chat.demand_etag(etag)?;
    Ok(chat)
}

/// Reads a page of a user's chats, the newest first, behind (micros, id).
pub(crate) async fn list(
    connection: &mut Connection,
    user: &str,
    state: ChatState,
    after: Option<(i64, Uuid)>,
    size: usize,
) -> Result<Page<Chat>> {
    let (micros, id) = after.unwrap_or((i64::MAX, Uuid::max()));
    let before = sql::<Bool>("(created_at, id) < (")
        .bind::<Timestamptz, _>(timestamp(Time::from_micros(micros)))
        .sql(", ")
        .bind::<SqlUuid, _>(id)
        .sql(")");
    let rows = chats::table
        .select(ChatRow::as_select())
        .filter(chats::user_id.eq(user))
        .filter(before)
        .order((chats::created_at.desc(), chats::id.desc()))
        .limit(i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1))
        .into_boxed();
    let rows = match state {
        ChatState::Unspecified | ChatState::Active => rows.filter(chats::is_archived.eq(false)),
        ChatState::Archived => rows.filter(chats::is_archived.eq(true)),
        ChatState::All => rows,
    };
    let rows: Vec<ChatRow> = rows.load(connection).await?;
    Page::fill(
        rows.into_iter().map(|row| Ok(row.into_chat())),
        size,
        |chat| {
            chat.description.len()
                + chat
                    .metadata
                    .as_ref()
                    .map_or(0, prost_types::Struct::encoded_len)
        },
    )
}

/// Changes the fields of a chat that `patch` has.
pub(crate) async fn update(
    connection: &mut Connection,
    id: Uuid,
    etag: &str,
    patch: ChatPatch,
    now: Time,
) -> Result<Chat> {
    let before = get_to_change(connection, id, etag).await?;
    let after = before.patched(patch, now);
    if before.document != after.document {
        let (old, new) = (key_of(&before), key_of(&after));
        blob_ledger::sql::demand_free_instead(connection, old, new, now).await?;
        let mut tally = Tally::default();
        tally.take(before.create_time, usage_of(&before));
        tally.add(after.create_time, usage_of(&after));
        usage::sql::apply(connection, &after.user_id, &tally).await?;
    }
    put(connection, &before, after).await
}

/// Archives a chat, or brings it back.
pub(crate) async fn archive(
    connection: &mut Connection,
    id: Uuid,
    etag: &str,
    is_archived: bool,
    now: Time,
) -> Result<Chat> {
    let before = get_to_change(connection, id, etag).await?;
    let after = before.archived(is_archived, now);
    put(connection, &before, after).await
}

async fn put(connection: &mut Connection, before: &Chat, after: Chat) -> Result<Chat> {
    if *before != after {
        let row = diesel::update(chats::table.filter(chats::id.eq(after.id)));
        row.set(ChatRow::from(after.clone()))
            .execute(connection)
            .await?;
    }
    Ok(after)
}

async fn name_document(connection: &mut Connection, chat: &Chat) -> Result<()> {
    blob_ledger::sql::demand_free(connection, key_of(chat).as_slice()).await
}

/// The key of its document.
fn key_of(chat: &Chat) -> Option<&str> {
    chat.document.as_ref().map(|document| document.key.as_str())
}

fn usage_of(chat: &Chat) -> Usage {
    Usage {
        chats: 1,
        blob_bytes: chat.document_bytes(),
        ..Usage::default()
    }
}

#[cfg(test)]
pub(crate) mod tests;
