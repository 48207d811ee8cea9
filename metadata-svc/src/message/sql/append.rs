//! How messages come, with what belongs to them: a fixed number of statements however many there are, and most of them sent
//! before the first is answered.

use contract::{id::Uuid, time::Time};
use diesel::{
    ExpressionMethods as _, QueryDsl as _, QueryResult, QueryableByName, sql_query,
    sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use futures::join;

use super::role_text;
use crate::{
    blob_ledger, chat,
    error::{Error, Result},
    image::{self, Image},
    message::{
        Message, Turn,
        kv::{Append, Appended},
    },
    postgres::{Connection, value::timestamp},
    schema::chats,
    search_result,
    usage::{self, Tally, Usage},
};

/// Appends turns to a chat, which is created when it is absent and may be.
pub(crate) async fn append(
    connection: &mut Connection,
    append: Append,
    now: Time,
) -> Result<Appended> {
    let found = chat::sql::find_to_change(connection, append.chat_id).await?;
    let chat_created = found.is_none();
    let mut chat = match (found, append.create) {
        (Some(chat), _) => chat,
        (None, Some(new)) => chat::sql::create(connection, new, now).await?,
        (None, None) => return Err(Error::no_chat(append.chat_id)),
    };
    let first = chat.last_seq + 1;
    let turns = append
        .turns
        .into_iter()
        .zip(first..)
        .map(|(turn, seq)| Turn {
            images: turn
                .images
                .into_iter()
                .map(|image| image.create(chat.id, turn.message.id, now))
                .collect(),
            search_results: turn
                .search_results
                .into_iter()
                .map(|result| result.create(chat.id, turn.message.id, now))
                .collect(),
            message: Message {
                chat_id: chat.id,
                seq,
                create_time: now,
                given: turn.message,
            },
        });
    let mut turns: Vec<_> = turns.collect();
    chat.last_seq += i64::try_from(turns.len()).unwrap_or_default();
    chat.update_time = now;
    insert(connection, &chat, &turns, now).await?;
    for turn in &mut turns {
        turn.message.given.content.clear();
    }
    Ok(Appended {
        chat,
        turns,
        chat_created,
    })
}

/// Writes all of it in one round trip, and one more where keys are named.
async fn insert(
    connection: &mut Connection,
    chat: &chat::Chat,
    turns: &[Turn],
    now: Time,
) -> Result<()> {
    let messages: Vec<_> = turns.iter().map(|turn| &turn.message).collect();
    let images: Vec<_> = turns.iter().flat_map(|turn| &turn.images).collect();
    let results: Vec<_> = turns.iter().flat_map(|turn| &turn.search_results).collect();
    let keys: Vec<_> = images.iter().map(|image| image.named().0).collect();
    blob_ledger::sql::demand_free(connection, &keys).await?;

    let mut tally = Tally::default();
    tally.add(now, added(&messages, &images));
    let connection = &*connection;
    let (messages, images, results, chat, usage) = join!(
        insert_messages(connection, &messages, now),
        image::sql::insert(connection, &images, now),
        search_result::sql::insert(connection, &results, now),
        advance(connection, chat),
        usage::sql::apply(connection, &chat.user_id, &tally),
    );
    // In the order they were sent: after the first that fails, Postgres refuses the others.
    messages?;
    images?;
    results?;
    chat?;
    usage
}

fn added(messages: &[&Message], images: &[&Image]) -> Usage {
    let zero = Usage {
        messages: i64::try_from(messages.len()).unwrap_or(i64::MAX),
        ..Usage::default()
    };
    images.iter().fold(zero, |usage, image| Usage {
        images: usage.images + 1,
        blob_bytes: usage.blob_bytes.wrapping_add(image.given.blob.size_bytes),
        ..usage
    })
}

/// An id that was free.
#[derive(QueryableByName)]
pub(crate) struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Checks that all ids were free.
pub(crate) fn demand_all(
    noun: &'static str,
    ids: &[Uuid],
    inserted: QueryResult<Vec<Inserted>>,
) -> Result<()> {
    let inserted = inserted?;
    if inserted.len() == ids.len() {
        return Ok(());
    }
    let inserted: std::collections::HashSet<_> = inserted.into_iter().map(|row| row.id).collect();
    match ids.iter().find(|id| !inserted.contains(id)) {
        Some(taken) => Err(Error::IdTaken(noun, *taken)),
        None => Ok(()),
    }
}

async fn insert_messages(connection: &Connection, messages: &[&Message], now: Time) -> Result<()> {
    let chats: Vec<_> = messages.iter().map(|m| m.chat_id).collect();
    let ids: Vec<_> = messages.iter().map(|m| m.given.id).collect();
    let seqs: Vec<_> = messages.iter().map(|m| m.seq).collect();
    let roles: Vec<_> = messages.iter().map(|m| role_text(m.given.role)).collect();
    let contents: Vec<_> = messages.iter().map(|m| m.given.content.as_str()).collect();
    let types: Vec<_> = messages
        .iter()
        .map(|m| m.given.message_type.as_str())
        .collect();
    let inserted = sql_query(include_str!("insert.sql"))
        .bind::<Array<SqlUuid>, _>(chats)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<BigInt>, _>(seqs)
        .bind::<Array<Text>, _>(roles)
        .bind::<Array<Text>, _>(contents)
        .bind::<Array<Text>, _>(types)
        .bind::<Timestamptz, _>(timestamp(now))
        .load(&mut &*connection)
        .await;
    demand_all("message", &ids, inserted)
}

async fn advance(connection: &Connection, chat: &chat::Chat) -> Result<()> {
    let values = (
        chats::last_seq.eq(chat.last_seq),
        chats::updated_at.eq(timestamp(chat.update_time)),
    );
    let row = diesel::update(chats::table.filter(chats::id.eq(chat.id))).set(values);
    row.execute(&mut &*connection).await?;
    Ok(())
}
