//! A case's table: a row for each side of each of its comparisons.

use super::{comparison::Comparison, run::Run};
use crate::{report::range, rounds::ratios};

/// What stands in it.
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) columns: &'static [Column],
}

/// What is told of each side.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Run) -> f64,
    pub(crate) digits: usize,
}

impl Table {
    /// Prints the head.
    pub(crate) fn head(&self) {
        let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
        println!("\n## {}\n", self.title);
        println!("| | {} | this ÷ boto3 |", names.join(" | "));
        println!("|---|{}---:|", "---:|".repeat(names.len()));
    }

    /// Prints a comparison's rows.
    pub(crate) fn rows(&self, comparison: &Comparison, runs: &[Vec<Run>]) {
        let Some(boto3) = runs.last() else {
            return;
        };
        for (side, runs) in comparison.sides.iter().zip(runs) {
            let mut cells = vec![format!("{}: {}", comparison.name, side.name)];
            cells.extend(self.columns.iter().map(|column| column.cell(runs)));
            cells.push(range(ratios(runs, boto3, Run::per_second), 2));
            println!("| {} |", cells.join(" | "));
        }
    }
}

impl Column {
    /// Blank for a process that takes no part.
    fn cell(&self, runs: &[Run]) -> String {
        if runs.iter().all(|run| (self.of)(run) == 0.0) {
            return String::new();
        }
        range(runs.iter().map(self.of), self.digits)
    }
}
