//! Errors: which step of a flow failed, and why. What a service answered is kept whole.

use std::{io, path::PathBuf, time::Duration};

use contract::status::{KEY_USED_UP, Reason};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt as _};

/// What the functions of this crate answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a flow ended early. Whatever it is, the same flow may be run again with the same request id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A service refused, or could not be reached. `step` is the rpc.
    #[error("{step}: {}", describe(status))]
    Status {
        /// The rpc.
        step: &'static str,
        /// What was answered, or what the transport made of no answer.
        status: Box<Status>,
    },
    /// The flow's deadline came first. Whether the step had its effect is not known.
    #[error("{step}: out of time{}", last.as_ref().map(|l| format!("; before: {l}")).unwrap_or_default())]
    OutOfTime {
        /// The rpc that was under way.
        step: &'static str,
        /// Why the attempt before this one failed, if there was one.
        last: Option<String>,
    },
    /// A file of this machine could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The input cannot be sent; nothing was called.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field, for example `pictures[2].source`.
        field: String,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
    /// What was answered cannot be true, or is not what was promised.
    #[error("{step}: {problem}")]
    Broken {
        /// The rpc.
        step: &'static str,
        /// What is wrong.
        problem: String,
    },
}

impl Error {
    /// The gRPC code; `None` where no call was made or its answer was OK.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Status { status, .. } => Some(status.code()),
            Self::OutOfTime { .. } => Some(Code::DeadlineExceeded),
            Self::Invalid { .. } => Some(Code::InvalidArgument),
            Self::File { .. } | Self::Broken { .. } => None,
        }
    }

    /// The gRPC code as its specification spells it, for example `NOT_FOUND`.
    #[must_use]
    pub fn code_name(&self) -> Option<String> {
        self.code().map(name_of)
    }

    /// The rpc that failed, if one did.
    #[must_use]
    pub fn step(&self) -> Option<&'static str> {
        match self {
            Self::Status { step, .. }
            | Self::OutOfTime { step, .. }
            | Self::Broken { step, .. } => Some(step),
            Self::File { .. } | Self::Invalid { .. } => None,
        }
    }

    /// Why, for a program: `google.rpc.ErrorInfo.reason`, for example `REQUEST_ID_REUSED`.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        Some(self.status()?.get_details_error_info()?.reason)
    }

    /// Whether a row was refused because it names a key whose object was condemned: another key is needed.
    #[must_use]
    pub fn is_key_used_up(&self) -> bool {
        let failure = self
            .status()
            .and_then(|s| s.get_details_precondition_failure());
        let violations = failure.map(|f| f.violations).unwrap_or_default();
        self.code() == Some(Code::FailedPrecondition)
            && violations.iter().any(|v| v.r#type == KEY_USED_UP)
    }

    /// Every bad field, with what is wrong with it.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldViolation> {
        match self {
            Self::Invalid { field, problem } => vec![FieldViolation::new(field, problem)],
            Self::Status { status, .. } => {
                let request = status.get_details_bad_request();
                request.map(|r| r.field_violations).unwrap_or_default()
            }
            Self::OutOfTime { .. } | Self::File { .. } | Self::Broken { .. } => Vec::new(),
        }
    }

    /// What the service answered, if it did.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Status { status, .. } => Some(status),
            Self::OutOfTime { .. }
            | Self::File { .. }
            | Self::Invalid { .. }
            | Self::Broken { .. } => None,
        }
    }

    /// Whether the same call with the same request id may fare better a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Some(status) = self.status() else {
            return false;
        };
        match status.code() {
            Code::Unavailable => true,
            Code::ResourceExhausted => self.retry_after().is_some(),
            Code::Aborted => self.reason().as_deref() == Some(Reason::Conflict.as_str()),
            // Made by our own transport, not by a service: the connection broke, and the effect is unknown.
            Code::Unknown | Code::Internal | Code::Cancelled => {
                std::error::Error::source(status).is_some()
            }
            Code::Ok
            | Code::InvalidArgument
            | Code::DeadlineExceeded
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::DataLoss
            | Code::Unauthenticated => false,
        }
    }

    /// How long the service asks to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.status()?.get_details_retry_info()?.retry_delay
    }

    /// Names the step that a call was.
    pub(crate) fn at(step: &'static str) -> impl Fn(Status) -> Self {
        move |status| Self::Status {
            step,
            status: Box::new(status),
        }
    }

    /// Names the file that could not be read or written.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

/// `NotFound` is `NOT_FOUND`.
fn name_of(code: Code) -> String {
    let mut name = String::new();
    for c in format!("{code:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

/// The code, the text, and for an error of the transport what lies behind it.
fn describe(status: &Status) -> String {
    let mut text = format!("{}: {}", name_of(status.code()), status.message());
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{Violations, status};

    fn error(status: Status) -> Error {
        Error::at("CreateChat")(status)
    }

    #[test]
    fn every_bad_field_of_an_answer_is_named() {
        let mut v = Violations::default();
        v.add("chat.title", "is required");
        v.add("chat.user_id", "is required");
        let error = error(status::invalid_argument(v));
        let fields: Vec<_> = error.fields().into_iter().map(|f| f.field).collect();
        assert_eq!(fields, ["chat.title", "chat.user_id"]);
        assert_eq!(error.code(), Some(Code::InvalidArgument));
        assert!(
            error
                .to_string()
                .starts_with("CreateChat: INVALID_ARGUMENT: ")
        );
    }

    #[test]
    fn only_what_may_fare_better_is_tried_again() {
        let again = [
            status::unavailable("store"),
            status::overloaded("busy"),
            status::aborted(Reason::Conflict, "again"),
            Status::from_error(Box::new(io::Error::other("broken pipe"))),
        ];
        for status in again {
            assert!(error(status).is_transient());
        }
        let never = [
            status::over_limit("size", "too large"),
            status::aborted(Reason::EtagMismatch, "changed"),
            status::already_exists(Reason::RequestIdReused, "other content"),
            status::deadline_exceeded(),
            status::internal(),
            Status::unknown("said by the service"),
        ];
        for status in never {
            assert!(!error(status).is_transient());
        }
    }

    #[test]
    fn reason_and_wait_are_read_from_the_details() {
        let taken = error(status::already_exists(Reason::IdTaken, "taken"));
        assert_eq!(taken.reason().as_deref(), Some("ID_TAKEN"));
        let busy = error(status::overloaded("busy"));
        assert_eq!(busy.retry_after(), Some(status::RETRY_AFTER));
    }
}
