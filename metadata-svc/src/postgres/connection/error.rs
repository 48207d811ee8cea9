//! Errors of Postgres as diesel's, with what diesel has no place for: the SQLSTATE. It stands in the message, and nothing
//! else does: Postgres' own text may repeat a value, and messages end up in logs. That text is in the details.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

const PREFIX: &str = "SQLSTATE ";

/// The SQLSTATE of an error that Postgres answered (appendix A of Postgres' documentation), for example `40P01`.
pub(crate) fn sqlstate(error: &Error) -> Option<SqlState> {
    let Error::DatabaseError(_, information) = error else {
        return None;
    };
    Some(SqlState::from_code(
        information.message().strip_prefix(PREFIX)?,
    ))
}

pub(super) fn from_postgres(error: tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(told) => {
            let message = format!("{PREFIX}{}", told.code().code());
            Error::DatabaseError(
                kind(told.code()),
                Box::new(Told {
                    message,
                    told: told.clone(),
                }),
            )
        }
        None if error.is_closed() => Error::DatabaseError(
            DatabaseErrorKind::ClosedConnection,
            Box::new(String::from("the connection is closed")),
        ),
        // What is left comes from the system or the protocol, and repeats no value.
        None => Error::DatabaseError(
            DatabaseErrorKind::UnableToSendCommand,
            Box::new(error.to_string()),
        ),
    }
}

fn kind(code: &SqlState) -> DatabaseErrorKind {
    match *code {
        SqlState::UNIQUE_VIOLATION => DatabaseErrorKind::UniqueViolation,
        SqlState::FOREIGN_KEY_VIOLATION => DatabaseErrorKind::ForeignKeyViolation,
        SqlState::RESTRICT_VIOLATION => DatabaseErrorKind::RestrictViolation,
        SqlState::EXCLUSION_VIOLATION => DatabaseErrorKind::ExclusionViolation,
        SqlState::T_R_SERIALIZATION_FAILURE => DatabaseErrorKind::SerializationFailure,
        SqlState::READ_ONLY_SQL_TRANSACTION => DatabaseErrorKind::ReadOnlyTransaction,
        SqlState::NOT_NULL_VIOLATION => DatabaseErrorKind::NotNullViolation,
        SqlState::CHECK_VIOLATION => DatabaseErrorKind::CheckViolation,
        _ => DatabaseErrorKind::Unknown,
    }
}

/// What Postgres told.
struct Told {
    message: String,
    told: DbError,
}

impl DatabaseErrorInformation for Told {
    fn message(&self) -> &str {
        &self.message
    }

    fn details(&self) -> Option<&str> {
        Some(self.told.message())
    }

    fn hint(&self) -> Option<&str> {
        self.told.hint()
    }

    fn table_name(&self) -> Option<&str> {
        self.told.table()
    }

    fn column_name(&self) -> Option<&str> {
        self.told.column()
    }

    fn constraint_name(&self) -> Option<&str> {
        self.told.constraint()
    }

    fn statement_position(&self) -> Option<i32> {
        match self.told.position()? {
            ErrorPosition::Original(position) | ErrorPosition::Internal { position, .. } => {
                (*position).try_into().ok()
            }
        }
    }
}
