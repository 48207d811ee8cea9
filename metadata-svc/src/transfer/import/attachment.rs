//! Images and search results on their way in. Without its message none comes in, nor an image whose key is used up.

use std::collections::{HashMap, HashSet};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{
        Array, BigInt, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
    },
};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::{Inserted, Row, Tallies, column, count, ids};
use crate::{
    blob_ledger,
    error::Result,
    image::{self, Image},
    postgres::{
        Connection,
        value::{jsonb, timestamp},
    },
    search_result::{self, SearchResult},
};

/// A message that is there.
#[derive(QueryableByName)]
struct Parent {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    chat_id: Uuid,
    #[diesel(sql_type = Text)]
    user_id: String,
}

/// Keeps others from deleting the messages; gives those that are there, each with its chat, and its user.
async fn lock_messages(
    connection: &mut Connection,
    messages: Vec<Uuid>,
) -> Result<HashMap<(Uuid, Uuid), String>> {
    let parents: Vec<Parent> = sql_query(include_str!("parents.sql"))
        .bind::<Array<SqlUuid>, _>(messages)
        .load(connection)
        .await?;
    let parents = parents
        .into_iter()
        .map(|parent| ((parent.chat_id, parent.id), parent.user_id));
    Ok(parents.collect())
}

pub(super) async fn insert_images(
    connection: &mut Connection,
    rows: &[&Row],
) -> Result<HashSet<Uuid>> {
    let images = rows.iter().filter_map(|row| {
        if let Row::Image(image) = row {
            Some(image)
        } else {
            None
        }
    });
    let mut images: Vec<_> = images.collect();
    let users = lock_messages(connection, column(&images, |i| i.message_id)).await?;
    images.retain(|image| users.contains_key(&(image.chat_id, image.message_id)));
    let keys = column(&images, |i| i.given.blob.key.as_str());
    let used_up = blob_ledger::sql::used_up(connection, &keys).await?;
    images.retain(|image| !used_up.contains(&image.given.blob.key.as_str()));
    let inserted = ids(insert_free_images(connection, &images).await?);
    images.retain(|image| inserted.contains(&image.given.id));

    let mut tallies = Tallies::default();
    for image in images {
        let user = users[&(image.chat_id, image.message_id)].clone();
        let tally = tallies.entry(user).or_default();
        tally.add(image.upload_time, image::kv::usage_of(image));
    }
    count(connection, &tallies).await?;
    Ok(inserted)
}

async fn insert_free_images(
    connection: &mut Connection,
    images: &[&Image],
) -> Result<Vec<Inserted>> {
    let inserted = sql_query(include_str!("images.sql"))
        .bind::<Array<SqlUuid>, _>(column(images, |i| i.given.id))
        .bind::<Array<SqlUuid>, _>(column(images, |i| i.chat_id))
        .bind::<Array<SqlUuid>, _>(column(images, |i| i.message_id))
        .bind::<Array<Text>, _>(column(images, |i| i.given.image_name.as_str()))
        .bind::<Array<Text>, _>(column(images, |i| i.given.blob.key.as_str()))
        .bind::<Array<Text>, _>(column(images, |i| i.given.image_type.as_str()))
        .bind::<Array<Text>, _>(column(images, |i| i.given.description.as_str()))
        .bind::<Array<Integer>, _>(column(images, |i| i.given.width))
        .bind::<Array<Integer>, _>(column(images, |i| i.given.height))
        .bind::<Array<BigInt>, _>(column(images, |i| i.given.blob.size_bytes))
        .bind::<Array<Text>, _>(column(images, |i| i.given.blob.sha256.as_str()))
        .bind::<Array<Text>, _>(column(images, |i| i.given.blob.content_type.as_str()))
        .bind::<Array<Bytea>, _>(column(images, |i| i.given.blob.receipt.to_vec()))
        .bind::<Array<Timestamptz>, _>(column(images, |i| timestamp(i.upload_time)))
        .load(connection)
        .await?;
    Ok(inserted)
}

pub(super) async fn insert_search_results(
    connection: &mut Connection,
    rows: &[&Row],
) -> Result<HashSet<Uuid>> {
    let results = rows.iter().filter_map(|row| {
        if let Row::SearchResult(result) = row {
            Some(result)
        } else {
            None
        }
    });
    let mut results: Vec<&SearchResult> = results.collect();
    let parents = lock_messages(connection, column(&results, |r| r.message_id)).await?;
    results.retain(|result| parents.contains_key(&(result.chat_id, result.message_id)));
    let inserted = sql_query(include_str!("search_results.sql"))
        .bind::<Array<SqlUuid>, _>(column(&results, |r| r.given.id))
        .bind::<Array<SqlUuid>, _>(column(&results, |r| r.chat_id))
        .bind::<Array<SqlUuid>, _>(column(&results, |r| r.message_id))
        .bind::<Array<Text>, _>(column(&results, |r| r.given.block_id.as_str()))
        .bind::<Array<Integer>, _>(column(&results, |r| r.given.page_number))
        .bind::<Array<Text>, _>(column(&results, |r| r.given.block_text.as_str()))
        .bind::<Array<Nullable<Jsonb>>, _>(column(&results, |r| {
            r.given.coords_norm.clone().map(jsonb)
        }))
        .bind::<Array<Nullable<Jsonb>>, _>(column(&results, |r| {
            r.given.coords_px.clone().map(jsonb)
        }))
        .bind::<Array<Timestamptz>, _>(column(&results, |r| timestamp(r.create_time)))
        .load(connection)
        .await?;
    Ok(ids(inserted))
}

pub(super) async fn find_images(connection: &mut Connection, ids: &[Uuid]) -> Result<Vec<Row>> {
    let found = image::sql::find_all(connection, ids).await?;
    Ok(found.into_iter().map(Row::Image).collect())
}

pub(super) async fn find_search_results(
    connection: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<Row>> {
    let found = search_result::sql::find_all(connection, ids).await?;
    Ok(found.into_iter().map(Row::SearchResult).collect())
}
