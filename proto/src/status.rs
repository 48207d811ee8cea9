//! Statuses: how errors travel. Each function is one row of the table of errors: a code, its details (`google.rpc`), and a
//! text that holds nothing of SQL, S3 bodies, passwords or URLs.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::violation::Violations;

/// The domain of every [`Reason`] (`google.rpc.ErrorInfo.domain`).
pub const DOMAIN: &str = "chatstore";
/// When a caller may try again, where nothing better is known.
pub const RETRY_AFTER: Duration = Duration::from_millis(500);

/// The type (`google.rpc.PreconditionFailure`) of a key that was recorded for removal: no row may ever name it, so a new key is
/// needed.
pub const KEY_USED_UP: &str = "KEY_USED_UP";

/// Why, for a program: `google.rpc.ErrorInfo.reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request id was used before, with other content.
    RequestIdReused,
    /// A row of this id is there already.
    IdTaken,
    /// An object of this key is there already.
    KeyTaken,
    /// The etag differs: somebody else changed it.
    EtagMismatch,
    /// A serialization failure outlived its retries.
    Conflict,
    /// The caller is not allowed to do this.
    ScopeExceeded,
}

impl Reason {
    /// The reason in its wire form (`UPPER_SNAKE_CASE`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::IdTaken => "ID_TAKEN",
            Self::KeyTaken => "KEY_TAKEN",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::Conflict => "CONFLICT",
            Self::ScopeExceeded => "SCOPE_EXCEEDED",
        }
    }
}

/// `INVALID_ARGUMENT` with every bad field (`BadRequest`).
#[must_use]
pub fn invalid_argument(violations: Violations) -> Status {
    let found = violations.into_vec();
    let texts: Vec<_> = found
        .iter()
        .map(|v| format!("{}: {}", v.field, v.description))
        .collect();
    let fields: Vec<_> = found
        .into_iter()
        .map(|v| FieldViolation::new(v.field, v.description))
        .collect();
    Status::with_error_details(
        Code::InvalidArgument,
        texts.join("; "),
        ErrorDetails::with_bad_request(fields),
    )
}

/// `NOT_FOUND` with the noun (`chat`) and the name (its id or key) of what is absent (`ResourceInfo`).
#[must_use]
pub fn not_found(noun: &str, name: &str) -> Status {
    let details = ErrorDetails::with_resource_info(noun, name, "", "absent");
    Status::with_error_details(
        Code::NotFound,
        format!("{noun} {name} is not there"),
        details,
    )
}

/// `ALREADY_EXISTS` with its reason (`ErrorInfo`).
#[must_use]
pub fn already_exists(reason: Reason, text: impl Into<String>) -> Status {
    with_reason(Code::AlreadyExists, reason, text)
}

/// `ABORTED` with its reason (`ErrorInfo`): read again, then retry.
#[must_use]
pub fn aborted(reason: Reason, text: impl Into<String>) -> Status {
    with_reason(Code::Aborted, reason, text)
}

/// `PERMISSION_DENIED` with its reason (`ErrorInfo`).
#[must_use]
pub fn permission_denied(reason: Reason, text: impl Into<String>) -> Status {
    with_reason(Code::PermissionDenied, reason, text)
}

/// `FAILED_PRECONDITION` with what is in the wrong state (`PreconditionFailure`); `kind` is `UPPER_SNAKE_CASE`.
#[must_use]
pub fn failed_precondition(kind: &str, subject: &str, text: &str) -> Status {
    let details = ErrorDetails::with_precondition_failure_violation(kind, subject, text);
    Status::with_error_details(
        Code::FailedPrecondition,
        format!("{subject}: {text}"),
        details,
    )
}

/// `RESOURCE_EXHAUSTED` because a limit is passed for good (`QuotaFailure`).
#[must_use]
pub fn over_limit(subject: &str, text: &str) -> Status {
    let details = ErrorDetails::with_quota_failure_violation(subject, text);
    Status::with_error_details(
        Code::ResourceExhausted,
        format!("{subject}: {text}"),
        details,
    )
}

/// `RESOURCE_EXHAUSTED` because there is too much to do just now (`RetryInfo`).
#[must_use]
pub fn overloaded(text: &str) -> Status {
    Status::with_error_details(
        Code::ResourceExhausted,
        text,
        ErrorDetails::with_retry_info(Some(RETRY_AFTER)),
    )
}

/// `UNAVAILABLE` with the time to wait (`RetryInfo`).
#[must_use]
pub fn unavailable(text: &str) -> Status {
    Status::with_error_details(
        Code::Unavailable,
        text,
        ErrorDetails::with_retry_info(Some(RETRY_AFTER)),
    )
}

/// `DEADLINE_EXCEEDED`: whether the call had its effect is not known; the same request id tells.
#[must_use]
pub fn deadline_exceeded() -> Status {
    Status::deadline_exceeded(
        "out of time; repeat the call with the same request_id to learn what became of it",
    )
}

/// `INTERNAL` with a fixed text: the cause is logged where it arises and never sent.
#[must_use]
pub fn internal() -> Status {
    Status::internal("an error of the service; its log has the cause")
}

/// `UNIMPLEMENTED`: the contract has the rpc, this version does not serve it yet.
#[must_use]
pub fn unimplemented(rpc: &str) -> Status {
    Status::unimplemented(format!("{rpc} is not served by this version"))
}

fn with_reason(code: Code, reason: Reason, text: impl Into<String>) -> Status {
    let details =
        ErrorDetails::with_error_info(reason.as_str(), DOMAIN, [] as [(String, String); 0]);
    Status::with_error_details(code, text, details)
}
