//! The store: the embedded one, or Postgres. Both answer alike; what is asked of them names how each does it, side by side.

pub(crate) mod kv;

use contract::time::Time;
use futures::{FutureExt as _, future::BoxFuture};
use prost::Message;
use redb::ReadTransaction;
use tokio::task::JoinError;
use uuid::Uuid;

use self::kv::{Kv, Write};
use crate::{
    error::{Error, Result},
    postgres::Connection,
    request_id::Call,
    txn::Sql,
};

/// What a commit did, for those who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// This chat got messages, or is gone.
    Chat(Uuid),
    /// The service is ending.
    Stop,
}

/// The store; clones share it.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// Embedded: one process, one file.
    Kv(Kv),
    /// Postgres.
    Sql(Sql),
}

impl Store {
    /// Reads what `input` asks for.
    pub(crate) async fn read<I, T>(
        &self,
        input: I,
        kv: impl FnOnce(&ReadTransaction, I) -> Result<T> + Send + 'static,
        sql: impl for<'c> FnOnce(&'c mut Connection, I) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Kv(store) => store.read(move |txn| kv(txn, input)).await,
            Self::Sql(store) => store.read(move |connection| sql(connection, input)).await,
        }
    }

    /// Changes what `input` asks for all or, when it fails, nothing; returns when it is on disk.
    pub(crate) async fn write<I, T>(
        &self,
        input: I,
        kv: impl FnOnce(&Write, I) -> Result<T> + Send + 'static,
        sql: impl for<'c> Fn(&'c mut Connection, I, Time) -> BoxFuture<'c, Result<T>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T>
    where
        I: Clone + Send + Sync + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Kv(store) => store.write(move |txn| kv(txn, input)).await,
            Self::Sql(store) => {
                let changed =
                    store.write(move |connection, now| sql(connection, input.clone(), now));
                changed.await
            }
        }
    }

    /// Like [`Store::write`], once per request id: a repeated call gets the first one's answer.
    pub(crate) async fn once<I, T, A>(
        &self,
        call: Call,
        input: I,
        kv: impl FnOnce(&Write, I) -> Result<T> + Send + 'static,
        sql: impl for<'c> Fn(&'c mut Connection, I, Time) -> BoxFuture<'c, Result<T>>
        + Send
        + Sync
        + 'static,
        answer: fn(T) -> A,
    ) -> Result<A>
    where
        I: Clone + Send + Sync + 'static,
        T: 'static,
        A: Message + Default + 'static,
    {
        match self {
            Self::Kv(store) => {
                store
                    .once(call, move |txn| kv(txn, input).map(answer))
                    .await
            }
            Self::Sql(store) => {
                let changed = store.once(call, move |connection, now| {
                    let changed = sql(connection, input.clone(), now);
                    changed.map(move |changed| changed.map(answer)).boxed()
                });
                changed.await
            }
        }
    }
}

/// Runs what takes long or waits for the disk, off the runtime's workers and to its end.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    joined(tokio::task::spawn_blocking(work).await)
}

/// What a task came to.
pub(crate) fn joined<T>(ended: std::result::Result<Result<T>, JoinError>) -> Result<T> {
    match ended {
        Ok(done) => done,
        Err(error) if error.is_cancelled() => Err(Error::Stopping),
        Err(error) => Err(Error::Broken(error.to_string())),
    }
}

/// Reads a record out of its bytes.
pub(crate) fn decode<R: Message + Default>(bytes: &[u8]) -> Result<R> {
    R::decode(bytes).map_err(|error| Error::Broken(format!("a record of the store: {error}")))
}
