//! Why metadata-svc has a connection type of its own: stock diesel-async names its statements, and a transaction pooler gives the
//! next transaction another server connection, which does not know the name.

use diesel::{IntoSql as _, select, sql_types::BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use tests::{
    Database, Storage,
    postgres::{PASSWORD, USER},
};
use tokio_postgres::NoTls;

use crate::{metadata::Metadata, storage::on_storage};

on_storage!(pgbouncer, PgBouncer:
    stock_diesel_async_misses_its_statement_on_another_server_connection,
    metadata_svc_misses_nothing_on_another_server_connection
);

async fn stock_diesel_async_misses_its_statement_on_another_server_connection(storage: Storage) {
    let store = storage.fresh();
    let database = store.database().expect("it is one");
    let mut other = connect(database).await;
    let mut asked = connect(database).await;

    hold(&mut other).await;
    assert_eq!(
        one(&mut asked).await,
        Ok(1),
        "on the connection that is free"
    );
    release(&mut other).await;
    let missed = one(&mut asked).await.expect_err("on the other one");
    let missed = missed.to_string();
    let is_named = missed.starts_with("prepared statement \"s");
    assert!(
        is_named && missed.ends_with("\" does not exist"),
        "{missed}"
    );
}

async fn metadata_svc_misses_nothing_on_another_server_connection(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let mut other = connect(metadata.database()).await;
    let chat = metadata.chat("t").await;
    for _ in 0..3 {
        hold(&mut other).await;
        let read = metadata.read(&chat.id).await;
        assert_eq!(read.expect("on the connection that is free"), chat);
        release(&mut other).await;
        let read = metadata.read(&chat.id).await;
        assert_eq!(read.expect("on the other one"), chat);
    }
}

/// A query whose statement diesel-async prepares once and keeps.
async fn one(connection: &mut AsyncPgConnection) -> diesel::QueryResult<i64> {
    select(1_i64.into_sql::<BigInt>())
        .get_result(connection)
        .await
}

/// Takes one of the two server connections away from others. Of those that are free, PgBouncer gives the last one that was
/// released.
async fn hold(connection: &mut AsyncPgConnection) {
    let held = connection.batch_execute("begin").await;
    held.expect("a transaction can begin");
}

async fn release(connection: &mut AsyncPgConnection) {
    let released = connection.batch_execute("commit").await;
    released.expect("it can end");
}

/// Stock diesel-async, through the pooler.
async fn connect(database: &Database) -> AsyncPgConnection {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(database.pooled_port());
    config.user(USER).password(PASSWORD).dbname(database.name());
    let (client, connection) = config.connect(NoTls).await.expect("PgBouncer is there");
    let connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
    connection.expect("it can be set up")
}
