//! How answers are kept in Postgres. Two calls of one id take turns by a lock that ends with the transaction.

use std::time::Duration;

use contract::time::Time;
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, sql_query,
    sql_types::{Text, Timestamptz},
};
use diesel_async::RunQueryDsl as _;
use futures::{FutureExt as _, future::BoxFuture, join};
use prost::Message;
use tokio::time::sleep;
use uuid::Uuid;

use super::{Call, KEPT_MICROS};
use crate::{
    error::{Error, Result},
    postgres::{Connection, value::timestamp},
    schema::request_ids,
    store::decode,
    txn::Sql,
};

/// How often old answers are looked for.
const EVERY: Duration = Duration::from_secs(60);
/// The limit in `forget.sql`.
const FORGOTTEN_AT_ONCE: usize = 1_000;

impl Sql {
    /// Changes with `change`, once per request id: a repeated call gets the first one's answer.
    pub(crate) async fn once<A: Message + Default + 'static>(
        &self,
        call: Call,
        change: impl for<'c> Fn(&'c mut Connection, Time) -> BoxFuture<'c, Result<A>>
        + Send
        + Sync
        + 'static,
    ) -> Result<A> {
        let Some((id, digest)) = call.id else {
            return self.write(change).await;
        };
        let change = std::sync::Arc::new(change);
        self.write(move |connection, now| {
            let (digest, change) = (digest.clone(), change.clone());
            async move {
                if let Some((kept, answer)) = recall(connection, id).await? {
                    return if kept == digest {
                        decode(&answer)
                    } else {
                        Err(Error::RequestIdReused(id))
                    };
                }
                let answer = change(connection, now).await?;
                keep(connection, id, digest, &answer, now).await?;
                Ok(answer)
            }
            .boxed()
        })
        .await
    }

    /// Forgets answers that have been kept for long enough, for as long as the service lives.
    pub(crate) async fn keep_forgetting(self) {
        loop {
            match self.forget_answers().await {
                Ok(FORGOTTEN_AT_ONCE..) => {}
                Ok(_) => sleep(EVERY).await,
                Err(error) => {
                    tracing::debug!(?error, "old answers are not forgotten");
                    sleep(EVERY).await;
                }
            }
        }
    }

    /// Forgets some of the oldest; tells how many.
    pub(crate) async fn forget_answers(&self) -> Result<usize> {
        self.write(|connection, now| {
            async move {
                let before = Time::from_micros(now.micros() - KEPT_MICROS);
                let forget =
                    sql_query(include_str!("forget.sql")).bind::<Timestamptz, _>(timestamp(before));
                Ok(forget.execute(connection).await?)
            }
            .boxed()
        })
        .await
    }
}

/// Waits for others of this id, and then looks: a statement of its own, since one that waits does not see what it waited for.
async fn recall(connection: &mut Connection, id: Uuid) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let (mut first, mut second) = (&*connection, &*connection);
    let lock = sql_query("select pg_advisory_xact_lock(hashtextextended('request ' || $1, 0))")
        .bind::<Text, _>(id.to_string());
    let look = request_ids::table
        .select((request_ids::digest, request_ids::answer))
        .filter(request_ids::request_id.eq(id));
    let (locked, found) = join!(lock.execute(&mut first), look.first(&mut second));
    locked?;
    Ok(found.optional()?)
}

async fn keep(
    connection: &mut Connection,
    id: Uuid,
    digest: Vec<u8>,
    answer: &impl Message,
    now: Time,
) -> Result<()> {
    let row = (
        request_ids::request_id.eq(id),
        request_ids::digest.eq(digest),
        request_ids::answer.eq(answer.encode_to_vec()),
        request_ids::created_at.eq(timestamp(now)),
    );
    diesel::insert_into(request_ids::table)
        .values(row)
        .execute(connection)
        .await?;
    Ok(())
}
