//! How search results are kept in Postgres.

mod row;

use contract::time::Time;
use diesel::{
    ExpressionMethods as _, QueryDsl as _, SelectableHelper as _, sql_query,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use futures::StreamExt as _;
use prost_types::Value;
use uuid::Uuid;

use self::row::SearchResultRow;
use super::{NewSearchResult, SearchResult};
use crate::{
    attachment::{
        self, Attachment as _, Owner,
        sql::{Attached, demand_all, demand_room},
    },
    chat,
    error::{Error, Result},
    message,
    page::Page,
    postgres::{
        Connection,
        value::{jsonb, timestamp},
    },
    schema::search_results,
};

/// Reads those of the search results that are there.
pub(crate) async fn find_all(
    connection: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<SearchResult>> {
    let rows = search_results::table
        .select(SearchResultRow::as_select())
        .filter(search_results::id.eq_any(ids));
    let rows: Vec<SearchResultRow> = rows.load(connection).await?;
    Ok(rows.into_iter().map(SearchResult::from).collect())
}

/// Reads a page of the search results behind `after`, each with its number.
pub(crate) async fn list(
    connection: &mut Connection,
    owner: Owner,
    after: i64,
    size: usize,
) -> Result<Page<(i64, SearchResult)>> {
    let rows = search_results::table
        .select(SearchResultRow::as_select())
        .filter(search_results::number.gt(after))
        .order(search_results::number)
        .limit(i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1))
        .into_boxed();
    let rows = match owner {
        Owner::Chat(chat) => rows.filter(search_results::chat_id.eq(chat)),
        Owner::Message(message) => {
            let (chat, seq) = message::sql::find(connection, message).await?;
            rows.filter(search_results::chat_id.eq(chat))
                .filter(search_results::message_seq.eq(seq))
        }
    };
    let mut page = Page::new(size);
    let rows = rows.load_stream::<SearchResultRow>(connection).await?;
    let rows = rows.map(|row| row.map(|row| (row.number, row.into())));
    let rows = rows.map(|row| row.map_err(Error::from));
    page.take_from(rows, |(_, result): &(i64, SearchResult)| result.weight())
        .await?;
    if let Owner::Chat(chat) = owner
        && page.rows.is_empty()
    {
        chat::sql::get(connection, chat).await?;
    }
    Ok(page)
}

/// Reads the search results of the next messages of `chat` behind `after`.
pub(crate) async fn of_turns(
    connection: &Connection,
    chat: Uuid,
    after: i64,
    bytes: usize,
) -> Result<Attached<SearchResult>> {
    let rows = sql_query(include_str!("of_turns.sql"))
        .bind::<SqlUuid, _>(chat)
        .bind::<BigInt, _>(after);
    let rows = rows.load_stream::<SearchResultRow>(&mut &*connection);
    Attached::gather(rows.await?, bytes).await
}

/// Adds search results to a message that is there. `chats_said` are the chats that they say they belong to.
pub(crate) async fn add(
    connection: &mut Connection,
    message: Uuid,
    results: Vec<NewSearchResult>,
    chats_said: &[Option<Uuid>],
    now: Time,
) -> Result<Vec<SearchResult>> {
    let (chat, seq) = message::sql::find_to_change(connection, message).await?;
    attachment::demand_chat("search_results", chats_said, chat.id)?;
    let has = search_results::table
        .filter(search_results::chat_id.eq(chat.id))
        .filter(search_results::message_seq.eq(seq))
        .count();
    demand_room(message, has.get_result(connection).await?, results.len())?;
    let create = |result: NewSearchResult| result.create(chat.id, message, now);
    let results: Vec<_> = results.into_iter().map(create).collect();
    insert(connection, &results.iter().collect::<Vec<_>>(), now).await?;
    Ok(results)
}

/// Adds search results to messages that are there, or are sent before it.
pub(crate) async fn insert(
    connection: &Connection,
    results: &[&SearchResult],
    now: Time,
) -> Result<()> {
    if results.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = results.iter().map(|r| r.given.id).collect();
    let text = |of: fn(&SearchResult) -> &str| results.iter().map(|r| of(r)).collect::<Vec<_>>();
    let json = |of: fn(&SearchResult) -> &Option<Value>| {
        results
            .iter()
            .map(|r| of(r).clone().map(jsonb))
            .collect::<Vec<_>>()
    };
    let inserted = sql_query(include_str!("insert.sql"))
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<SqlUuid>, _>(results.iter().map(|r| r.chat_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(results.iter().map(|r| r.message_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(text(|r| &r.given.block_id))
        .bind::<Array<Integer>, _>(
            results
                .iter()
                .map(|r| r.given.page_number)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(text(|r| &r.given.block_text))
        .bind::<Array<Nullable<Jsonb>>, _>(json(|r| &r.given.coords_norm))
        .bind::<Array<Nullable<Jsonb>>, _>(json(|r| &r.given.coords_px))
        .bind::<Timestamptz, _>(timestamp(now))
        .load(&mut &*connection)
        .await;
    demand_all("search_result", &ids, inserted)
}

/// Deletes the search results of a message; tells how many there were.
pub(crate) async fn delete_of_message(
    connection: &Connection,
    chat: Uuid,
    seq: i64,
) -> Result<usize> {
    let of_message = search_results::table
        .filter(search_results::chat_id.eq(chat))
        .filter(search_results::message_seq.eq(seq));
    let deleted = diesel::delete(of_message).execute(&mut &*connection);
    Ok(deleted.await?)
}
