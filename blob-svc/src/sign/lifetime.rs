//! How long a signed URL lives.

use std::time::Duration;
use time::OffsetDateTime;

/// The longest life that S3 grants: 7 days.
const MAX_SECONDS: u32 = 604_800;

/// From when and for how long a URL may be used. In UTC, whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    pub(super) start: OffsetDateTime,
    pub(super) seconds: u32,
}

/// The credentials have ended: what they would sign now, no store would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credentials have ended")]
pub struct Ended;

impl Lifetime {
    /// From `now` for `life`, at least 1 s, at most 7 days.
    #[must_use]
    pub fn new(now: OffsetDateTime, life: Duration) -> Self {
        Self {
            start: whole(now),
            seconds: clamp(life),
        }
    }

    /// At least `life` from `now` on, and the same for all calls within a window of that length: so the URL is the same
    /// too, and caches can keep what it answers. Above half of 7 days the window shrinks, so that both fit.
    #[must_use]
    pub fn stable(now: OffsetDateTime, life: Duration) -> Self {
        let seconds = clamp(life);
        let window = seconds.min(MAX_SECONDS - seconds).max(1);
        let into = whole(now).unix_timestamp().rem_euclid(i64::from(window));
        Self {
            start: whole(now) - time::Duration::seconds(into),
            seconds: (seconds + window).min(MAX_SECONDS),
        }
    }

    /// The same, cut to the end of the credentials that sign, if they have one: what they signed ends with them.
    pub(super) fn until(
        self,
        end: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<Self, Ended> {
        let Some(end) = end.map(whole) else {
            return Ok(self);
        };
        if end <= whole(now) {
            return Err(Ended);
        }
        let left = (end - self.start).whole_seconds();
        let seconds = u32::try_from(left).map_or(self.seconds, |left| left.min(self.seconds));
        Ok(Self { seconds, ..self })
    }

    /// When the URL ends.
    #[must_use]
    pub fn end(self) -> OffsetDateTime {
        self.start + time::Duration::seconds(i64::from(self.seconds))
    }
}

fn clamp(life: Duration) -> u32 {
    u32::try_from(life.as_secs())
        .unwrap_or(MAX_SECONDS)
        .clamp(1, MAX_SECONDS)
}

fn whole(at: OffsetDateTime) -> OffsetDateTime {
    let at = at.to_offset(time::UtcOffset::UTC);
    at - time::Duration::nanoseconds(i64::from(at.nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00:30.5 UTC);

    #[test]
    fn life_is_cut_to_between_one_second_and_seven_days() {
        assert_eq!(Lifetime::new(NOON, Duration::ZERO).seconds, 1);
        assert_eq!(
            Lifetime::new(NOON, Duration::from_secs(604_800)).seconds,
            604_800
        );
        assert_eq!(
            Lifetime::new(NOON, Duration::from_secs(604_801)).seconds,
            604_800
        );
        assert_eq!(Lifetime::new(NOON, Duration::MAX).seconds, 604_800);
    }

    #[test]
    fn end_is_the_start_of_the_second_plus_the_life() {
        assert_eq!(
            Lifetime::new(NOON, Duration::from_secs(60)).end(),
            datetime!(2026-03-01 12:01:30 UTC)
        );
    }

    #[test]
    fn end_of_the_credentials_is_the_end_of_what_they_sign() {
        let hour = Duration::from_secs(3600);
        let at = |end| {
            [Lifetime::new(NOON, hour), Lifetime::stable(NOON, hour)].map(|l| l.until(end, NOON))
        };
        assert!(at(None).iter().all(Result::is_ok));
        let soon = datetime!(2026-03-01 12:10:00.9 UTC);
        let ends = at(Some(soon)).map(|cut| cut.map(Lifetime::end));
        assert_eq!(ends, [Ok(datetime!(2026-03-01 12:10 UTC)); 2]);
        let late = at(Some(datetime!(2026-03-03 12:00 UTC)));
        assert_eq!(
            late,
            at(None),
            "credentials that last longer change nothing"
        );
        for gone in [
            NOON,
            NOON - time::Duration::seconds(20),
            datetime!(2020-01-01 0:00 UTC),
        ] {
            assert_eq!(at(Some(gone)), [Err(Ended); 2], "{gone}");
        }
    }

    #[test]
    fn stable_lives_end_together_where_the_credentials_end() {
        let (hour, end) = (
            Duration::from_secs(3600),
            Some(datetime!(2026-03-01 12:30 UTC)),
        );
        let at = |minutes| {
            let now = NOON + time::Duration::minutes(minutes);
            Lifetime::stable(now, hour).until(end, now)
        };
        assert_eq!(at(0), at(29));
        assert_eq!(at(30), Err(Ended));
    }

    #[test]
    fn stable_lives_are_equal_within_a_window_and_never_shorter_than_asked() {
        let hour = Duration::from_secs(3600);
        let first = Lifetime::stable(NOON, hour);
        assert_eq!(
            first,
            Lifetime::stable(NOON + time::Duration::minutes(59), hour)
        );
        assert_ne!(
            first,
            Lifetime::stable(NOON + time::Duration::minutes(60), hour)
        );
        for asked in [1, 59, 3600, 302_400, 302_401, 604_799, 604_800] {
            for later in 0..120 {
                let now = whole(NOON) + time::Duration::seconds(later * 97);
                let life = Lifetime::stable(now, Duration::from_secs(asked));
                assert!(
                    life.end() - now >= time::Duration::seconds(asked as i64),
                    "{asked} s at +{later}"
                );
                assert!(life.seconds <= MAX_SECONDS);
            }
        }
    }
}
