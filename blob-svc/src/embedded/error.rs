//! How the backend fails: refusals, which are S3's words, and failures of the disk, which stay here.

use s3s::{S3Error, S3ErrorCode};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("refused: {}", .0.as_str())]
    Refused(S3ErrorCode),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Open(#[from] redb::DatabaseError),
    #[error(transparent)]
    Transaction(#[from] Box<redb::TransactionError>),
    #[error(transparent)]
    Table(#[from] redb::TableError),
    #[error(transparent)]
    Storage(#[from] redb::StorageError),
    #[error(transparent)]
    Commit(#[from] redb::CommitError),
    #[error("an entry of the index cannot be read")]
    Entry(#[from] serde_json::Error),
}

impl From<S3ErrorCode> for Error {
    fn from(code: S3ErrorCode) -> Self {
        Self::Refused(code)
    }
}

impl From<redb::TransactionError> for Error {
    fn from(error: redb::TransactionError) -> Self {
        Self::Transaction(Box::new(error))
    }
}

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        if let Error::Refused(code) = error {
            return code.into();
        }
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the embedded store's disk failed"
        );
        S3ErrorCode::InternalError.into()
    }
}
