//! The judgement of a walk: what looks as if one of its sides were not what it should be.

use super::walk::Walk;

/// So many are nothing to wonder at, whatever their share, where the others are named: somebody's cancelled uploads in a small store.
const HANDFUL: u64 = 100;

/// How much of each kind a walk has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) objects: u64,
    pub(super) rows: u64,
    /// Objects without a row, old enough.
    pub(super) orphans: u64,
    /// Rows without an object, as far as they were looked at again.
    pub(super) missing: u64,
    /// Objects that a row names, those among them that the second look at rows has found.
    pub(super) named: u64,
}

impl Counts {
    pub(super) fn of(walk: &Walk) -> Self {
        Self {
            objects: walk.object_count,
            rows: walk.row_count,
            orphans: walk.orphans.count(),
            missing: 0,
            named: walk.named_count,
        }
    }

    /// Whether the store lists nothing, and rows name something.
    fn is_empty(self) -> bool {
        self.objects == 0 && self.rows > 0
    }

    /// Why to stop for what is seen so far, if there is a reason.
    pub(super) fn suspicion(self, max_share: u8) -> Option<String> {
        let Self {
            objects,
            rows,
            orphans,
            missing,
            named: _,
        } = self;
        if self.is_empty() {
            return Some(format!(
                "the store lists no object, and rows name {rows} keys: it is another store, or an emptied one"
            ));
        }
        if is_above(orphans, objects, max_share) {
            return Some(format!(
                "{orphans} of {objects} objects have no row, above {max_share} percent: it is another store, or rows are lost"
            ));
        }
        is_above(missing, rows, max_share).then(|| {
            format!("{missing} of {rows} keys of rows have no object, above {max_share} percent: it is another store, or objects are lost")
        })
    }

    /// Why to stop once both sides were looked at: nothing joins them, however little each lacks.
    pub(super) fn estrangement(self, max_share: u8) -> Option<String> {
        let is_suspicious = self.named == 0 && self.orphans + self.missing > 0;
        (is_suspicious && max_share < 100).then(|| {
            format!(
                "no row names any of the {} objects of the store (rows name {} keys): it is another store, or rows are lost",
                self.objects, self.rows
            )
        })
    }
}

fn is_above(part: u64, whole: u64, max_share: u8) -> bool {
    part > HANDFUL && u128::from(part) * 100 > u128::from(whole) * u128::from(max_share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspicion((objects, rows): (u64, u64), (orphans, missing): (u64, u64), max: u8) -> bool {
        let counts = Counts {
            objects,
            rows,
            orphans,
            missing,
            named: 0,
        };
        counts.suspicion(max).is_some()
    }

    #[test]
    fn an_empty_listing_is_suspicious_where_rows_name_keys_and_only_there() {
        assert!(suspicion((0, 1), (0, 1), 10));
        assert!(suspicion((0, 1), (0, 1), 100));
        assert!(!suspicion((0, 0), (0, 0), 0));
        assert!(!suspicion((1, 1), (0, 0), 0));
    }

    #[test]
    fn a_share_is_suspicious_above_the_limit_and_never_in_a_handful() {
        assert!(!suspicion((1_010, 0), (101, 0), 10));
        assert!(suspicion((1_009, 0), (101, 0), 10));
        assert!(!suspicion((100, 0), (100, 0), 0));
        assert!(suspicion((101, 0), (101, 0), 99));
        assert!(!suspicion((101, 0), (101, 0), 100));
        assert!(suspicion((u64::MAX, 0), (u64::MAX, 0), 99));
    }

    #[test]
    fn rows_without_objects_are_suspicious_by_the_same_measure() {
        assert!(!suspicion((1, 1_010), (0, 101), 10));
        assert!(suspicion((1, 1_009), (0, 101), 10));
        assert!(!suspicion((1, 1_009), (0, 101), 100));
    }

    #[test]
    fn two_sides_that_nothing_joins_are_suspicious_however_few_lack_their_other_one() {
        let estrangement = |orphans, missing, named, max| {
            let counts = Counts {
                objects: 90,
                rows: 5,
                orphans,
                missing,
                named,
            };
            counts.estrangement(max).is_some()
        };
        assert!(estrangement(1, 0, 0, 99));
        assert!(estrangement(0, 1, 0, 99));
        assert!(!estrangement(0, 0, 0, 0), "all are young");
        assert!(!estrangement(90, 4, 1, 0), "one is named");
        assert!(!estrangement(90, 5, 0, 100), "it is asked never to stop");
    }
}
