//! The ledger: what is known of object keys, those that rows name, those that are reserved, and those that are to be removed
//! or were. A key that was recorded for removal is used up for ever: no row may name it, so whoever removes its object may run
//! late, and run again.

mod judge;
pub(crate) mod kv;
pub(crate) mod referenced;
pub(crate) mod rpc;
pub(crate) mod sql;

use std::time::Duration;

use contract::{
    id::{Uuid, new_id},
    metadata::v1::{self, pending_delete::Target},
    time::Time,
};

/// How many pending deletes a deletion answers itself; the ledger has the others.
pub(crate) const ANSWERED: usize = 1_000;

/// How long a key stays reserved when nothing else is said.
pub(crate) const RESERVED_FOR: Duration = Duration::from_secs(86_400);

/// Something that is to be removed from the store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PendingDelete {
    pub(crate) id: Uuid,
    pub(crate) target: Target,
    pub(crate) create_time: Time,
}

impl PendingDelete {
    fn new(target: Target, now: Time) -> Self {
        Self {
            id: new_id(),
            target,
            create_time: now,
        }
    }

    /// That of a target given by whether it is a prefix, and its text.
    pub(crate) fn of(id: Uuid, (is_prefix, target): (bool, String), create_time: Time) -> Self {
        Self {
            id,
            target: if is_prefix {
                Target::Prefix(target)
            } else {
                Target::Key(target)
            },
            create_time,
        }
    }
}

/// What the ledger keeps of a target for ever.
#[derive(Clone, Debug)]
pub(crate) struct Tombstone {
    pub(crate) delete: PendingDelete,
    /// Whether its removal was acknowledged.
    pub(crate) is_removed: bool,
}

/// Whether a target is a prefix, and its text.
fn parts(target: &Target) -> (bool, &str) {
    match target {
        Target::Key(key) => (false, key),
        Target::Prefix(prefix) => (true, prefix),
    }
}

impl From<PendingDelete> for v1::PendingDelete {
    fn from(pending: PendingDelete) -> Self {
        Self {
            id: pending.id.to_string(),
            target: Some(pending.target),
            create_time: Some(pending.create_time.to_wire()),
        }
    }
}

/// What a deletion answers of its pending deletes.
pub(crate) fn answered(pending: Vec<PendingDelete>) -> Vec<v1::PendingDelete> {
    pending.into_iter().take(ANSWERED).map(Into::into).collect()
}
