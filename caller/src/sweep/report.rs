//! The report: what a sweep has seen and done, for people and programs.

use serde::Serialize;

use super::{Sweep, look::Looked, walk::Walk};
use crate::{Kept, Sample, drain::Drained};

/// What a sweep has seen and done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether it removed what it found; else it was a dry run.
    pub delete: bool,
    /// The grace period.
    pub grace_seconds: u64,
    /// Why it stopped before it removed any orphan; none when it came to its end.
    pub stopped: Option<String>,
    /// What the ledger had recorded for removal before.
    pub pending: Pending,
    /// Objects that the store lists.
    pub object_count: u64,
    /// Their bytes.
    pub object_bytes: u64,
    /// Keys that rows name.
    pub referenced_key_count: u64,
    /// Objects without a row.
    pub orphans: Orphans,
    /// Keys that rows name and the store does not have. They are never deleted.
    pub missing: Sample<String>,
    /// Keys whose objects have another size than their rows tell, as far as the walk met both: where the store lists in another
    /// order than the ledger, a pair that it passed apart is looked at again for being there, and not for its size.
    pub wrong_size: Sample<String>,
    /// Objects under names that no row can name. They are left alone.
    pub foreign: Sample<String>,
    /// Uploads in parts that were begun before the grace period.
    pub uploads: Uploads,
}

/// What became of records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// How many there were.
    pub record_count: u64,
    /// How many of them were struck out.
    pub acked_count: u64,
    /// How many objects were removed.
    pub removed_count: u64,
    /// What the store would not remove. Its records stay.
    pub kept: Sample<Kept>,
}

/// What became of objects without a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Orphans {
    /// Those that are younger than the grace period; they were left alone.
    pub young_count: u64,
    /// Those that the walk found.
    pub candidate_count: u64,
    /// Their bytes.
    pub candidate_bytes: u64,
    /// Those of them that a row names after all, or a reservation holds.
    pub named_count: u64,
    /// Those of them that nothing names.
    pub orphan_count: u64,
    /// How many were removed.
    pub removed_count: u64,
    /// What the store would not remove. It is recorded, and the next sweep tries again.
    pub kept: Sample<Kept>,
}

/// What became of unfinished uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Uploads {
    /// How many there were.
    pub stale_count: u64,
    /// How many of them were aborted.
    pub aborted_count: u64,
    /// Why the store does not let uploads be listed or aborted; the bucket's lifecycle has to do it.
    pub refused: Option<String>,
}

impl Report {
    /// What is wrong, a line each; nothing when all is well.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let kept = self.pending.kept.count + self.orphans.kept.count;
        let counted = [
            (
                self.missing.count,
                "keys that rows name are not in the store",
            ),
            (
                self.wrong_size.count,
                "objects have another size than their rows tell",
            ),
            (kept, "objects could not be removed"),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        let stopped = self.stopped.iter().map(|why| format!("stopped: {why}"));
        stopped
            .chain(counted.map(|(count, what)| format!("{count} {what}")))
            .collect()
    }

    pub(super) fn of(sweep: &Sweep) -> Self {
        Self {
            delete: sweep.delete,
            grace_seconds: sweep.grace.as_secs(),
            stopped: None,
            pending: Pending::default(),
            object_count: 0,
            object_bytes: 0,
            referenced_key_count: 0,
            orphans: Orphans::default(),
            missing: Sample::default(),
            wrong_size: Sample::default(),
            foreign: Sample::default(),
            uploads: Uploads::default(),
        }
    }

    /// Takes what the walk has seen.
    pub(super) fn walked(&mut self, walk: &Walk) {
        self.object_count = walk.object_count;
        self.object_bytes = walk.object_bytes;
        self.referenced_key_count = walk.row_count;
        self.orphans.young_count = walk.young_count;
        self.orphans.candidate_count = walk.orphans.count();
        self.orphans.candidate_bytes = walk.orphan_bytes;
        self.wrong_size = walk.wrong_size.clone();
        self.foreign = walk.foreign.clone();
    }

    /// Takes what the second look has decided.
    pub(super) fn looked(&mut self, looked: Looked) {
        self.orphans.named_count = looked.named_count;
        self.orphans.orphan_count = looked.orphan_count;
        self.orphans.removed_count = looked.drained.object_count;
        self.orphans.kept = looked.drained.kept;
    }
}

impl From<Drained> for Pending {
    fn from(drained: Drained) -> Self {
        Self {
            record_count: drained.record_count,
            acked_count: drained.done_count,
            removed_count: drained.object_count,
            kept: drained.kept,
        }
    }
}
