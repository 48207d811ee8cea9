//! Error: everything that can go wrong in a call, and the one table of what the caller is told of it.

mod database;

use contract::{
    Violations,
    status::{self, Reason},
};
use tonic::{Response, Status};
use uuid::Uuid;

use crate::{db::SchemaState, postgres::PoolError};

/// Why a call is not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum Error {
    /// The request is bad in itself.
    Invalid(Violations),
    /// A row is absent: its noun, its name.
    Absent(&'static str, String),
    /// A row of this id is there already: its noun, its id.
    IdTaken(&'static str, Uuid),
    /// The request id was used before, with other content.
    RequestIdReused(Uuid),
    /// The chat was changed since its etag was read.
    EtagMismatch(Uuid),
    /// The key was recorded for removal once: no row may name it.
    KeyUsedUp(String),
    /// A limit is passed for good: of what, and which.
    OverLimit(String, &'static str),
    /// The service is ending.
    Stopping,
    /// The embedded store failed.
    Store(redb::Error),
    /// Postgres refused, or was lost.
    Database(diesel::result::Error),
    /// The database's schema is not this build's.
    OtherSchema(SchemaState),
    /// The database was not reached yet.
    NotReached,
    /// There is no connection to Postgres.
    Unreachable(PoolError),
    /// Changes at the same time stood in each other's way until there were no attempts left.
    Conflict,
    /// A bug or a damaged record: what was found.
    Broken(String),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// How an rpc ends.
pub(crate) type Answer<T> = std::result::Result<Response<T>, Status>;

impl Error {
    /// The chat of this id is absent.
    pub(crate) fn no_chat(id: Uuid) -> Self {
        Self::Absent("chat", id.to_string())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(violations) => status::invalid_argument(violations),
            Error::Absent(noun, name) => status::not_found(noun, &name),
            Error::IdTaken(noun, id) => {
                status::already_exists(Reason::IdTaken, format!("{noun} {id} is there already"))
            }
            Error::RequestIdReused(id) => status::already_exists(
                Reason::RequestIdReused,
                format!("request_id {id} was used with other content"),
            ),
            Error::EtagMismatch(id) => status::aborted(
                Reason::EtagMismatch,
                format!("chat {id} has another etag: read it again"),
            ),
            Error::KeyUsedUp(key) => status::failed_precondition(
                status::KEY_USED_UP,
                &key,
                "is used up: its object was removed from the store, or is about to be; use a new key",
            ),
            Error::OverLimit(subject, limit) => status::over_limit(&subject, limit),
            Error::Stopping => status::unavailable("the service is ending"),
            Error::Store(error @ (redb::Error::Io(_) | redb::Error::PreviousIo)) => {
                tracing::error!(%error, "the store cannot be read or written");
                status::unavailable("the store cannot be read or written")
            }
            Error::Store(error) => {
                tracing::error!(%error, "the store failed");
                status::internal()
            }
            Error::Database(error) => database::told(&error),
            Error::OtherSchema(state) => status::unavailable(&state.to_string()),
            Error::NotReached => status::unavailable("the database is not reached yet"),
            Error::Unreachable(error) => {
                // Of a server that is away the pool has told, once for all calls that it refuses.
                if !matches!(error, PoolError::Away) {
                    tracing::warn!(%error, "the database is not reached");
                }
                status::unavailable("the database is not reached")
            }
            Error::Conflict => status::aborted(
                Reason::Conflict,
                "other changes at the same time stood in the way: try again",
            ),
            Error::Broken(found) => {
                tracing::error!(found, "broken");
                status::internal()
            }
        }
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl From<redb::StorageError> for Error {
    fn from(error: redb::StorageError) -> Self {
        Self::Store(error.into())
    }
}

impl From<redb::TableError> for Error {
    fn from(error: redb::TableError) -> Self {
        Self::Store(error.into())
    }
}

impl From<redb::TransactionError> for Error {
    fn from(error: redb::TransactionError) -> Self {
        Self::Store(error.into())
    }
}

impl From<redb::CommitError> for Error {
    fn from(error: redb::CommitError) -> Self {
        Self::Store(error.into())
    }
}

impl From<redb::SetDurabilityError> for Error {
    fn from(error: redb::SetDurabilityError) -> Self {
        Self::Store(error.into())
    }
}
