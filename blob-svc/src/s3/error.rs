//! How a call on the store can fail, told apart by what a caller can do about it.

use rusoto_core::RusotoError;

/// Why the store did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such object.
    #[error("no such key")]
    NoSuchKey,
    /// There is no such bucket.
    #[error("no such bucket")]
    NoSuchBucket,
    /// There is no such multipart upload.
    #[error("no such upload")]
    NoSuchUpload,
    /// The bucket has no such setting.
    #[error("no such setting")]
    NoSuchSetting,
    /// The bucket is there already.
    #[error("the bucket exists")]
    BucketExists,
    /// The credentials are wrong, or do not allow this.
    #[error("access denied")]
    Forbidden,
    /// A condition of the request does not hold: the key is taken, or the entity tag differs.
    #[error("a condition does not hold")]
    ConditionFailed,
    /// The range begins behind the object's end.
    #[error("the range is not satisfiable")]
    InvalidRange,
    /// The body did not arrive as it was declared or signed.
    #[error("the body arrived damaged")]
    Damaged,
    /// The object is larger than the store takes.
    #[error("the object is too large")]
    TooLarge,
    /// The store asks for fewer requests.
    #[error("too many requests")]
    TooManyRequests,
    /// Our clock and the store's differ by more than signatures allow.
    #[error("the clocks differ")]
    ClockSkew,
    /// The bucket is served in another region or at another endpoint.
    #[error("wrong region or endpoint")]
    WrongPlace,
    /// The store does not know this request.
    #[error("not supported")]
    Unsupported,
    /// The store refused for a reason of its own.
    #[error("refused")]
    Refused,
    /// The store could not be reached, did not answer in time, or failed. Whether it did what was asked is unknown.
    #[error("unavailable")]
    Unavailable,
    /// The answer is not what the protocol allows. Whether the store did what was asked is unknown.
    #[error("malformed answer")]
    Malformed,
}

impl Error {
    const ALL: [Self; 17] = [
        Self::NoSuchKey,
        Self::NoSuchBucket,
        Self::NoSuchUpload,
        Self::NoSuchSetting,
        Self::BucketExists,
        Self::Forbidden,
        Self::ConditionFailed,
        Self::InvalidRange,
        Self::Damaged,
        Self::TooLarge,
        Self::TooManyRequests,
        Self::ClockSkew,
        Self::WrongPlace,
        Self::Unsupported,
        Self::Refused,
        Self::Unavailable,
        Self::Malformed,
    ];

    /// Of work that was under way: behind its grace period a sweep ends uploads and removes what is staged, and then the store
    /// does not know them any more. Begun anew, the same work succeeds.
    pub(crate) fn swept(self) -> Self {
        if matches!(self, Self::NoSuchUpload | Self::NoSuchKey) {
            return Self::Unavailable;
        }
        self
    }

    /// Reads a failed answer: by its `<Code>` where that is known, else by its status.
    /// Codes: "Error responses", Amazon S3 API Reference.
    pub(super) fn of_answer(status: u16, code: Option<&str>, names_key: bool) -> Self {
        code.and_then(Self::of_code)
            .unwrap_or_else(|| Self::of_status(status, names_key))
    }

    /// Reads the `<Code>` of an error answer, or of one key in the answer of `DeleteObjects`.
    pub(super) fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "NoSuchKey" => Self::NoSuchKey,
            "NoSuchBucket" => Self::NoSuchBucket,
            "NoSuchUpload" => Self::NoSuchUpload,
            "NoSuchBucketPolicy" | "NoSuchCORSConfiguration" | "NoSuchLifecycleConfiguration" => {
                Self::NoSuchSetting
            }
            "BucketAlreadyOwnedByYou" | "BucketAlreadyExists" => Self::BucketExists,
            "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "NotSignedUp" => {
                Self::Forbidden
            }
            "PreconditionFailed" | "ConditionalRequestConflict" => Self::ConditionFailed,
            "InvalidRange" => Self::InvalidRange,
            "BadDigest" | "InvalidDigest" | "IncompleteBody" | "XAmzContentSHA256Mismatch" => {
                Self::Damaged
            }
            "EntityTooLarge" => Self::TooLarge,
            "SlowDown" | "TooManyRequests" | "RequestLimitExceeded" => Self::TooManyRequests,
            "RequestTimeTooSkewed" => Self::ClockSkew,
            "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" => {
                Self::WrongPlace
            }
            "NotImplemented" | "MethodNotAllowed" => Self::Unsupported,
            "RequestTimeout" | "OperationAborted" | "InternalError" | "ServiceUnavailable" => {
                Self::Unavailable
            }
            _ => return None,
        })
    }

    fn of_status(status: u16, names_key: bool) -> Self {
        match status {
            301 | 302 | 307 | 308 => Self::WrongPlace,
            401 | 403 => Self::Forbidden,
            404 if names_key => Self::NoSuchKey,
            404 => Self::NoSuchBucket,
            304 | 409 | 412 => Self::ConditionFailed,
            413 => Self::TooLarge,
            416 => Self::InvalidRange,
            429 => Self::TooManyRequests,
            405 | 501 => Self::Unsupported,
            500.. => Self::Unavailable,
            _ => Self::Refused,
        }
    }

    /// Whether the same request may do better a little later.
    pub(super) fn is_transient(self) -> bool {
        matches!(self, Self::TooManyRequests | Self::Unavailable)
    }
}

/// Our dispatcher reads every failure itself and sends its name through rusoto, which carries nothing but text. What rusoto
/// says on its own is about an answer that it could not read.
impl<E> From<RusotoError<E>> for Error {
    fn from(error: RusotoError<E>) -> Self {
        let RusotoError::HttpDispatch(failure) = error else {
            return Self::Malformed;
        };
        let name = failure.to_string();
        Self::ALL
            .into_iter()
            .find(|known| known.to_string() == name)
            .unwrap_or(Self::Unavailable)
    }
}
