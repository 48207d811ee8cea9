//! How a chat goes from Postgres, with all that belongs to it.

use contract::{id::Uuid, time::Time};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, QueryableByName,
    SelectableHelper as _, sql_query,
    sql_types::{BigInt, Integer, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;

use super::{row::ChatRow, usage_of};
use crate::{
    blob_ledger,
    chat::{Chat, kv::Deleted},
    error::{Error, Result},
    postgres::{Connection, value::timestamp},
    schema::{chat_images, chats, deleted_chats},
    usage::{self, Tally, Usage},
};

/// Deletes a chat with all that belongs to it, and records what is to be removed from the store.
pub(crate) async fn delete(
    connection: &mut Connection,
    id: Uuid,
    etag: &str,
    now: Time,
) -> Result<Deleted> {
    // For update: nobody may add to it from here on.
    let row = chats::table
        .select(ChatRow::as_select())
        .filter(chats::id.eq(id))
        .for_update();
    let row = row.first(connection).await.optional()?;
    let chat = row
        .map(ChatRow::into_chat)
        .ok_or_else(|| Error::no_chat(id))?;
    chat.demand_etag(etag)?;

    let counts = sql_query(include_str!("counts.sql")).bind::<SqlUuid, _>(id);
    let counts: Vec<Counts> = counts.load(connection).await?;
    let keys = chat_images::table
        .select(chat_images::s3_path)
        .filter(chat_images::chat_id.eq(id));
    let keys: Vec<Option<String>> = keys.load(connection).await?;
    let mut keys: Vec<_> = keys.into_iter().flatten().collect();
    keys.extend(chat.document.as_ref().map(|document| document.key.clone()));

    diesel::delete(chats::table.filter(chats::id.eq(id)))
        .execute(connection)
        .await?;
    let taken = (
        deleted_chats::id.eq(id),
        deleted_chats::deleted_at.eq(timestamp(now)),
    );
    diesel::insert_into(deleted_chats::table)
        .values(taken)
        .execute(connection)
        .await?;
    let mut tally = Tally::default();
    tally.take(chat.create_time, usage_of(&chat));
    for day in &counts {
        tally.take(day.time(), day.usage());
    }
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    // Keys first and usage last, as those do who name keys: so no two wait for each other.
    let pending = blob_ledger::sql::pend_chat(connection, Chat::prefix(id), &keys, now).await?;
    usage::sql::apply(connection, &chat.user_id, &tally).await?;
    let count = |of: fn(&Counts) -> i64| {
        usize::try_from(counts.iter().map(of).sum::<i64>()).unwrap_or_default()
    };
    Ok(Deleted {
        messages: count(|day| day.messages),
        images: count(|day| day.images),
        search_results: count(|day| day.search_results),
        pending,
    })
}

/// What a chat has of one day.
#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = Integer)]
    day: i32,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    images: i64,
    #[diesel(sql_type = BigInt)]
    search_results: i64,
    /// Wrapped to 64 bits, as sums of them are.
    #[diesel(sql_type = BigInt)]
    blob_bytes: i64,
}

impl Counts {
    fn time(&self) -> Time {
        Time::from_micros(i64::from(self.day) * 86_400_000_000)
    }

    fn usage(&self) -> Usage {
        Usage {
            messages: self.messages,
            images: self.images,
            blob_bytes: self.blob_bytes,
            ..Usage::default()
        }
    }
}
