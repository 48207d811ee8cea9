//! Batches: a few messages indexed in one transaction, small enough that nobody notices it.

use contract::id::Uuid;
use diesel::{
    OptionalExtension as _, QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures::FutureExt as _;

use super::{is_of_a_message, took_too_long};
use crate::{
    error::{Error, Result},
    postgres::Connection,
    txn::Sql,
};

/// How many messages a batch has at most. `batch.sql` says so itself, or the planner would expect a tenth of the table.
pub(super) const ROWS: usize = 500;

/// 1 MiB of prose takes 0.2 s, but Postgres' parser reads some texts again from each of their characters: 16 KB of `-1.e-1.e…` take
/// 1 s, and 1 MiB more than an hour. The commit waits for no disk: were it lost, the notes would be there again.
const LIMITS: &str = "set local statement_timeout = '2s'; set local synchronous_commit = off";

/// What is tried first of a message that cannot be indexed as a whole: half of the longest.
const CHARS: i32 = 1 << 19;

/// What was done with the notes at the front.
pub(super) struct Batch {
    /// How many of them have gone.
    pub(super) taken: usize,
    /// Whether nothing is left that could be taken.
    pub(super) is_last: bool,
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    seen: i64,
    #[diesel(sql_type = BigInt)]
    taken: i64,
}

/// Indexes a batch.
pub(super) async fn index(sql: &Sql) -> Result<Batch> {
    let counts = sql.write(|connection, _| {
        async move {
            connection.batch_execute(LIMITS).await?;
            let counts: Counts = sql_query(include_str!("batch.sql"))
                .get_result(connection)
                .await?;
            Ok(counts)
        }
        .boxed()
    });
    let Counts { seen, taken } = counts.await?;
    let taken = usize::try_from(taken).unwrap_or_default();
    let seen = usize::try_from(seen).unwrap_or_default();
    Ok(Batch {
        taken,
        is_last: taken == 0 || (taken == seen && seen < ROWS),
    })
}

/// Indexes the message at the front, or as much of it as can be. One that is being deleted is left for later.
pub(super) async fn index_front(sql: &Sql) -> Result<Batch> {
    let taken = sql.write(|connection, _| {
        async move {
            connection.batch_execute(LIMITS).await?;
            let front = sql_query(include_str!("front.sql"))
                .get_result(connection)
                .await;
            let Some(front): Option<Front> = front.optional()? else {
                return Ok(0);
            };
            let is_indexed = front.index(connection).await?;
            let taken = sql_query(include_str!("taken.sql"))
                .bind::<Text, _>(front.place)
                .bind::<SqlUuid, _>(front.message_id)
                .bind::<Bool, _>(is_indexed);
            Ok(taken.execute(connection).await?)
        }
        .boxed()
    });
    let taken = taken.await?;
    Ok(Batch {
        taken,
        is_last: taken == 0,
    })
}

/// The first note that nobody holds.
#[derive(QueryableByName)]
struct Front {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = SqlUuid)]
    message_id: Uuid,
}

impl Front {
    /// Indexes all of it, else half, and so on; of one that took too long a 16th, since that takes a 256th of the time. Tells
    /// whether it is indexed.
    async fn index(&self, connection: &mut Connection) -> Result<bool> {
        let mut chars = None;
        loop {
            let part = connection
                .transaction(async |connection| self.index_part(connection, chars).await)
                .await;
            chars = match part {
                Err(Error::Database(error)) if chars != Some(0) && is_of_a_message(&error) => {
                    let divisor = if took_too_long(&error) { 16 } else { 2 };
                    Some(chars.map_or(CHARS, |chars| chars / divisor))
                }
                indexed => {
                    if let Some(chars) = chars {
                        tracing::warn!(message_id = %self.message_id, chars, "no more of a message can be indexed");
                    }
                    return Ok(indexed? > 0);
                }
            };
        }
    }

    /// Indexes the first `chars` characters, or all.
    async fn index_part(&self, connection: &mut Connection, chars: Option<i32>) -> Result<usize> {
        let one = sql_query(include_str!("one.sql"))
            .bind::<SqlUuid, _>(self.message_id)
            .bind::<Nullable<Integer>, _>(chars);
        Ok(one.execute(connection).await?)
    }
}
