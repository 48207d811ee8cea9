//! A sweep's report for people: what was seen, what became of it, and what is wrong.

use std::{fmt::Display, time::Duration};

use caller::{Kept, Report, Sample};
use humantime::format_duration;
use indicatif::HumanBytes;

/// How many keys of each kind people are shown; JSON has 1,000.
const SHOWN: usize = 10;

/// The report, without a line break at its end.
pub(super) fn text(report: &Report) -> String {
    let mut lines = seen(report);
    match &report.stopped {
        Some(why) => lines.push(format!("Stopped, and nothing of it removed: {why}")),
        None => lines.extend(outcome(report)),
    }
    lines.extend(findings(report));
    if !report.delete {
        lines.push("A dry run: nothing was changed. --delete removes".to_owned());
    }
    lines.join("\n")
}

fn seen(report: &Report) -> Vec<String> {
    let pending = &report.pending;
    vec![
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
    ]
}

/// What became of what was seen, when the sweep came to its end.
fn outcome(report: &Report) -> Vec<String> {
    let grace = format_duration(Duration::from_secs(report.grace_seconds));
    let (orphans, uploads) = (&report.orphans, &report.uploads);
    let mut lines = vec![format!(
        "Objects without a row: {} older than {grace}, {} removed; {} younger ones and {} named or reserved meanwhile stay",
        orphans.orphan_count, orphans.removed_count, orphans.young_count, orphans.named_count
    )];
    lines.push(match &uploads.refused {
        Some(why) => format!("The store does not let uploads be aborted: {why}"),
        None => format!(
            "Uploads begun before {grace}: {}, {} aborted",
            uploads.stale_count, uploads.aborted_count
        ),
    });
    lines
}

/// What is wrong, or left alone, by its keys.
fn findings(report: &Report) -> Vec<String> {
    let kept = |kept: &Sample<Kept>| Sample {
        count: kept.count,
        first: kept
            .first
            .iter()
            .map(|Kept { key, code }| format!("{key}: {code}"))
            .collect(),
    };
    [
        told("Rows without an object", &report.missing),
        told(
            "Objects of another size than their row's",
            &report.wrong_size,
        ),
        told("Objects under names that are no keys", &report.foreign),
        told("The store did not remove", &kept(&report.pending.kept)),
        told("The store did not remove", &kept(&report.orphans.kept)),
    ]
    .concat()
}

/// How many there are, and the first of them; nothing where there is none.
fn told(what: &str, sample: &Sample<impl Display>) -> Vec<String> {
    if sample.is_empty() {
        return Vec::new();
    }
    let first = sample.first.iter().take(SHOWN);
    let first = first.map(|one| format!("  {one}"));
    std::iter::once(format!("{what}: {}", sample.count))
        .chain(first)
        .collect()
}

#[cfg(test)]
mod tests {
    use caller::{Orphans, Pending, Uploads};

    use super::*;

    fn sample<T: Clone>(count: u64, one: T) -> Sample<T> {
        let first = std::iter::repeat_n(one, usize::try_from(count).expect("few"));
        Sample {
            count,
            first: first.collect(),
        }
    }

    /// A report in which something is of each kind.
    fn report() -> Report {
        let kept = |key: &str| Kept {
            key: key.into(),
            code: "AccessDenied".into(),
        };
        Report {
            delete: true,
            grace_seconds: 86_400,
            stopped: None,
            pending: Pending {
                record_count: 4,
                acked_count: 3,
                removed_count: 2,
                kept: sample(1, kept("a/locked")),
            },
            object_count: 2_000,
            object_bytes: 3 << 20,
            referenced_key_count: 1_990,
            orphans: Orphans {
                young_count: 5,
                candidate_count: 8,
                candidate_bytes: 80,
                named_count: 1,
                orphan_count: 7,
                removed_count: 6,
                kept: sample(1, kept("b/locked")),
            },
            missing: sample(12, "a/lost".into()),
            wrong_size: sample(1, "a/short".into()),
            foreign: sample(1, "a b".into()),
            uploads: Uploads {
                stale_count: 10,
                aborted_count: 9,
                refused: None,
            },
        }
    }

    #[test]
    fn every_number_and_the_first_keys_of_each_kind_are_told() {
        let lost = ["  a/lost"; SHOWN].join("\n");
        let expected = format!(
            "Recorded for removal before: 4, struck out 3; 2 objects removed
Seen: 2000 objects (3.00 MiB), 1990 keys of rows
Objects without a row: 7 older than 1day, 6 removed; 5 younger ones and 1 named or reserved meanwhile stay
Uploads begun before 1day: 10, 9 aborted
Rows without an object: 12
{lost}
Objects of another size than their row's: 1
  a/short
Objects under names that are no keys: 1
  a b
The store did not remove: 1
  a/locked: AccessDenied
The store did not remove: 1
  b/locked: AccessDenied"
        );
        assert_eq!(text(&report()), expected);
    }

    #[test]
    fn a_dry_run_a_stop_and_a_store_that_refuses_are_told() {
        let dry = Report {
            delete: false,
            ..report()
        };
        let last = text(&dry).lines().last().map(str::to_owned);
        assert_eq!(
            last.as_deref(),
            Some("A dry run: nothing was changed. --delete removes")
        );
        let stopped = text(&Report {
            stopped: Some("rows are lost".into()),
            ..report()
        });
        let lines: Vec<_> = stopped.lines().collect();
        assert_eq!(
            lines[2],
            "Stopped, and nothing of it removed: rows are lost"
        );
        assert!(!stopped.contains("older than"), "{stopped}");
        let refused = text(&Report {
            uploads: Uploads {
                refused: Some("AccessDenied".into()),
                ..Uploads::default()
            },
            ..report()
        });
        let lines: Vec<_> = refused.lines().collect();
        assert_eq!(
            lines[3],
            "The store does not let uploads be aborted: AccessDenied"
        );
    }
}
