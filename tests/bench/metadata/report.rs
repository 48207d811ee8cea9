//! What is printed of metadata-svc: one table a case as it is measured.

use std::time::Duration;

use super::{
    comparison::{Comparison, Goal, Outcome},
    measurement::{Latency, Measurement},
};
use crate::{
    report::{Verdict, range, spread},
    rounds::ratios,
};

const MICROS: f64 = 1e6;
const MEBIBYTE: f64 = 1_048_576.0;

/// Prints the head of a case's table.
pub(crate) fn head(title: &str) {
    println!("\n## {title}\n");
    println!(
        "| | calls/s | first ÷ this | p50 ms | p90 ms | p99 ms | max ms | client µs | service µs | PgBouncer µs | Postgres µs | service MiB |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
}

/// Prints a comparison's rows.
pub(crate) fn rows(comparison: &Comparison<'_>, outcome: &Outcome) {
    let [first, ..] = outcome.runs.as_slice() else {
        return;
    };
    for (place, (side, runs)) in comparison.sides.iter().zip(&outcome.runs).enumerate() {
        let latency = merged(runs);
        let millis = |quantile| format!("{:.2}", latency.millis(quantile));
        let cpu = |of: fn(&Measurement) -> f64| match spread(runs.iter().map(of)) {
            (0.0, ..) => String::new(),
            (middle, ..) => format!("{:.0}", middle * MICROS),
        };
        let memory = runs.iter().filter_map(|run| run.resident_bytes).max();
        let cells = [
            format!("{}: {}", comparison.name, side.name),
            range(runs.iter().map(|run| run.per_second), 0),
            match place {
                0 => String::new(),
                _ => range(ratios(first, runs, |run| run.per_second), 2),
            },
            millis(0.5),
            millis(0.9),
            millis(0.99),
            millis(1.0),
            cpu(|run| run.cpu.client),
            cpu(|run| run.cpu.service),
            cpu(|run| run.cpu.bouncer),
            cpu(|run| run.cpu.store),
            memory.map_or(String::new(), |bytes| {
                format!("{:.0}", bytes as f64 / MEBIBYTE)
            }),
        ];
        println!("| {} |", cells.join(" | "));
    }
}

/// Prints how long behind appends their words were indexed.
pub(crate) fn settled<'a>(measured: impl Iterator<Item = (&'a Comparison<'a>, &'a Outcome)>) {
    println!("\nAll words were indexed so many seconds after the last answer of a run:\n");
    for (comparison, outcome) in measured {
        let seconds = range(outcome.settled.iter().map(Duration::as_secs_f64), 1);
        println!("- {}: {seconds}", comparison.name);
    }
}

/// What became of a comparison's goal, if it has one.
pub(crate) fn verdict(
    title: &str,
    comparison: &Comparison<'_>,
    outcome: &Outcome,
) -> Option<Verdict> {
    let first = outcome.runs.first()?;
    let against = |of: fn(&Measurement) -> f64| {
        let (side, runs) = (comparison.sides.get(1)?, outcome.runs.get(1)?);
        let ratio = || ratios(first, runs, of);
        Some((spread(ratio()).0, range(ratio(), 2) + " x", side.name))
    };
    let (goal, figure, is_reached) = match comparison.goal? {
        Goal::Rate(least) => {
            let (ratio, figure, other) = against(|run| run.per_second)?;
            let goal = format!("at least {least} x the calls/s of {other}");
            (goal, figure, ratio >= least)
        }
        Goal::Latency(most) => {
            let (ratio, figure, other) = against(|run| run.latency.millis(0.5))?;
            let goal = format!("at most {most} x the median latency of {other}");
            (goal, figure, ratio <= most)
        }
        Goal::Within(most) => {
            let p99 = merged(first).millis(0.99);
            let goal = format!("p99 under {most} ms");
            (goal, format!("{p99:.1} ms"), p99 < most)
        }
    };
    Some(Verdict {
        what: format!("{title}, {}", comparison.name),
        goal,
        figure,
        is_reached,
    })
}

fn merged(runs: &[Measurement]) -> Latency {
    let mut all = Latency::new();
    runs.iter().for_each(|run| all.add(&run.latency));
    all
}
