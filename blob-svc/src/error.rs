//! How a call fails, and the one table that says so on the wire. Nothing of the store's answers gets into a status.

use crate::{s3, sign};
use contract::Violations;
use contract::status::{self, Reason};
use tonic::Status;

/// Why a call was not done.
#[derive(Debug)]
pub enum Error {
    /// Fields of the request are bad.
    Invalid(Violations),
    /// There is no object under this key.
    NoSuchKey(String),
    /// There is no such upload of this key.
    NoSuchUpload(String),
    /// There is an object under this key already.
    KeyTaken(String),
    /// The request id stored another object.
    RequestIdReused,
    /// The object does not have, or still has, the tag of the condition.
    Condition(String),
    /// The store takes no forms.
    NoForms,
    /// More bytes than the service takes; its limit.
    TooLarge(u64),
    /// The store does not let uploads in parts be listed or aborted.
    UploadsRefused,
    /// What would be signed now, the store would not take.
    CredentialsEnded,
    /// There is too much to do just now; of what.
    Overloaded(&'static str),
    /// The caller sent or took nothing for too long, or its time is out.
    Stalled,
    /// The store ended an object's bytes too early, or sent too many.
    BrokenOff,
    /// The call itself broke.
    Broken(Box<Status>),
    /// The store failed.
    Store(s3::Error),
}

impl Error {
    /// Says which object the store could not find.
    pub(crate) fn of_key(key: &str) -> impl FnOnce(s3::Error) -> Self {
        move |error| {
            if error == s3::Error::NoSuchKey {
                Self::NoSuchKey(key.to_owned())
            } else {
                Self::Store(error)
            }
        }
    }
}

impl From<s3::Error> for Error {
    fn from(error: s3::Error) -> Self {
        Self::Store(error)
    }
}

impl From<sign::Ended> for Error {
    fn from(_: sign::Ended) -> Self {
        Self::CredentialsEnded
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(violations) => status::invalid_argument(violations),
            Error::NoSuchKey(key) => status::not_found("object", &key),
            Error::NoSuchUpload(key) => status::not_found("upload", &key),
            Error::KeyTaken(key) => status::already_exists(
                Reason::KeyTaken,
                format!("an object {key} is there already"),
            ),
            Error::RequestIdReused => status::already_exists(
                Reason::RequestIdReused,
                "the request id stored another object",
            ),
            Error::Condition(key) => {
                status::failed_precondition("ETAG", &key, "the etag condition does not hold")
            }
            Error::NoForms => status::failed_precondition(
                "POST_POLICY",
                "store",
                "takes no forms: PresignPut signs for it",
            ),
            Error::UploadsRefused => status::failed_precondition(
                "UPLOADS",
                "store",
                "does not let this service list or abort uploads in parts: the bucket's lifecycle has to",
            ),
            Error::TooLarge(limit) => status::over_limit(
                "size_bytes",
                &format!("an object has at most {limit} bytes"),
            ),
            Error::CredentialsEnded => status::failed_precondition(
                "CREDENTIALS",
                "credentials",
                "this service's own at the store have ended: nothing can be signed until it has new ones",
            ),
            Error::Overloaded(what) => status::overloaded(what),
            Error::Stalled => status::deadline_exceeded(),
            Error::BrokenOff => {
                status::unavailable("the store broke off in the middle of the object")
            }
            Error::Broken(status) => *status,
            Error::Store(error) => of_store(error),
        }
    }
}

fn of_store(error: s3::Error) -> Status {
    match error {
        s3::Error::ConditionFailed => {
            let refused = "the store refuses it: it is taken, or a folder of the store's";
            status::failed_precondition("STORE", "key", refused)
        }
        s3::Error::NoSuchBucket => {
            status::failed_precondition("BUCKET", "bucket", "is not there: EnsureBuckets makes it")
        }
        s3::Error::TooLarge => {
            status::over_limit("size_bytes", "the store takes no object this large")
        }
        s3::Error::TooManyRequests => status::overloaded("the store is busy"),
        s3::Error::Unavailable | s3::Error::Malformed | s3::Error::Damaged => {
            status::unavailable("the store does not answer as it should")
        }
        // Our settings, our rights or our clock: nothing that a caller could mend.
        s3::Error::Forbidden
        | s3::Error::WrongPlace
        | s3::Error::ClockSkew
        | s3::Error::Unsupported
        | s3::Error::Refused
        | s3::Error::BucketExists
        | s3::Error::InvalidRange
        | s3::Error::NoSuchKey
        | s3::Error::NoSuchUpload
        | s3::Error::NoSuchSetting => {
            tracing::error!(%error, "the store refused");
            status::internal()
        }
    }
}
