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

impl Error {
    /// Whether the database could not be asked at all: whoever asks next is not better off.
    pub(crate) fn is_away(&self) -> bool {
        if let Self::Database(error) = self {
            return cannot_serve(error);
        }
        matches!(
            self,
            Self::Unreachable(_) | Self::NotReached | Self::OtherSchema(_)
        )
    }
}

/// Whether the connection was lost, or the server cannot serve, by the class of the SQLSTATE: 53 for resources, 57 for
/// operators, and 08 for what poolers have to say.
fn cannot_serve(error: &diesel::result::Error) -> bool {
    let lost = matches!(
        error,
        DatabaseError(ClosedConnection | UnableToSendCommand, _)
    );
    lost || sqlstate(error).is_some_and(|state| {
        let classes = ["08", "53", "57"];
        classes.iter().any(|class| state.code().starts_with(class))
    })
}

/// What a caller is told of an error of Postgres: it may come back when the database cannot serve; all else is ours.
pub(super) fn told(error: &diesel::result::Error) -> Status {
    let state = sqlstate(error);
    let state = state.as_ref().map(SqlState::code);
    if cannot_serve(error) {
        tracing::warn!(state, "the database cannot serve");
        return status::unavailable("the database cannot serve");
    }
    tracing::error!(state, %error, "the database failed");
    status::internal()
}
