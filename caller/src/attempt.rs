//! Attempts: keys are used up for ever once a sweep has condemned them. So a flow whose row is refused for that goes on with
//! other keys, and other request ids, which its own request id and the number of the attempt decide. A rerun walks the same
//! attempts, and ends at the same one: what was committed answers again, before keys are looked at.

use std::time::Duration;

use contract::{
    id::{Uuid, derived_id},
    metadata::v1::ReserveKeysRequest,
};
use prost_types::Duration as WireDuration;
use tonic::Code;

use crate::{Error, Result, flow::Flow};

/// Each attempt lost what it had stored to a sweep in the moment before its commit: so many in a row are no accident.
const LAST: u32 = 15;

/// The longest reservation that there is: 7 days.
const LONGEST_SECONDS: u64 = 7 * 86_400;

/// An attempt at a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    number: u32,
    flow: Uuid,
}

impl Attempt {
    /// The first attempt at the flow of this request id.
    pub(crate) fn first(request_id: Uuid) -> Self {
        Self {
            number: 0,
            flow: request_id,
        }
    }

    /// The attempt behind this one, when it ended with `error` for which there is one.
    pub(crate) fn behind(self, error: &Error) -> Option<Self> {
        (error.is_key_used_up() && self.number < LAST).then(|| Self {
            number: self.number + 1,
            ..self
        })
    }

    /// The flow's own request id.
    pub(crate) fn flow(self) -> Uuid {
        self.flow
    }

    /// What is derived from the attempt's request id, for the step `step`. The first attempt's is the flow's.
    pub(crate) fn id(self, step: &str) -> Uuid {
        let own = match self.number {
            0 => self.flow,
            number => derived_id(self.flow, &format!("attempt {number}")),
        };
        derived_id(own, step)
    }
}

/// Keeps the sweep off these keys for as long as the flow may take. It is a courtesy: a service that refuses it, because a key is
/// used up or because it knows no reservations, is not asked again, since the commit decides.
pub(crate) async fn reserve(flow: &Flow, keys: Vec<String>) -> Result<()> {
    const STEP: &str = "ReserveKeys";
    let request = ReserveKeysRequest {
        keys,
        expires_in: Some(whole_seconds(flow.time_left())),
        // Repeated, it is the same or longer: a rerun, whose time is another, must not be told what the first run got.
        request_id: String::new(),
    };
    let reserve = async |r| flow.caller.ledger().reserve_keys(r).await;
    match flow.call(STEP, request, reserve).await {
        Err(error) if !is_refusal(&error) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(Code::FailedPrecondition | Code::Unimplemented)
    )
}

/// Rounded up: 1 s at least, and what the contract takes at most.
fn whole_seconds(time: Duration) -> WireDuration {
    let up = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    WireDuration {
        seconds: up.clamp(1, LONGEST_SECONDS) as i64,
        nanos: 0,
    }
}

#[cfg(test)]
mod tests {
    use contract::status;

    use super::*;

    fn used_up() -> Error {
        let refused = status::failed_precondition(status::KEY_USED_UP, "a/b", "is used up");
        Error::at("CreateChat")(refused)
    }

    #[test]
    fn the_first_attempt_has_the_ids_of_the_flow_and_each_later_one_its_own() {
        let flow = Uuid::from_u128(7);
        let mut attempt = Attempt::first(flow);
        assert_eq!(attempt.id("PutObject"), derived_id(flow, "PutObject"));
        let mut ids = vec![attempt.id("PutObject")];
        while let Some(next) = attempt.behind(&used_up()) {
            ids.push(next.id("PutObject"));
            attempt = next;
        }
        assert_eq!(ids.len() as u32, LAST + 1);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len() as u32, LAST + 1, "no two attempts share an id");
    }

    #[test]
    fn only_a_key_that_is_used_up_leads_to_another_attempt() {
        let other = status::failed_precondition("ETAG", "a/b", "the etag condition does not hold");
        for other in [other, status::unavailable("down"), status::internal()] {
            let error = Error::at("CreateChat")(other);
            assert!(Attempt::first(Uuid::nil()).behind(&error).is_none());
        }
    }

    #[test]
    fn a_reservation_lives_for_whole_seconds_and_one_at_least() {
        let longest = LONGEST_SECONDS * 1_000;
        for (left, seconds) in [
            (0, 1),
            (1, 1),
            (1_000, 1),
            (1_001, 2),
            (60_000, 60),
            (longest + 1, 7 * 86_400),
        ] {
            let wire = whole_seconds(Duration::from_millis(left));
            assert_eq!((wire.seconds, wire.nanos), (seconds, 0), "{left} ms");
        }
    }
}
