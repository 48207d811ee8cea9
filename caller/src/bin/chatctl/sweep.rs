//! `chatctl sweep`: objects that no row names, and rows whose object is not there.

use std::{fmt::Display, time::Duration};

use anyhow::bail;
use caller::{Kept, Report, Sample};
use clap::Args;
use humantime::{format_duration, parse_duration};
use indicatif::HumanBytes;

use crate::{Global, bar::Unit};

/// How many keys of each kind people are shown; JSON has 1,000.
const SHOWN: usize = 10;

/// Remove objects that no row names.
#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// Remove what is found [default: a dry run, which changes nothing]
    #[arg(long)]
    delete: bool,
    /// How old an object without a row must be, for example 90m, 24h or 7d; at most 365d
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = parse_duration)]
    grace: Duration,
    /// Stop where more than this share of the objects has no row, or of the rows no object; 100 never stops for that
    ///
    /// Up to 100 of either are no share, unless no row names any object of the store: then one is enough to stop.
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(..=100))]
    max_share: u8,
}

impl Sweep {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, bar) = global.caller_with_bar(Unit::Objects)?;
        let sweep = caller::Sweep {
            delete: self.delete,
            grace: self.grace,
            max_share: self.max_share,
        };
        let report = caller.sweep(&sweep).await?;
        drop(bar);
        let json = serde_json::to_value(&report)?;
        global.out().line(|| json, || text(&report))?;
        let problems = report.problems();
        if problems.is_empty() {
            return Ok(());
        }
        bail!(problems.join("; "))
    }
}

fn text(report: &Report) -> String {
    let grace = format_duration(Duration::from_secs(report.grace_seconds));
    let (pending, orphans, uploads) = (&report.pending, &report.orphans, &report.uploads);
    let mut lines = vec![
        format!(
            "Recorded for removal before: {}, struck out {}; {} objects removed",
            pending.record_count, pending.acked_count, pending.removed_count
        ),
        format!(
            "Seen: {} objects ({}), {} keys of rows",
            report.object_count,
            HumanBytes(report.object_bytes),
            report.referenced_key_count
        ),
    ];
    match &report.stopped {
        Some(why) => lines.push(format!("Stopped, and nothing of it removed: {why}")),
        None => lines.extend([
            format!(
                "Objects without a row: {} older than {grace}, {} removed; {} younger ones and {} named or reserved meanwhile stay",
                orphans.orphan_count, orphans.removed_count, orphans.young_count, orphans.named_count
            ),
            format!(
                "Uploads begun before {grace}: {}, {} aborted",
                uploads.stale_count, uploads.aborted_count
            ),
        ]),
    }
    lines.extend(
        uploads
            .refused
            .iter()
            .map(|why| format!("The store does not let uploads be aborted: {why}")),
    );
    tell(&mut lines, "Rows without an object", &report.missing);
    tell(
        &mut lines,
        "Objects of another size than their row's",
        &report.wrong_size,
    );
    tell(
        &mut lines,
        "Objects under names that are no keys",
        &report.foreign,
    );
    for kept in [&pending.kept, &orphans.kept] {
        let told = kept
            .first
            .iter()
            .map(|Kept { key, code }| format!("{key}: {code}"));
        let told = Sample {
            count: kept.count,
            first: told.collect(),
        };
        tell(&mut lines, "The store did not remove", &told);
    }
    if !report.delete {
        lines.push("A dry run: nothing was changed. --delete removes".to_owned());
    }
    lines.join("\n")
}

fn tell(lines: &mut Vec<String>, what: &str, sample: &Sample<impl Display>) {
    if sample.is_empty() {
        return;
    }
    lines.push(format!("{what}: {}", sample.count));
    lines.extend(
        sample
            .first
            .iter()
            .take(SHOWN)
            .map(|one| format!("  {one}")),
    );
}
