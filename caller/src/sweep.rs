//! Sweep: what the store has and no row names goes, what rows name and the store does not have is told.
//!
//! 1. What the ledger has recorded for removal is drained, as [`Caller::delete_chat`] does it.
//! 2. The store's listing is walked beside the ledger's stream of keys: objects without a row that are older than the grace
//!    period, and rows without an object, are candidates. They wait in a temporary file without a name.
//! 3. The walk is judged. An empty listing where rows name keys, or too many candidates, stop the sweep here.
//! 4. Rows without objects are looked at again: `BatchHeadObjects`, then `FilterUnreferencedKeys`. They are told, never deleted; too
//!    many of them stop the sweep, too. So does a store of which no row names any object, however few candidates there are.
//! 5. Objects without rows are looked at again, by `PendDeletes`: what no row names and no reservation holds is recorded, so that
//!    no row will ever name it, and then drained.
//! 6. `AbortStaleUploads` aborts uploads in parts that were begun before the grace period.
//!
//! Dead behind 1 to 4: nothing was removed but what the ledger had recorded. Dead within 5: what was recorded is drained by the next
//! sweep. So it can die anywhere, sleep anywhere, and run beside another: it removes what the ledger's transaction has condemned,
//! and nothing else. A dry run looks by `FilterUnreferencedKeys` instead, and changes nothing.
//!
//! An upload in parts is under way for the grace period at most: what it keeps under `uploads/temp/`, and its parts in the store, are
//! swept then, and its end answers that there is no such upload.

mod ahead;
mod candidates;
mod judge;
mod ledger;
mod listing;
mod look;
mod report;
mod walk;

use std::{mem::take, time::Duration};

use contract::{
    blob::v1::{AbortStaleUploadsRequest, AbortStaleUploadsResponse},
    id::new_id,
};
use tonic::Code;

use crate::{Caller, Error, Result, drain, flow::Flow};
use ahead::Ahead;
use judge::Counts;
pub use report::{Orphans, Pending, Report, Uploads};
use walk::Walk;

const LONGEST_GRACE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a sweep may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Remove what is found. Else it is a dry run: everything is looked at, and nothing is changed.
    pub delete: bool,
    /// How old an object without a row must be; uploads are under way for as long. Whole seconds, at most 365 days.
    pub grace: Duration,
    /// Above this share of candidates among the objects, or of rows without objects among the rows, in percent, the sweep stops.
    /// Up to 100 candidates are no share, unless no row names any object of the store: then one is enough. 100 stops for neither.
    pub max_share: u8,
}

impl Default for Sweep {
    /// A dry run, with a grace period of 24 hours, that stops above 10 percent.
    fn default() -> Self {
        Self {
            delete: false,
            grace: Duration::from_secs(24 * 60 * 60),
            max_share: 10,
        }
    }
}

impl Caller {
    /// Sweeps the default bucket. It takes as long as there is something to do; the caller's `timeout` is that of each call. It holds
    /// some pages at a time, however much there is.
    ///
    /// A sweep that finds something wrong ends well and says so: [`Report::problems`].
    ///
    /// # Errors
    /// As the calls of its steps: an error of either service ends it. [`Error::Broken`] when a listing goes round, or the ledger's
    /// keys do not rise. [`Error::File`] when there is no place for the temporary file.
    pub async fn sweep(&self, sweep: &Sweep) -> Result<Report> {
        if sweep.grace > LONGEST_GRACE {
            return Err(Error::Invalid {
                field: "grace".into(),
                problem: "must be at most 365 days".into(),
            });
        }
        let flow = Flow::begin_long(self, "sweep", new_id());
        let mut report = Report::of(sweep);
        report.pending = drain_recorded(&flow, sweep).await?;
        let objects = Ahead::of(listing::objects(&flow));
        let rows = Ahead::of(ledger::rows(&flow));
        let mut walk = walk::walk(&flow, sweep.grace, objects, rows).await?;
        report.walked(&walk);
        judge(&flow, sweep, &mut walk, &mut report).await?;
        if report.stopped.is_some() {
            return Ok(report);
        }
        let removed = look::orphans(&flow, walk.orphans, sweep.delete).await?;
        report.looked(removed);
        report.uploads = abort_uploads(&flow, sweep).await?;
        Ok(report)
    }
}

async fn drain_recorded(flow: &Flow, sweep: &Sweep) -> Result<Pending> {
    if sweep.delete {
        return Ok(drain::drain_ledger(flow).await?.into());
    }
    Ok(Pending {
        record_count: drain::count_ledger(flow).await?,
        ..Pending::default()
    })
}

/// Judges the walk, and tells in the report why to stop, and which rows have no object.
///
/// Where the store lists in another order than the ledger, keys look like candidates on both sides; there the sweep looks again before
/// it takes their number for suspicious. Rows without objects are looked at again anyway: it is a question, and many of them may be
/// rows that came during the walk. Only then it is known whether rows name any object of the store.
async fn judge(flow: &Flow, sweep: &Sweep, walk: &mut Walk, report: &mut Report) -> Result<()> {
    let mut counts = Counts::of(walk);
    let suspicion = counts.suspicion(sweep.max_share);
    if suspicion.is_some() && !walk.is_in_order {
        walk.orphans = look::unnamed(flow, take(&mut walk.orphans)).await?;
        counts.orphans = walk.orphans.count();
        report.orphans.candidate_count = counts.orphans;
    }
    report.stopped = counts.suspicion(sweep.max_share);
    if report.stopped.is_none() {
        let rows = look::missing(flow, take(&mut walk.missing)).await?;
        counts.named += rows.there_count;
        counts.missing = rows.missing.count;
        report.missing = rows.missing;
        let suspicion = counts.suspicion(sweep.max_share);
        report.stopped = suspicion.or_else(|| counts.estrangement(sweep.max_share));
    }
    Ok(())
}

/// Aborts uploads that were begun before the grace period. A store may forbid it, or not know of uploads.
async fn abort_uploads(flow: &Flow, sweep: &Sweep) -> Result<Uploads> {
    const STEP: &str = "AbortStaleUploads";
    let request = AbortStaleUploadsRequest {
        bucket: String::new(),
        older_than: Some(prost_types::Duration {
            seconds: i64::try_from(sweep.grace.as_secs()).unwrap_or(i64::MAX),
            nanos: 0,
        }),
        dry_run: !sweep.delete,
        request_id: flow.id(STEP).to_string(),
    };
    let abort = async |r| flow.caller.objects().abort_stale_uploads(r).await;
    match flow.call(STEP, request, abort).await {
        Ok(AbortStaleUploadsResponse {
            matched_count,
            aborted_count,
        }) => Ok(Uploads {
            stale_count: matched_count.unsigned_abs(),
            aborted_count: aborted_count.unsigned_abs(),
            refused: None,
        }),
        Err(error) if is_refusal(&error) => Ok(Uploads {
            refused: Some(error.to_string()),
            ..Uploads::default()
        }),
        Err(error) => Err(error),
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(Code::FailedPrecondition | Code::Unimplemented)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_by_default_a_dry_run_of_24_hours_that_stops_above_10_percent() {
        let expected = Sweep {
            delete: false,
            grace: Duration::from_secs(86_400),
            max_share: 10,
        };
        assert_eq!(Sweep::default(), expected);
    }
}
