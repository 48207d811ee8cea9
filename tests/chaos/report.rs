//! The report: what was done and what went wrong, counted.

use std::{collections::BTreeMap, fmt};

use crate::schedule::Target;

/// What happened, in one round or in all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rounds: u64,
    /// Steps that were acknowledged or, as the plan allows, refused.
    pub(crate) steps: usize,
    pub(crate) refused: usize,
    pub(crate) kills: BTreeMap<Target, u64>,
    pub(crate) freezes: u64,
    /// Connections that were reset, closed or left hanging.
    pub(crate) breaks: usize,
    pub(crate) store_errors: usize,
    pub(crate) corruptions: usize,
    /// Sweeps that came to their end, and those that did not.
    pub(crate) sweeps: u64,
    pub(crate) broken_sweeps: u64,
    pub(crate) swept: u64,
    pub(crate) used_up: usize,
    pub(crate) objects: usize,
    /// Objects that the store has, and does not list.
    pub(crate) unlisted: usize,
    pub(crate) violations: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        for (target, count) in &other.kills {
            *self.kills.entry(*target).or_default() += count;
        }
        self.rounds += other.rounds;
        self.steps += other.steps;
        self.refused += other.refused;
        self.freezes += other.freezes;
        self.breaks += other.breaks;
        self.store_errors += other.store_errors;
        self.corruptions += other.corruptions;
        self.sweeps += other.sweeps;
        self.broken_sweeps += other.broken_sweeps;
        self.swept += other.swept;
        self.used_up += other.used_up;
        self.objects += other.objects;
        self.unlisted += other.unlisted;
        self.violations += other.violations;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rounds            {}", self.rounds)?;
        writeln!(
            f,
            "flows             {}, of them refused as planned {}",
            self.steps, self.refused
        )?;
        let kills: Vec<_> = self
            .kills
            .iter()
            .map(|(who, n)| format!("{who:?} {n}"))
            .collect();
        writeln!(f, "kills             {}", kills.join(", ").to_lowercase())?;
        writeln!(f, "freezes           {}", self.freezes)?;
        writeln!(f, "broken links      {}", self.breaks)?;
        writeln!(f, "store errors      {}", self.store_errors)?;
        writeln!(f, "corruptions       {}", self.corruptions)?;
        writeln!(
            f,
            "sweeps            {}, and {} that were broken",
            self.sweeps, self.broken_sweeps
        )?;
        writeln!(f, "objects swept     {}", self.swept)?;
        writeln!(f, "used-up keys met  {}", self.used_up)?;
        writeln!(
            f,
            "objects judged    {}, of them not listed by their store {}",
            self.objects, self.unlisted
        )?;
        write!(f, "violations        {}", self.violations)
    }
}
