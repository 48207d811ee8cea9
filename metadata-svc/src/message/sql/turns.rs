//! How turns are read: the chat, images, search results and messages by statements that are sent at once, and that need no
//! transaction to fit each other, because they run in this order. The messages of a page are those that the last statement
//! still saw and that the chat had already when the first one ran. So each was there throughout, and what belongs to it
//! was seen; a message that was appended meanwhile is left to the next page, with all that came with it, and what was seen of
//! one that was deleted meanwhile is let go. Each of the statements is a range of one index, and ends by itself.

use contract::id::Uuid;
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, sql_query,
    sql_types::{BigInt, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use futures::{TryStreamExt as _, join};

use super::MessageRow;
use crate::{
    attachment::sql::Attached,
    error::{Error, Result},
    image::{self, Image},
    message::{Message, Turn},
    postgres::Connection,
    schema::chats,
    search_result::{self, SearchResult},
};

/// How many turns are read at once.
const TURNS: i64 = 1_000;
/// What the messages, the images and the search results of a page may each come to, in bytes, before the last message's.
const BYTES: usize = 1 << 20;

/// Reads the next turns of a chat behind `after`: some, unless there is none.
pub(crate) async fn turns(connection: &Connection, chat: Uuid, after: i64) -> Result<Vec<Turn>> {
    let mut after = after;
    loop {
        let (last, images, results, messages) = join!(
            last_seq(connection, chat),
            image::sql::of_turns(connection, chat, after, BYTES),
            search_result::sql::of_turns(connection, chat, after, BYTES),
            messages(connection, chat, after),
        );
        let (last, images, results, messages) = (last?, images?, results?, messages?);
        if messages.is_empty() && after < last {
            // The rest is deleted, or the chat.
            last_seq(connection, chat).await?;
        }
        let end = last.min(images.through).min(results.through);
        let is_behind = messages
            .as_slice()
            .first()
            .is_some_and(|first| first.seq > end)
            && end < last;
        if !is_behind {
            return Ok(join_up(messages, images, results, end));
        }
        // All attachments that were read are of messages that were deleted meanwhile.
        after = end;
    }
}

async fn last_seq(connection: &Connection, chat: Uuid) -> Result<i64> {
    let last = chats::table
        .select(chats::last_seq)
        .filter(chats::id.eq(chat));
    let last = last.first(&mut &*connection).await.optional()?;
    last.ok_or_else(|| Error::no_chat(chat))
}

async fn messages(connection: &Connection, chat: Uuid, after: i64) -> Result<Vec<Message>> {
    let rows = sql_query(include_str!("of_turns.sql"))
        .bind::<SqlUuid, _>(chat)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(TURNS)
        .bind::<BigInt, _>(i64::try_from(BYTES).unwrap_or(i64::MAX));
    let rows = rows.load_stream::<MessageRow>(&mut &*connection).await?;
    let messages = rows.map_err(Error::from);
    let messages = messages.and_then(async |row: MessageRow| row.into_message());
    messages.try_collect().await
}

/// The turns of the messages up to the one of seq `end`.
fn join_up(
    messages: Vec<Message>,
    mut images: Attached<Image>,
    mut results: Attached<SearchResult>,
    end: i64,
) -> Vec<Turn> {
    let messages = messages
        .into_iter()
        .take_while(|message| message.seq <= end);
    let turns = messages.map(|message| Turn {
        images: images.of(message.seq),
        search_results: results.of(message.seq),
        message,
    });
    turns.collect()
}

#[cfg(test)]
mod tests;
