//! A connection for diesel-async. Stock diesel-async names every statement, and a transaction pooler hands the next
//! transaction another server connection, where that name means nothing or something else. So this one keeps named
//! statements in session mode alone; in transaction mode a statement has no name and takes one round trip, and nothing else is
//! kept on the server either.

mod bind;
mod error;
mod open;
mod row;
mod statements;

use diesel::{
    ConnectionResult, QueryResult,
    connection::{CacheSize, Instrumentation, InstrumentationEvent},
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection,
};
use futures::{
    FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, join, stream::BoxStream,
};
use tokio_postgres::{Client, RowStream};

use self::{bind::Bound, error::from_postgres, row::PgRow, statements::Statements};

pub(crate) use error::sqlstate;
pub(crate) use open::{ConnectError, connect};

/// A connection to Postgres. Queries that are polled together are pipelined: give each `&mut &connection`.
pub(crate) struct Connection {
    client: Client,
    /// `None` in transaction mode.
    statements: Option<Statements>,
    transactions: AnsiTransactionManager,
    instrumentation: Silent,
    /// Whether somebody waits for an answer, or did and hung up.
    pub(crate) is_asked: bool,
}

impl Connection {
    /// A connection over `client`; `keeps_statements` where the server connection is ours for as long as we hold it.
    fn over(client: Client, keeps_statements: bool) -> Self {
        Self {
            client,
            statements: keeps_statements.then(Statements::default),
            transactions: AnsiTransactionManager::default(),
            instrumentation: Silent,
            is_asked: false,
        }
    }

    /// Whether the server is known to be gone.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs what was built of a query.
    async fn run(&self, bound: QueryResult<Bound>) -> QueryResult<RowStream> {
        let Bound { sql, types, binds } = bound?;
        let Some(statements) = &self.statements else {
            let unnamed = self
                .client
                .query_typed_raw(&sql, binds.into_iter().zip(types));
            return unnamed.await.map_err(from_postgres);
        };
        let ran = match statements.find(&sql, &types) {
            Some(statement) => self.client.query_raw(&statement, binds).await,
            None => {
                let typed = binds.into_iter().zip(types.iter().cloned());
                // Both are sent at once: a query that waited for its statement would be overtaken by those sent behind it.
                let (made, ran) = join!(
                    statements.make(&self.client, &sql, &types),
                    self.client.query_typed_raw(&sql, typed),
                );
                made.and(ran)
            }
        };
        if let Err(error) = &ran {
            statements.forget_if_stale(&sql, error);
        }
        ran.map_err(from_postgres)
    }

    async fn rows(
        &self,
        bound: QueryResult<Bound>,
    ) -> QueryResult<BoxStream<'static, QueryResult<PgRow>>> {
        let as_row = PgRow::maker();
        let rows = self.run(bound).await?.map_err(from_postgres);
        Ok(rows.map_ok(as_row).boxed())
    }

    async fn count(&self, bound: QueryResult<Bound>) -> QueryResult<usize> {
        let rows = self.run(bound).await?;
        let mut rows = std::pin::pin!(rows);
        while rows
            .next()
            .await
            .transpose()
            .map_err(from_postgres)?
            .is_some()
        {}
        Ok(rows
            .rows_affected()
            .and_then(|count| count.try_into().ok())
            .unwrap_or_default())
    }
}

impl SimpleAsyncConnection for Connection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.client.batch_execute(sql).await.map_err(from_postgres)
    }
}

impl SimpleAsyncConnection for &Connection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.client.batch_execute(sql).await.map_err(from_postgres)
    }
}

impl AsyncConnectionCore for Connection {
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<PgRow>>;
    type Row<'conn, 'query> = PgRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        self.rows(Bound::of(&source.as_query())).boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        self.count(Bound::of(&source)).boxed()
    }
}

/// Pipelining: several queries of one connection under way at once.
impl<'a> AsyncConnectionCore for &'a Connection {
    type LoadFuture<'conn, 'query> = BoxFuture<'a, QueryResult<Self::Stream<'conn, 'query>>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'a, QueryResult<usize>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<PgRow>>;
    type Row<'conn, 'query> = PgRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        self.rows(Bound::of(&source.as_query())).boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        self.count(Bound::of(&source)).boxed()
    }
}

impl AsyncConnection for Connection {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(url: &str) -> ConnectionResult<Self> {
        open::by_url(url).await
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut self.instrumentation
    }

    /// Nothing to set: see [`Silent`].
    fn set_instrumentation(&mut self, _: impl Instrumentation) {}

    /// Nothing to set: the mode decides.
    fn set_prepared_statement_cache_size(&mut self, _: CacheSize) {}
}

/// diesel's instrumentation is told values and passwords; what is told of queries is in spans of ours.
struct Silent;

impl Instrumentation for Silent {
    fn on_connection_event(&mut self, _: InstrumentationEvent<'_>) {}
}

#[cfg(test)]
mod tests;
