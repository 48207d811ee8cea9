//! Settings: where Postgres is, as whom, and how it is reached. `DATABASE_URL` goes first; what it leaves out comes from
//! `DATABASE_HOST`, `_PORT`, `_NAME`, `_USER`, `_PASSWORD`, and what these leave out from `DB_HOST` and so on.
//! No value is ever repeated in a problem or a notice: any of them may hold a password.

mod read;

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::{tls::Tls, url::Password};

/// What one address may take to accept: a network that swallows packets must not hold up the next address.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// What sent bytes may stay unacknowledged, and how long a silent peer is left unasked: a server that is gone without a word is
/// found out in seconds, not in the two hours of TCP's defaults.
const SILENCE_LIMIT: Duration = Duration::from_secs(10);

/// How long a server connection is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolMode {
    /// As long as we hold it: statements may be kept on it.
    Session,
    /// For one transaction (`PgBouncer`, Supabase's port 6543): nothing may be kept on it.
    Transaction,
}

/// Where Postgres is and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    host: String,
    port: u16,
    database: String,
    user: String,
    password: Option<Password>,
    pub(super) tls: Tls,
    /// The schema of our tables.
    pub(crate) schema: String,
    pub(crate) pool_mode: PoolMode,
    /// How much is logged of what happens with the database.
    pub(crate) log_level: LevelFilter,
}

impl Settings {
    /// What connects, but for TLS.
    pub(super) fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.database)
            .user(&self.user)
            .application_name("metadata-svc")
            .connect_timeout(CONNECT_LIMIT)
            .tcp_user_timeout(SILENCE_LIMIT)
            .keepalives_idle(SILENCE_LIMIT);
        if let Some(Password(password)) = &self.password {
            config.password(password);
        }
        config
    }

    /// Where it is, for people: without user and password.
    pub(crate) fn place(&self) -> String {
        format!(
            "{}:{}/{}, schema {}",
            self.host, self.port, self.database, self.schema
        )
    }
}

#[cfg(test)]
mod tests;
