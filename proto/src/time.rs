//! Times: whole microseconds since 1970, UTC, which is what Postgres' `timestamptz` keeps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_types::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the bounds of `google.protobuf.Timestamp`.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// A point in time, in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// Reads the clock.
    #[must_use]
    pub fn now() -> Self {
        let micros = |elapsed: Duration| i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(elapsed) => Self(micros(elapsed)),
            Err(before) => Self(-micros(before.duration())),
        }
    }

    /// Takes microseconds since 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Gives microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Gives whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// The beginning of this time's day, UTC.
    #[must_use]
    pub const fn day_start(self) -> Self {
        Self(self.seconds().div_euclid(SECONDS_PER_DAY) * SECONDS_PER_DAY * MICROS_PER_SECOND)
    }

    /// Reads the wire form, dropping what is finer than a microsecond; `None` where it is no valid timestamp.
    #[must_use]
    pub fn from_wire(wire: &Timestamp) -> Option<Self> {
        let valid = SECONDS.contains(&wire.seconds) && (0..1_000_000_000).contains(&wire.nanos);
        valid.then(|| Self(wire.seconds * MICROS_PER_SECOND + i64::from(wire.nanos) / 1_000))
    }

    /// Gives the wire form.
    #[must_use]
    pub fn to_wire(self) -> Timestamp {
        let nanos = self.0.rem_euclid(MICROS_PER_SECOND) * 1_000;
        Timestamp {
            seconds: self.seconds(),
            nanos: i32::try_from(nanos).unwrap_or_default(),
        }
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(later.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_wire_to_the_microsecond() {
        for micros in [0, 1, -1, 1_763_719_200_123_456, -62_135_596_800_000_000] {
            let time = Time::from_micros(micros);
            assert_eq!(Time::from_wire(&time.to_wire()), Some(time));
        }
    }

    #[test]
    fn timestamps_outside_of_their_range_are_no_times() {
        for (seconds, nanos) in [
            (i64::MAX, 0),
            (0, -1),
            (0, 1_000_000_000),
            (253_402_300_800, 0),
        ] {
            assert_eq!(Time::from_wire(&Timestamp { seconds, nanos }), None);
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc_also_before_1970() {
        assert_eq!(Time::from_micros(-1).day_start().seconds(), -86_400);
        assert_eq!(
            Time::from_micros(86_400_000_000).day_start().seconds(),
            86_400
        );
    }
}
