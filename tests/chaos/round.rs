//! A round: the plan of a seed is followed while its schedule goes wrong, and then everything is judged.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::ensure;

use crate::{
    ack_list,
    checker::{Checker, Stored},
    plan::{Plan, Step},
    processes::Processes,
    report::Tally,
    schedule::Schedule,
    seen::Seen,
    stage::Stage,
    world::World,
};

/// How long a flow may take while things go wrong, and afterwards.
const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(20);
/// How long everything may take to end, afterwards.
const WITHIN: Duration = Duration::from_secs(45);
/// How many sweeps must find all orphans.
const SWEEPS: usize = 5;
/// How often a sweep may fail when nothing is wrong.
const TRIES: usize = 3;

/// A round of one world.
pub(crate) struct Round<'a> {
    world: &'a mut World,
    checker: &'a mut Checker,
    seed: u64,
    /// Where its list and the callers' words lie.
    folder: PathBuf,
    pub(crate) tally: Tally,
}

impl<'a> Round<'a> {
    pub(crate) fn new(
        world: &'a mut World,
        checker: &'a mut Checker,
        seed: u64,
        folder: &Path,
    ) -> Self {
        Self {
            world,
            checker,
            seed,
            folder: folder.to_owned(),
            tally: Tally {
                rounds: 1,
                ..Tally::default()
            },
        }
    }

    /// Plays it to its end; what is wrong then.
    pub(crate) async fn play(&mut self) -> anyhow::Result<Vec<String>> {
        let (plan, schedule) = (Plan::of(self.seed), Schedule::of(self.seed));
        let list = self.folder.join("list");
        let processes = Processes::new(self.world, self.seed, &list, &self.folder);
        let stage = Stage::new(self.world, processes, self.seed, &mut self.tally);
        stage.play(&schedule, SHORT).await?;
        self.world.recover().await?;
        self.world.settle().await?;

        let mut wrong = self.checker.judge_store();
        // Before anything is done once more: that would store again what is lost.
        wrong.extend(self.sweep().await?);
        self.finish(&list).await?;
        let seen = Seen::of(ack_list::read(&list));
        self.count(&plan, &seen);
        if seen.wrong.is_empty() {
            let (problem, stored) = self.sweep_all(&plan, &seen).await?;
            wrong.extend(problem);
            let before = (self.checker.count(), self.checker.unlisted());
            wrong.extend(self.checker.judge(&plan, &seen, stored).await?);
            self.tally.objects += self.checker.count() - before.0;
            self.tally.unlisted += self.checker.unlisted() - before.1;
        } else {
            wrong.extend(seen.wrong);
        }
        wrong.extend(self.world.errors());
        Ok(wrong)
    }

    fn count(&mut self, plan: &Plan, seen: &Seen) {
        let refused = |step: &&Step| seen.answer(step.number).is_none();
        self.tally.steps += seen.ended.len();
        self.tally.refused += plan.steps.iter().filter(refused).count();
        self.tally.used_up += seen.used_up.len();
    }

    /// Lets the caller end whatever has not ended, and do everything once more.
    async fn finish(&mut self, list: &Path) -> anyhow::Result<()> {
        let processes = Processes::direct(self.world, self.seed, list, &self.folder);
        let ended = processes.caller(LONG, Some(WITHIN))?.wait().await?;
        ensure!(ended.success(), "the caller ended with {ended}");
        self.world.settle().await
    }

    /// Sweeps until nothing is left without a row; why no sweep comes to its end, and what is stored behind the last. What a killed
    /// caller had sent is stored to its end, also behind a sweep, and blob-svc tries its store whenever it comes back: the next sweep
    /// is for that.
    async fn sweep_all(
        &mut self,
        plan: &Plan,
        seen: &Seen,
    ) -> anyhow::Result<(Option<String>, Stored)> {
        for _ in 1..SWEEPS {
            let wrong = self.sweep().await?;
            let stored = self.checker.stored();
            if wrong.is_some() || !self.checker.has_orphans(&stored, plan, seen) {
                return Ok((wrong, stored));
            }
        }
        Ok((self.sweep().await?, self.checker.stored()))
    }

    /// Sweeps to the end; why it does not come to it.
    async fn sweep(&mut self) -> anyhow::Result<Option<String>> {
        let mut told = String::new();
        for _ in 0..TRIES {
            let processes = Processes::direct(self.world, self.seed, Path::new(""), &self.folder);
            let swept = processes.sweep()?.end().await?;
            self.tally.swept += swept.removed;
            if swept.is_whole {
                self.tally.sweeps += 1;
                return Ok(None);
            }
            self.tally.broken_sweeps += 1;
            told = swept.told;
        }
        Ok(Some(format!("the sweep finds something wrong: {told}")))
    }
}
