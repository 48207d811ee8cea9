//! Deadlines: the caller's, in `grpc-timeout`, and ours, per method of the contract.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

/// The gRPC header that carries the caller's deadline.
const GRPC_TIMEOUT: &str = "grpc-timeout";

tokio::task_local! {
    /// When the call that is being handled must have been answered.
    pub(super) static DEADLINE: Instant;
}

/// How much is left of the time that the caller of this call gave it. `None` outside of calls, which includes tasks that a call
/// spawns, and the bodies of streams.
#[must_use]
pub fn time_left() -> Option<Duration> {
    let deadline = DEADLINE.try_with(|deadline| *deadline).ok()?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

/// How long a call may take: as long as the caller says, and never longer than its method's `limit`.
pub(super) fn time_for(limit: Duration, headers: &HeaderMap) -> Duration {
    caller_timeout(headers).map_or(limit, |timeout| timeout.min(limit))
}

/// Reads `grpc-timeout` (gRPC over HTTP/2: up to 8 digits and a unit); a malformed one counts as none.
fn caller_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn every_unit_of_grpc_timeout_is_read_and_malformed_ones_count_as_none() {
        let read = |text: &str| {
            let value = HeaderValue::from_str(text).expect("ASCII");
            caller_timeout(&HeaderMap::from_iter([(
                http::HeaderName::from_static(GRPC_TIMEOUT),
                value,
            )]))
        };
        assert_eq!(read("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("4S"), Some(Duration::from_secs(4)));
        assert_eq!(read("5m"), Some(Duration::from_millis(5)));
        assert_eq!(read("6u"), Some(Duration::from_micros(6)));
        assert_eq!(read("7n"), Some(Duration::from_nanos(7)));
        for bad in ["", "S", "123456789S", "1s", "+1S", "1.5S"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
