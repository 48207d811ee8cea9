//! Drain: what the ledger has recorded is removed from the store, and then struck out.
//!
//! 1. `DeletePrefix` and `DeleteObjects` remove what the records name.
//! 2. `AckDeletes` strikes out the records of which nothing is left.
//!
//! Dead before 2: the records stay, and whoever drains next removes what is left and strikes them out. Several may drain at
//! once, and each may sleep between the steps: no row can ever name again what was recorded.

mod removal;

use std::collections::HashSet;

use contract::metadata::v1::{
    AckDeletesRequest, ListPendingDeletesRequest, PendingDelete, pending_delete::Target,
};
use futures::{Stream, TryStreamExt as _};
use serde::Serialize;

use crate::{Result, flow::Flow, key::is_key, pages::pages, sample::Sample};
use removal::{remove_keys, remove_prefix};

/// How many keys, ids or records one call takes or gives.
pub(crate) const BATCH: usize = 1_000;

/// An object that the store would not remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its key.
    pub key: String,
    /// The store's reason, for example `AccessDenied`.
    pub code: String,
}

/// What became of records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drained {
    /// How many records there were.
    pub(crate) record_count: u64,
    /// How many of them were struck out; what another drainer had struck out before counts, too.
    pub(crate) done_count: u64,
    /// How many objects were removed.
    pub(crate) object_count: u64,
    /// What the store would not remove. Its records stay.
    pub(crate) kept: Sample<Kept>,
}

impl Drained {
    /// Adds what became of other records.
    pub(crate) fn add(&mut self, other: Self) {
        self.record_count += other.record_count;
        self.done_count += other.done_count;
        self.object_count += other.object_count;
        self.kept.join(other.kept);
    }
}

/// Drains all that the ledger has recorded.
pub(crate) async fn drain_ledger(flow: &Flow) -> Result<Drained> {
    let mut all = Drained::default();
    let mut pages = std::pin::pin!(recorded(flow));
    while let Some(page) = pages.try_next().await? {
        all.add(drain(flow, &page).await?);
    }
    Ok(all)
}

/// How many records the ledger has.
pub(crate) async fn count_ledger(flow: &Flow) -> Result<u64> {
    let mut pages = std::pin::pin!(recorded(flow));
    let mut count = 0;
    while let Some(page) = pages.try_next().await? {
        count += page.len() as u64;
    }
    Ok(count)
}

/// Drains these records.
pub(crate) async fn drain(flow: &Flow, records: &[PendingDelete]) -> Result<Drained> {
    let mut drained = Drained {
        record_count: records.len() as u64,
        ..Drained::default()
    };
    let mut done = Vec::new();
    let mut keys = Vec::new();
    for record in records {
        match &record.target {
            Some(Target::Key(key)) if is_key(key) => keys.push((key.clone(), record.id.clone())),
            // A row of old may have named it; the store is not asked for such names.
            Some(Target::Key(key)) => drained.kept.add(Kept {
                key: key.clone(),
                code: "InvalidKey".into(),
            }),
            Some(Target::Prefix(prefix)) => {
                let removed = remove_prefix(flow, prefix).await?;
                drained.object_count += removed.object_count;
                if removed.kept.is_empty() {
                    done.push(record.id.clone());
                }
                drained.kept.join(removed.kept);
            }
            // Something that this version does not know; it is left to one that does.
            None => {}
        }
    }
    for batch in keys.chunks(BATCH) {
        let asked = batch.iter().map(|(key, _)| key.clone()).collect();
        let (gone, kept) = remove_keys(flow, asked).await?;
        drained.object_count += gone.len() as u64;
        drained.kept.extend(kept);
        let gone: HashSet<_> = gone.into_iter().collect();
        let ids = batch.iter().filter(|(key, _)| gone.contains(key));
        done.extend(ids.map(|(_, id)| id.clone()));
    }
    drained.done_count = done.len() as u64;
    strike_out(flow, &done).await?;
    Ok(drained)
}

/// Pages of what the ledger has recorded, the oldest first.
fn recorded(flow: &Flow) -> impl Stream<Item = Result<Vec<PendingDelete>>> + use<> {
    const STEP: &str = "ListPendingDeletes";
    let flow = flow.clone();
    pages(STEP, move |page_token| {
        let flow = flow.clone();
        let request = ListPendingDeletesRequest {
            page_size: BATCH as i32,
            page_token,
        };
        async move {
            let list = async |r| flow.caller.ledger().list_pending_deletes(r).await;
            let page = flow.call(STEP, request, list).await?;
            Ok((page.pending_deletes, page.next_page_token))
        }
    })
}

async fn strike_out(flow: &Flow, ids: &[String]) -> Result<()> {
    const STEP: &str = "AckDeletes";
    for batch in ids.chunks(BATCH) {
        let request = AckDeletesRequest {
            ids: batch.to_vec(),
            request_id: flow.id(STEP).to_string(),
        };
        let ack = async |r| flow.caller.ledger().ack_deletes(r).await;
        flow.call(STEP, request, ack).await?;
    }
    Ok(())
}
