//! How answers are kept in Postgres. Two calls of one id take turns by a lock that ends with the transaction.

use std::{collections::HashMap, time::Duration};

use contract::time::Time;
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, sql_query,
    sql_types::{Array, Bytea, Text, Timestamptz, Uuid as SqlUuid},
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

/// What `calls` were answered before, as far as they were: by request id.
///
/// # Errors
/// A call whose request id was used with other content has that as its answer.
pub(crate) async fn recall_all<A: Message + Default>(
    connection: &mut Connection,
    calls: impl Iterator<Item = &Call>,
) -> Result<HashMap<Uuid, Result<A>>> {
    let digests = calls.filter_map(|call| call.id.as_ref());
    let digests: HashMap<_, _> = digests.map(|(id, digest)| (*id, digest)).collect();
    if digests.is_empty() {
        return Ok(HashMap::new());
    }
    let kept: Vec<(Uuid, Vec<u8>, Vec<u8>)> = request_ids::table
        .select((
            request_ids::request_id,
            request_ids::digest,
            request_ids::answer,
        ))
        .filter(request_ids::request_id.eq_any(digests.keys()))
        .load(connection)
        .await?;
    let answers = kept.into_iter().map(|(id, digest, answer)| {
        let is_same = digests.get(&id) == Some(&&digest);
        let reused = Err(Error::RequestIdReused(id));
        (id, if is_same { decode(&answer) } else { reused })
    });
    Ok(answers.collect())
}

/// Keeps the answers of calls, in the order of their ids, so that two who keep the same ones never wait for each other.
///
/// # Errors
/// A unique violation when one was answered before.
pub(crate) async fn keep_all<'a, A: Message + 'a>(
    connection: &Connection,
    answers: impl Iterator<Item = (&'a Call, &'a A)>,
    now: Time,
) -> Result<()> {
    let answers = answers.filter_map(|(call, answer)| Some((call.id.as_ref()?, answer)));
    let mut answers: Vec<_> = answers.collect();
    if answers.is_empty() {
        return Ok(());
    }
    answers.sort_by_key(|((id, _), _)| *id);
    let of = |(_, answer): &(_, &A)| answer.encode_to_vec();
    sql_query(include_str!("keep.sql"))
        .bind::<Array<SqlUuid>, _>(answers.iter().map(|((id, _), _)| *id).collect::<Vec<_>>())
        .bind::<Array<Bytea>, _>(answers.iter().map(|((_, d), _)| d).collect::<Vec<_>>())
        .bind::<Array<Bytea>, _>(answers.iter().map(of).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(timestamp(now))
        .execute(&mut &*connection)
        .await?;
    Ok(())
}
