//! How messages go from Postgres, with what belongs to them.

use contract::{id::Uuid, time::Time};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, pg::data_types::PgTimestamp,
};
use diesel_async::RunQueryDsl as _;
use futures::join;

use crate::{
    error::{Error, Result},
    image,
    message::kv::{Deleted, ONE},
    postgres::{Connection, value::time},
    schema::chat_messages,
    search_result,
    usage::Tally,
};

/// Deletes a message with what belongs to it, and records the keys that no row names any more for removal.
pub(crate) async fn delete(connection: &mut Connection, id: Uuid, now: Time) -> Result<Deleted> {
    let (chat, seq) = super::find_to_change(connection, id).await?;
    let (images, search_results, create_time) = {
        let connection = &*connection;
        join!(
            image::sql::delete_of_message(connection, chat.id, seq),
            search_result::sql::delete_of_message(connection, chat.id, seq),
            delete_alone(connection, id),
        )
    };
    let images = images?;
    let search_results = search_results?;
    let mut tally = Tally::default();
    tally.take(create_time?, ONE);
    let pending = image::sql::release(connection, &chat, &images, tally, now).await?;
    Ok(Deleted {
        images: images.len(),
        search_results,
        pending,
    })
}

/// Deletes the message's own row; tells when it was made. Its words go with it, and a note that they are to be indexed may
/// stay.
async fn delete_alone(connection: &Connection, id: Uuid) -> Result<Time> {
    let deleted = diesel::delete(chat_messages::table.filter(chat_messages::id.eq(id)))
        .returning(chat_messages::created_at)
        .get_result::<PgTimestamp>(&mut &*connection);
    let create_time = deleted.await.optional()?.map(time);
    create_time.ok_or_else(|| Error::Absent("message", id.to_string()))
}
