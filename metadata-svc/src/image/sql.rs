//! How images are kept in Postgres.

mod row;

use contract::{metadata::v1::pending_delete::Target, time::Time};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, Selectable,
    SelectableHelper as _,
    pg::data_types::PgTimestamp,
    sql_query,
    sql_types::{Array, BigInt, Bytea, Integer, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use futures::StreamExt as _;
use uuid::Uuid;

use self::row::ImageRow;
use super::{Image, NewImage, kv::usage_of};
use crate::{
    attachment::{
        self, Attachment as _, Owner,
        sql::{Attached, demand_all, demand_room},
    },
    blob_ledger::{self, PendingDelete},
    chat::{self, Chat},
    error::{Error, Result},
    message,
    page::Page,
    postgres::{
        Connection,
        value::{time, timestamp},
    },
    schema::chat_images,
    usage::{self, Tally, Usage},
};

/// Reads an image.
pub(crate) async fn get(connection: &mut Connection, id: Uuid) -> Result<Image> {
    let row = chat_images::table
        .select(ImageRow::as_select())
        .filter(chat_images::id.eq(id));
    let row = row.first(connection).await.optional()?;
    row.map(Image::from).ok_or_else(|| absent(id))
}

/// Reads those of the images that are there.
pub(crate) async fn find_all(connection: &mut Connection, ids: &[Uuid]) -> Result<Vec<Image>> {
    let rows = chat_images::table
        .select(ImageRow::as_select())
        .filter(chat_images::id.eq_any(ids));
    let rows: Vec<ImageRow> = rows.load(connection).await?;
    Ok(rows.into_iter().map(Image::from).collect())
}

fn absent(id: Uuid) -> Error {
    Error::Absent("image", id.to_string())
}

/// Reads a page of the images behind `after`, each with its number.
pub(crate) async fn list(
    connection: &mut Connection,
    owner: Owner,
    after: i64,
    size: usize,
) -> Result<Page<(i64, Image)>> {
    let rows = chat_images::table
        .select(ImageRow::as_select())
        .filter(chat_images::number.gt(after))
        .order(chat_images::number)
        .limit(i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1))
        .into_boxed();
    let rows = match owner {
        Owner::Chat(chat) => rows.filter(chat_images::chat_id.eq(chat)),
        Owner::Message(message) => {
            let (chat, seq) = message::sql::find(connection, message).await?;
            rows.filter(chat_images::chat_id.eq(chat))
                .filter(chat_images::message_seq.eq(seq))
        }
    };
    let mut page = Page::new(size);
    let rows = rows.load_stream::<ImageRow>(connection).await?;
    let rows = rows.map(|row| row.map(|row| (row.number, row.into())));
    let rows = rows.map(|row| row.map_err(Error::from));
    page.take_from(rows, |(_, image): &(i64, Image)| image.weight())
        .await?;
    if let Owner::Chat(chat) = owner
        && page.rows.is_empty()
    {
        chat::sql::get(connection, chat).await?;
    }
    Ok(page)
}

/// Reads the images of the next messages of `chat` behind `after`.
pub(crate) async fn of_turns(
    connection: &Connection,
    chat: Uuid,
    after: i64,
    bytes: usize,
) -> Result<Attached<Image>> {
    let rows = sql_query(include_str!("of_turns.sql"))
        .bind::<SqlUuid, _>(chat)
        .bind::<BigInt, _>(after);
    let rows = rows.load_stream::<ImageRow>(&mut &*connection).await?;
    Attached::gather(rows, bytes).await
}

/// Adds images to a message that is there. `chats_said` are the chats that they say they belong to.
pub(crate) async fn add(
    connection: &mut Connection,
    message: Uuid,
    images: Vec<NewImage>,
    chats_said: &[Option<Uuid>],
    now: Time,
) -> Result<Vec<Image>> {
    let (chat, seq) = message::sql::find_to_change(connection, message).await?;
    attachment::demand_chat("images", chats_said, chat.id)?;
    let has = chat_images::table
        .filter(chat_images::chat_id.eq(chat.id))
        .filter(chat_images::message_seq.eq(seq))
        .count();
    demand_room(message, has.get_result(connection).await?, images.len())?;
    let create = |image: NewImage| image.create(chat.id, message, now);
    let images: Vec<_> = images.into_iter().map(create).collect();
    insert(connection, &images.iter().collect::<Vec<_>>(), now).await?;
    let keys: Vec<_> = images.iter().map(|image| image.named().0).collect();
    blob_ledger::sql::demand_free(connection, &keys).await?;
    let mut tally = Tally::default();
    for image in &images {
        tally.add(now, usage_of(image));
    }
    usage::sql::apply(connection, &chat.user_id, &tally).await?;
    Ok(images)
}

/// Adds images to messages that are there, or are sent before it.
pub(crate) async fn insert(connection: &Connection, images: &[&Image], now: Time) -> Result<()> {
    if images.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = images.iter().map(|i| i.given.id).collect();
    let text = |of: fn(&Image) -> &str| images.iter().map(|i| of(i)).collect::<Vec<_>>();
    let inserted = sql_query(include_str!("insert.sql"))
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<SqlUuid>, _>(images.iter().map(|i| i.chat_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(images.iter().map(|i| i.message_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(text(|i| &i.given.image_name))
        .bind::<Array<Text>, _>(text(|i| &i.given.blob.key))
        .bind::<Array<Text>, _>(text(|i| &i.given.image_type))
        .bind::<Array<Text>, _>(text(|i| &i.given.description))
        .bind::<Array<Integer>, _>(images.iter().map(|i| i.given.width).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(images.iter().map(|i| i.given.height).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(
            images
                .iter()
                .map(|i| i.given.blob.size_bytes)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(text(|i| &i.given.blob.sha256))
        .bind::<Array<Text>, _>(text(|i| &i.given.blob.content_type))
        .bind::<Array<Bytea>, _>(
            images
                .iter()
                .map(|i| i.given.blob.receipt.to_vec())
                .collect::<Vec<_>>(),
        )
        .bind::<Timestamptz, _>(timestamp(now))
        .load(&mut &*connection)
        .await;
    demand_all("image", &ids, inserted)
}

/// Deletes an image, and records its key for removal when no other row names it.
pub(crate) async fn delete(
    connection: &mut Connection,
    id: Uuid,
    now: Time,
) -> Result<Vec<PendingDelete>> {
    let chat = chat_images::table
        .select(chat_images::chat_id)
        .filter(chat_images::id.eq(id));
    let chat = chat.first(connection).await.optional()?;
    let chat = chat::sql::find_to_change(connection, chat.ok_or_else(|| absent(id))?).await?;
    let chat = chat.ok_or_else(|| absent(id))?;
    let deleted = diesel::delete(chat_images::table.filter(chat_images::id.eq(id)))
        .returning(Deleted::as_returning())
        .get_result(connection);
    let deleted = deleted.await.optional()?.ok_or_else(|| absent(id))?;
    release(connection, &chat, &[deleted], Tally::default(), now).await
}

/// What is to be known of an image that was deleted.
#[derive(Queryable, Selectable)]
#[diesel(table_name = chat_images, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Deleted {
    s3_path: Option<String>,
    file_size: Option<i64>,
    uploaded_at: PgTimestamp,
}

/// Deletes the images of a message.
pub(crate) async fn delete_of_message(
    connection: &Connection,
    chat: Uuid,
    seq: i64,
) -> Result<Vec<Deleted>> {
    let of_message = chat_images::table
        .filter(chat_images::chat_id.eq(chat))
        .filter(chat_images::message_seq.eq(seq));
    let deleted = diesel::delete(of_message).returning(Deleted::as_returning());
    Ok(deleted.get_results(&mut &*connection).await?)
}

/// Records the keys of deleted images that no row names any more for removal; `tally` is what else goes of the chat's user.
pub(crate) async fn release(
    connection: &mut Connection,
    chat: &Chat,
    images: &[Deleted],
    mut tally: Tally,
    now: Time,
) -> Result<Vec<PendingDelete>> {
    for image in images {
        let usage = Usage {
            images: 1,
            blob_bytes: image.file_size.unwrap_or_default(),
            ..Usage::default()
        };
        tally.take(time(image.uploaded_at), usage);
    }
    let keys: Vec<_> = images.iter().filter_map(|i| i.s3_path.as_deref()).collect();
    let free = blob_ledger::sql::free(connection, &keys).await?;
    let free = free.into_iter().map(Target::Key).collect();
    let pending = blob_ledger::sql::pending::pend(connection, free, now).await?;
    usage::sql::apply(connection, &chat.user_id, &tally).await?;
    Ok(pending)
}

#[cfg(test)]
mod tests;
