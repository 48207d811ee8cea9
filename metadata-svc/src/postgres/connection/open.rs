//! How a connection comes to be: reached within a limit of time, over TLS as the settings want it, in its schema.

use std::time::Duration;

use contract::settings;
use diesel::{ConnectionError, ConnectionResult};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::Connection;
use crate::postgres::{PoolMode, Settings};

/// What reaching, TLS and authentication may take in all. Who waits for a pooled connection gives up sooner; it is made for
/// the next.
const LIMIT: Duration = Duration::from_secs(5);

/// Why there is no connection. What is told holds neither password nor SQL.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The server did not answer in time.
    #[error("it did not answer within {} s", LIMIT.as_secs())]
    Timeout,
    /// The CA cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The server refused, or was not reached.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The server has closed the connection.
    #[error("it closed the connection")]
    Closed,
    /// The connection does not see our tables.
    #[error(
        "its schema is {found}, not {wanted}; a transaction pooler lets a connection set nothing, so give the role the schema: \
         alter role … set search_path = {wanted}"
    )]
    Schema {
        /// The schema that it sees first.
        found: String,
        /// `DATABASE_SCHEMA`.
        wanted: String,
    },
}

/// Connects; nothing is set on the connection yet.
///
/// # Errors
/// When the server cannot be reached in time, as the settings want it.
pub(crate) async fn connect(settings: &Settings) -> Result<Client, ConnectError> {
    let connected = timeout(LIMIT, attempt(settings)).await;
    connected.map_err(|_| ConnectError::Timeout)?
}

async fn attempt(settings: &Settings) -> Result<Client, ConnectError> {
    let connector = settings.tls.connector()?;
    let mut config = settings.config();
    let (last, first) = settings.tls.attempts();
    for mode in first {
        // What the last one says counts.
        if let Ok(client) = reach(config.ssl_mode(*mode), connector.clone()).await {
            return Ok(client);
        }
    }
    Ok(reach(config.ssl_mode(*last), connector).await?)
}

async fn reach(
    config: &tokio_postgres::Config,
    connector: tokio_postgres_rustls::MakeRustlsConnect,
) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(connector).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::info!(error = told(&error), "a connection to Postgres ended");
        }
    });
    Ok(client)
}

impl Connection {
    /// Connects, and makes sure that unqualified names mean our schema's tables.
    ///
    /// # Errors
    /// As [`connect`], and when the schema is not seen.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, ConnectError> {
        let opened = timeout(LIMIT, async {
            let client = attempt(settings).await?;
            let keeps = settings.pool_mode == PoolMode::Session;
            if keeps {
                client
                    .batch_execute(&format!("set search_path to \"{}\"", settings.schema))
                    .await?;
            }
            demand_schema(&client, &settings.schema).await?;
            Ok(Self::over(client, keeps))
        });
        opened.await.map_err(|_| ConnectError::Timeout)?
    }
}

async fn demand_schema(client: &Client, wanted: &str) -> Result<(), ConnectError> {
    let rows = client
        .query_typed("select current_schema()::text", &[])
        .await?;
    let found = rows.first().and_then(|row| row.get::<_, Option<String>>(0));
    if found.as_deref() == Some(wanted) {
        Ok(())
    } else {
        Err(ConnectError::Schema {
            found: found.unwrap_or_else(|| "none".to_owned()),
            wanted: wanted.to_owned(),
        })
    }
}

/// diesel-async's own way in: by a URL alone.
pub(super) async fn by_url(url: &str) -> ConnectionResult<Connection> {
    let find = |name: &str| (name == "DATABASE_URL").then(|| url.to_owned());
    let settings = settings::from(&find, |settings| Settings::read(settings, &mut Vec::new()));
    let refused = |why: String| ConnectionError::InvalidConnectionUrl(why);
    let settings = settings.map_err(|problems| refused(problems.to_string()))?;
    let settings = settings.ok_or_else(|| refused("it is empty".to_owned()))?;
    let opened = Connection::open(&settings).await;
    opened.map_err(|error| ConnectionError::BadConnection(error.to_string()))
}

/// What happened, down to its cause: tokio-postgres' own text stops at "error connecting to server".
fn told(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
