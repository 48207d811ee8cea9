//! The methods of the contract: how long a call of each may take, and what its calls took.

use std::{
    array,
    collections::HashMap,
    sync::{LazyLock, OnceLock},
    time::Duration,
};

use metrics::{
    Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::Code;

use crate::FILE_DESCRIPTOR_SET;

/// The longest a unary call takes.
const UNARY_LIMIT: Duration = Duration::from_secs(60);
/// The unary calls that take long: one reads a whole object back before it answers, one ends any number of uploads.
const LONG: [&str; 2] = ["CompleteMultipartUpload", "AbortStaleUploads"];
/// The longest that a streaming call takes, or one of [`LONG`]; whoever watches for longer resumes.
const STREAM_LIMIT: Duration = Duration::from_secs(3_600);

const DURATION: &str = "rpc_server_call_duration_seconds";
const ACTIVE: &str = "rpc_server_active_calls";
const SHED: &str = "rpc_server_shed_calls_total";

/// The names of the codes (gRPC, "Status codes and their use in gRPC"), by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Every method of the contract, by path (`/package.Service/Method`).
static METHODS: LazyLock<HashMap<String, Method>> = LazyLock::new(|| {
    describe();
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
    let services = set
        .file
        .iter()
        .flat_map(|file| file.service.iter().map(move |s| (file.package(), s)));
    services
        .flat_map(|(package, service)| {
            service.method.iter().map(move |method| {
                let long = method.client_streaming()
                    || method.server_streaming()
                    || LONG.contains(&method.name());
                let name = format!("{package}.{}/{}", service.name(), method.name());
                (format!("/{name}"), Method::new(name, long))
            })
        })
        .collect()
});

/// How many calls are under way.
static ACTIVE_CALLS: LazyLock<Gauge> = LazyLock::new(|| gauge!(ACTIVE));

/// A method of the contract.
pub(super) struct Method {
    name: String,
    /// How long a call may take.
    pub(super) limit: Duration,
    /// By code; each registered when it is first measured, so that a call allocates nothing.
    durations: [OnceLock<Histogram>; CODES.len()],
}

/// The method that `path` names; `None` for what is not of the contract: health and reflection.
pub(super) fn of_path(path: &str) -> Option<&'static Method> {
    METHODS.get(path)
}

/// A call has begun.
pub(super) fn begun() {
    ACTIVE_CALLS.increment(1.0);
}

/// A call was refused before it began.
pub(super) fn shed() {
    counter!(SHED).increment(1);
}

impl Method {
    fn new(name: String, long: bool) -> Self {
        Self {
            name,
            limit: if long { STREAM_LIMIT } else { UNARY_LIMIT },
            durations: array::from_fn(|_| OnceLock::new()),
        }
    }

    /// A call that had begun has ended.
    pub(super) fn ended(&'static self, code: Code, took: Duration) {
        ACTIVE_CALLS.decrement(1.0);
        let number = usize::try_from(i32::from(code)).unwrap_or_default();
        let of_code = self.durations.get(number).zip(CODES.get(number));
        if let Some((duration, &code)) = of_code {
            let register = || histogram!(DURATION, "rpc_method" => self.name.as_str(), "rpc_response_status_code" => code);
            duration.get_or_init(register).record(took);
        }
    }
}

fn describe() {
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "How long calls took, to the end of the answer; by method and code."
    );
    describe_gauge!(ACTIVE, Unit::Count, "Calls under way, streams among them.");
    describe_counter!(
        SHED,
        Unit::Count,
        "Calls refused because MAX_CALLS were under way."
    );
    // Known at 0, so that the first one is seen as a rise.
    counter!(SHED).increment(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_contract_has_a_limit_and_what_reads_long_has_the_longer_one() {
        let limit = |path| of_path(path).map(|method| method.limit);
        assert_eq!(
            limit("/chatstore.metadata.v1.ChatService/GetChat"),
            Some(UNARY_LIMIT)
        );
        assert_eq!(
            limit("/chatstore.blob.v1.ObjectService/PutObject"),
            Some(STREAM_LIMIT)
        );
        assert_eq!(
            limit("/chatstore.blob.v1.PresignService/CompleteMultipartUpload"),
            Some(STREAM_LIMIT)
        );
        assert_eq!(limit("/grpc.health.v1.Health/Check"), None);
    }
}
