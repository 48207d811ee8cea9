//! The room's door: every request to the store goes through here. It retries what may be repeated, signs each try anew,
//! and turns a panic of rusoto's readers (a number in XML that is none) into an error.

use super::Error;
use futures::FutureExt;
use metrics::{Unit, describe_histogram, histogram};
use rusoto_core::RusotoError;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

const TRIES: u32 = 4;
/// A silent store uses up its time in one try: callers hear of it sooner than their deadline tells them.
const RETRY_WITHIN: Duration = Duration::from_secs(15);
const REQUEST_DURATION: &str = "s3_request_duration_seconds";
const BACKOFF_BASE: Duration = Duration::from_millis(50);
const BACKOFF_CAP: Duration = Duration::from_secs(2);

/// Sends a request once.
async fn once<T, E, F>(name: &'static str, request: F) -> Result<T, Error>
where
    F: Future<Output = Result<T, RusotoError<E>>>,
{
    // What is empty here is known when the request is complete, or when its answer is there.
    let span = tracing::info_span!(
        "s3",
        otel.name = name,
        otel.kind = "client",
        rpc.system.name = "aws-api",
        aws.s3.bucket = Empty,
        aws.s3.key = Empty,
        aws.request_id = Empty,
        http.response.status_code = Empty,
        error.type = Empty,
    );
    let begin = Instant::now();
    let answer = AssertUnwindSafe(request)
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let answer = answer
        .unwrap_or(Err(RusotoError::ParseError(String::new())))
        .map_err(Error::from);
    let error = answer.as_ref().err().map(ToString::to_string);
    if let Some(error) = &error {
        span.record("error.type", error);
    }
    let took = begin.elapsed();
    span.in_scope(|| tracing::debug!(took_ms = took.as_millis() as u64, error, "{name}"));
    measure(name, error, took);
    answer
}

fn measure(name: &'static str, error: Option<String>, took: Duration) {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        let help =
            "How long requests to the store took, to the head of the answer; each try counts.";
        describe_histogram!(REQUEST_DURATION, Unit::Seconds, help);
    });
    // An empty label counts as none.
    let error = error.unwrap_or_default();
    histogram!(REQUEST_DURATION, "operation" => name, "error_type" => error).record(took);
}

/// Sends a request that may be repeated, until it succeeds, fails for good, or the tries are used up.
pub(super) async fn retried<T, E, F>(
    name: &'static str,
    request: impl Fn() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, RusotoError<E>>>,
{
    let begin = Instant::now();
    for attempt in 1..TRIES {
        match once(name, request()).await {
            Err(error) if error.is_transient() && begin.elapsed() < RETRY_WITHIN => {
                tokio::time::sleep(jitter(attempt)).await;
            }
            settled => return settled,
        }
    }
    once(name, request()).await
}

/// Full jitter: anything between nothing and the backoff, which doubles with each attempt.
fn jitter(attempt: u32) -> Duration {
    let backoff = BACKOFF_BASE
        .saturating_mul(1 << attempt.min(16))
        .min(BACKOFF_CAP);
    // Every RandomState is keyed anew: spread enough, and no generator to carry.
    let random = RandomState::new().build_hasher().finish();
    backoff.mul_f64(random as f64 / u64::MAX as f64)
}
