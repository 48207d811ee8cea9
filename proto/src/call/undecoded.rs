//! Requests that no handler sees as a whole: tonic refuses what it cannot decode or read, in codes of its own.

use http::Response;
use tonic::{Code, Status, body::Body};

use crate::{status, violation::Violations};

/// How prost begins what it says of bytes that are no message.
const NO_MESSAGE: &str = "failed to decode Protobuf message";

/// Gives such an answer the code of our table: bytes that are no message of the method's type are `INVALID_ARGUMENT` (tonic
/// says `INTERNAL`), a message over the limit is `RESOURCE_EXHAUSTED` (tonic says `OUT_OF_RANGE`, and nobody else here does), and
/// a request that breaks off is `CANCELLED`, as its caller is gone (tonic says `UNKNOWN`, and nobody else here does).
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
    } else if refused.code() == Code::Unknown {
        Status::cancelled("the request broke off").into_http()
    } else {
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: Status) -> Option<Code> {
        let judged = judged(status.into_http());
        Status::from_header_map(judged.headers()).map(|status| status.code())
    }

    #[test]
    fn a_request_that_breaks_off_is_no_error_of_the_service() {
        let broken = Status::unknown("error reading a body from connection");
        assert_eq!(code(broken), Some(Code::Cancelled));
        assert_eq!(code(status::internal()), Some(Code::Internal));
    }
}
