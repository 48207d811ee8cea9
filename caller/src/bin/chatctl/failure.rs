//! How a command fails: what is written to standard error, and the exit code.

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use caller::{Error, contract::id::Uuid};
use serde_json::json;
use tonic::Code;

use crate::{Global, out::plain};

/// A failed flow that a rerun with this request id finishes.
#[derive(Debug)]
pub(crate) struct Repeatable {
    request_id: Uuid,
    error: Error,
}

impl Repeatable {
    /// Remembers the request id of a flow that fails.
    pub(crate) fn by(request_id: Uuid) -> impl Fn(Error) -> Self {
        move |error| Self { request_id, error }
    }
}

impl fmt::Display for Repeatable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        if code(&self.error) == 5 {
            write!(f, "\nrun it again with --request-id {}", self.request_id)?;
        }
        Ok(())
    }
}

impl std::error::Error for Repeatable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Writes what went wrong, and gives the exit code.
pub(crate) fn tell(error: &anyhow::Error, global: &Global) -> ExitCode {
    let mut chain = error.chain();
    if chain.any(|e| {
        e.downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    }) {
        // Whoever read our output has read enough.
        return ExitCode::SUCCESS;
    }
    let cause = error.chain().find_map(|e| e.downcast_ref::<Error>());
    let said = if global.json {
        json_of(error, cause).to_string()
    } else {
        format!("error: {}", text_of(error))
    };
    // Nothing is left to be done where standard error is closed.
    let _ = writeln!(io::stderr(), "{said}");
    ExitCode::from(cause.map_or(1, code))
}

/// The outermost text, and those behind it that it does not tell itself.
fn text_of(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    plain(&text)
}

fn json_of(error: &anyhow::Error, cause: Option<&Error>) -> serde_json::Value {
    let fields = cause.map(Error::fields).unwrap_or_default().into_iter();
    let fields: Vec<_> = fields
        .map(|f| json!({"field": f.field, "description": f.description}))
        .collect();
    let repeatable = error.chain().find_map(|e| e.downcast_ref::<Repeatable>());
    json!({"error": {
        "message": text_of(error),
        "code": cause.and_then(Error::code_name),
        "step": cause.and_then(Error::step),
        "reason": cause.and_then(Error::reason),
        "fields": fields,
        "request_id": repeatable.map(|r| r.request_id.to_string()),
    }})
}

/// The exit code of an error, as `--help` tells.
fn code(error: &Error) -> u8 {
    if error.is_transient() {
        return 5;
    }
    match error.code() {
        Some(Code::InvalidArgument | Code::OutOfRange) => 2,
        Some(Code::NotFound) => 3,
        Some(Code::AlreadyExists | Code::Aborted | Code::FailedPrecondition) => 4,
        Some(Code::DeadlineExceeded | Code::Cancelled) => 5,
        Some(
            Code::Ok
            | Code::Unknown
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
            | Code::Unauthenticated,
        )
        | None => 1,
    }
}
