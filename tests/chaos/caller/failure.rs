//! Why a step did not end.

use tonic::{Code, Status};

/// Why a step did not end.
pub(super) struct Failure {
    pub(super) code: Option<Code>,
    pub(super) text: String,
}

impl Failure {
    /// Whether a service judged the call, and would judge it so again.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self.code,
            Some(
                Code::InvalidArgument
                    | Code::NotFound
                    | Code::AlreadyExists
                    | Code::FailedPrecondition
                    | Code::Internal
            )
        )
    }
}

impl From<caller::Error> for Failure {
    fn from(error: caller::Error) -> Self {
        Self {
            code: error.code(),
            text: error.to_string(),
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self {
            code: Some(status.code()),
            text: status.to_string(),
        }
    }
}
