//! The second look: what a walk has found is asked for by its key. Here it is decided.

use std::collections::HashSet;

use contract::{
    blob::v1::BatchHeadObjectsRequest,
    metadata::v1::{
        FilterUnreferencedKeysRequest, PendDeletesRequest, PendingDelete, pending_delete::Target,
    },
};
use futures::{Stream, TryStreamExt as _};

use super::candidates::Candidates;
use crate::{
    Error, Progress, Result, Sample,
    drain::{Drained, drain},
    flow::Flow,
    key::is_key,
};

/// How many batches are looked at, and removed, at once.
const AT_ONCE: usize = 4;

/// What became of objects without a row.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Those that a row names now, or a reservation holds.
    pub(super) named_count: u64,
    /// Those that are to be removed.
    pub(super) orphan_count: u64,
    pub(super) drained: Drained,
}

/// What became of rows without an object.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Those whose object is there.
    pub(super) there_count: u64,
    /// Those that a row names, and the store does not have.
    pub(super) missing: Sample<String>,
}

/// Batches of candidates, whose number is told before.
async fn batches(
    flow: &Flow,
    candidates: Candidates,
) -> Result<impl Stream<Item = Result<Vec<String>>> + use<>> {
    flow.tell(Progress::Expected(candidates.count()));
    candidates.batches().await
}

/// Removes objects without a row, or counts them.
pub(super) async fn orphans(flow: &Flow, candidates: Candidates, delete: bool) -> Result<Looked> {
    let look = |keys: Vec<String>| async move {
        let asked = keys.len() as u64;
        let (orphan_count, drained) = if delete {
            let condemned = condemn(flow, keys).await?;
            (condemned.len() as u64, drain(flow, &condemned).await?)
        } else {
            let unnamed = filter(flow, keys).await?;
            (unnamed.len() as u64, Drained::default())
        };
        flow.tell(Progress::Done(asked));
        Ok(Looked {
            named_count: asked.saturating_sub(orphan_count),
            orphan_count,
            drained,
        })
    };
    let batches = batches(flow, candidates).await?;
    let mut looks = std::pin::pin!(batches.map_ok(look).try_buffer_unordered(AT_ONCE));
    let mut all = Looked::default();
    while let Some(looked) = looks.try_next().await? {
        all.named_count += looked.named_count;
        all.orphan_count += looked.orphan_count;
        all.drained.add(looked.drained);
    }
    Ok(all)
}

/// Those of the candidates that nothing names.
pub(super) async fn unnamed(flow: &Flow, candidates: Candidates) -> Result<Candidates> {
    let look = |keys: Vec<String>| async move {
        let asked = keys.len() as u64;
        let unnamed = filter(flow, keys).await?;
        flow.tell(Progress::Done(asked));
        Ok(unnamed)
    };
    let batches = batches(flow, candidates).await?;
    let looks = batches.map_ok(look);
    let mut looks = std::pin::pin!(looks.try_buffered(AT_ONCE));
    let mut unnamed = Candidates::default();
    while let Some(keys) = looks.try_next().await? {
        for key in keys {
            unnamed.add(&key).await?;
        }
    }
    Ok(unnamed)
}

/// Looks for the objects of rows.
pub(super) async fn missing(flow: &Flow, candidates: Candidates) -> Result<Rows> {
    let batches = batches(flow, candidates).await?;
    let looks = batches.map_ok(|keys| still_missing(flow, keys));
    let mut looks = std::pin::pin!(looks.try_buffered(AT_ONCE));
    let mut rows = Rows::default();
    while let Some((there_count, keys)) = looks.try_next().await? {
        rows.there_count += there_count;
        rows.missing.extend(keys);
    }
    Ok(rows)
}

/// How many of the keys the store has, and those that a row names and the store does not have.
async fn still_missing(flow: &Flow, keys: Vec<String>) -> Result<(u64, Vec<String>)> {
    const STEP: &str = "BatchHeadObjects";
    let count = keys.len() as u64;
    // A row of old may name what no store is asked for.
    let (keys, mut missing): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| is_key(key));
    let asked = keys.len();
    let mut absent = Vec::new();
    if !keys.is_empty() {
        let request = BatchHeadObjectsRequest {
            bucket: String::new(),
            keys,
        };
        let head = async |r| flow.caller.objects().batch_head_objects(r).await;
        absent = flow.call(STEP, request, head).await?.missing_keys;
    }
    let there_count = asked.saturating_sub(absent.len()) as u64;
    if !absent.is_empty() {
        // What is gone from both sides is not missed.
        let unnamed = filter(flow, absent.clone()).await?;
        let unnamed: HashSet<_> = unnamed.into_iter().collect();
        missing.extend(absent.into_iter().filter(|key| !unnamed.contains(key)));
    }
    flow.tell(Progress::Done(count));
    Ok((there_count, missing))
}

/// Records for removal what no row names and no reservation holds.
async fn condemn(flow: &Flow, keys: Vec<String>) -> Result<Vec<PendingDelete>> {
    const STEP: &str = "PendDeletes";
    let asked: HashSet<_> = keys.iter().cloned().collect();
    let request = PendDeletesRequest {
        keys,
        request_id: flow.id(STEP).to_string(),
    };
    let pend = async |r| flow.caller.ledger().pend_deletes(r).await;
    let condemned = flow.call(STEP, request, pend).await?.pending_deletes;
    let was_asked = |one: &PendingDelete| match &one.target {
        Some(Target::Key(key)) => asked.contains(key),
        Some(Target::Prefix(_)) | None => false,
    };
    if condemned.iter().all(was_asked) {
        return Ok(condemned);
    }
    Err(Error::Broken {
        step: STEP,
        problem: "answered what it was not asked for".into(),
    })
}

/// Those of the keys that no row names and no reservation holds.
async fn filter(flow: &Flow, keys: Vec<String>) -> Result<Vec<String>> {
    const STEP: &str = "FilterUnreferencedKeys";
    let request = FilterUnreferencedKeysRequest { keys };
    let filter = async |r| flow.caller.ledger().filter_unreferenced_keys(r).await;
    Ok(flow.call(STEP, request, filter).await?.unreferenced_keys)
}
