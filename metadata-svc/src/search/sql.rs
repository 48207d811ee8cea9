//! How words are found in Postgres: by a GIN index over the lexemes of each message, among which stand its user and its chat.
//!
//! Lexemes and matches are Postgres' own; scores count the words that are looked for, as in the embedded store. A tsvector knows
//! 255 places of a lexeme and 16,383 of a text: in a message of more words the score counts no further, and a phrase is not
//! found behind the last place.

use contract::id::Uuid;
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, QueryableByName,
    pg::data_types::PgTimestamp,
    sql_query,
    sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl as _;
use futures::{Stream, TryStreamExt as _};

use super::{
    Query,
    kv::{Filter, Hit, Rank},
};
use crate::{
    error::{Error, Result},
    message::sql::{MessageRow, role_text},
    postgres::{Connection, value::timestamp},
    schema::chats,
};

/// Before and behind every time.
const EVER: [PgTimestamp; 2] = [PgTimestamp(i64::MIN), PgTimestamp(i64::MAX)];

/// The messages of one chat, or of all chats of a user.
pub(crate) struct Scope(String);

impl Scope {
    /// A chat. One that is not the user's is absent to him.
    pub(crate) async fn chat(
        connection: &mut Connection,
        id: Uuid,
        user: Option<&str>,
    ) -> Result<Self> {
        let owner = chats::table
            .select(chats::user_id)
            .filter(chats::id.eq(id))
            .first(connection)
            .await;
        let owner: Option<String> = owner.optional()?;
        match owner {
            Some(owner) if user.is_none_or(|user| user == owner) => {
                Ok(Self(format!("'chat {id}'")))
            }
            _ => Err(Error::no_chat(id)),
        }
    }

    /// All chats of a user.
    pub(crate) fn user(id: &str) -> Self {
        let spelled = id.replace('\\', "\\\\").replace('\'', "''");
        Self(format!("'user {spelled}'"))
    }
}

/// Finds the messages that match, in order behind `after`: `size` of them, and one more when there are more. They come with
/// their content, one after the other.
pub(crate) async fn find(
    connection: &mut Connection,
    scope: &Scope,
    query: &Query,
    filter: &Filter,
    after: Option<Rank>,
    size: usize,
) -> Result<impl Stream<Item = Result<Hit>> + use<>> {
    let (typed, wanted): (Vec<_>, Vec<_>) = query.typed().unzip();
    let roles: Vec<_> = filter.roles.iter().copied().map(role_text).collect();
    let after = after.map_or((i64::MAX, EVER[1], i64::MAX, Uuid::max()), |rank| {
        let time = contract::time::Time::from_micros(rank.micros);
        (rank.score.into(), timestamp(time), rank.seq, rank.message)
    });
    let found = sql_query(include_str!("sql/find.sql"))
        .bind::<Text, _>(&scope.0)
        .bind::<Array<Text>, _>(typed)
        .bind::<Array<Text>, _>(wanted)
        .bind::<Array<Text>, _>(roles)
        .bind::<Timestamptz, _>(filter.start.map_or(EVER[0], timestamp))
        .bind::<Timestamptz, _>(filter.end.map_or(EVER[1], timestamp))
        .bind::<BigInt, _>(after.0)
        .bind::<Timestamptz, _>(after.1)
        .bind::<BigInt, _>(after.2)
        .bind::<SqlUuid, _>(after.3)
        .bind::<BigInt, _>(i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1))
        .load_stream::<Found>(connection)
        .await?;
    Ok(found
        .map_err(Error::from)
        .and_then(|found| async { found.into_hit() }))
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(embed)]
    message: MessageRow,
    #[diesel(sql_type = BigInt)]
    score: i64,
}

impl Found {
    fn into_hit(self) -> Result<Hit> {
        let message = self.message.into_message()?;
        let rank = Rank {
            score: u32::try_from(self.score).unwrap_or(u32::MAX),
            micros: message.create_time.micros(),
            seq: message.seq,
            message: message.given.id,
        };
        Ok(Hit { rank, message })
    }
}

#[cfg(test)]
mod tests;
