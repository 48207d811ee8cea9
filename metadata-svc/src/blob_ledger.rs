//! The ledger: what is known of object keys, those that rows name and those that are to be removed.

pub(crate) mod kv;
pub(crate) mod rpc;
pub(crate) mod sql;

use contract::{
    id::Uuid,
    metadata::v1::{self, pending_delete::Target},
    time::Time,
};

/// How many pending deletes a deletion answers itself; the ledger has the others.
pub(crate) const ANSWERED: usize = 1_000;

/// Something that is to be removed from the store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PendingDelete {
    pub(crate) id: Uuid,
    pub(crate) target: Target,
    pub(crate) create_time: Time,
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
