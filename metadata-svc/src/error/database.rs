//! Errors of Postgres.

use contract::status;
use diesel::result::{
    DatabaseErrorKind::{ClosedConnection, UnableToSendCommand},
    Error::DatabaseError,
};
use tokio_postgres::error::SqlState;
use tonic::Status;

use super::Error;
use crate::postgres::{PoolError, sqlstate};

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        Self::Unreachable(error)
    }
}

/// What a caller is told of an error of Postgres: it may come back when the connection was lost, or by the class of the
/// SQLSTATE, 53 for resources and 57 for operators; all else is ours.
pub(super) fn told(error: &diesel::result::Error) -> Status {
    let lost = matches!(
        error,
        DatabaseError(ClosedConnection | UnableToSendCommand, _)
    );
    let state = sqlstate(error);
    let state = state.as_ref().map(SqlState::code);
    if lost || state.is_some_and(|state| ["53", "57"].iter().any(|class| state.starts_with(class)))
    {
        tracing::warn!(state, "the database cannot serve");
        return status::unavailable("the database cannot serve");
    }
    tracing::error!(state, %error, "the database failed");
    status::internal()
}
