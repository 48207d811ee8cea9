//! Requests that no handler sees: tonic refuses what it cannot decode, in codes of its own.

use http::Response;
use tonic::{Code, Status, body::Body};

use crate::{status, violation::Violations};

/// How prost begins what it says of bytes that are no message.
const NO_MESSAGE: &str = "failed to decode Protobuf message";

/// Gives such an answer the code of our table: bytes that are no message of the method's type are `INVALID_ARGUMENT` (tonic
/// says `INTERNAL`), and a message over the limit is `RESOURCE_EXHAUSTED` (tonic says `OUT_OF_RANGE`, and nobody else here does).
pub(super) fn judged(answer: Response<Body>) -> Response<Body> {
    let Some(refused) = Status::from_header_map(answer.headers()) else {
        return answer;
    };
    if refused.code() == Code::OutOfRange {
        status::over_limit("request", "a message must be at most 4 MiB").into_http()
    } else if refused.code() == Code::Internal && refused.message().starts_with(NO_MESSAGE) {
        let mut v = Violations::default();
        v.add(
            "request",
            "must be a serialized message of the method's type, its texts UTF-8",
        );
        status::invalid_argument(v).into_http()
    } else {
        answer
    }
}
