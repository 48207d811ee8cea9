//! The stage: the caller and sweeps at work, and the schedule that goes wrong around them.

use std::{collections::BTreeMap, process::ExitStatus, time::Duration};

use anyhow::{Context as _, ensure};
use fastrand::Rng;
use tests::fault_proxy::{End, Fault};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep_until},
};

use crate::{
    processes::Processes,
    report::Tally,
    schedule::{Schedule, Target, Trouble, What},
    sweep::Swept,
    world::{World, signal},
};

/// Decides other throws than the plan's and the schedule's.
const OTHER: u64 = 0x57a6_e000;
/// How long the caller and the sweeps may go on behind the schedule: on a busy machine they come to little before.
const REST: Duration = Duration::from_secs(3);
/// How many sweeps may run at once.
const SWEEPS: usize = 2;
/// The pause before each of them begins again, in milliseconds.
const PAUSES: [std::ops::Range<u64>; SWEEPS] = [10..80, 50..400];

/// The stage of a round.
pub(crate) struct Stage<'a> {
    world: &'a mut World,
    processes: Processes,
    rng: Rng,
    tally: &'a mut Tally,
    /// The process of the caller, while there is one.
    caller: Option<u32>,
    sweeps: [Slot; SWEEPS],
    /// The sweeps and callers that stand still.
    frozen: Vec<u32>,
    /// The numbers of the rules that hold, by the place of their trouble in the schedule.
    rules: BTreeMap<usize, usize>,
    ends: UnboundedSender<Ended>,
    ended: UnboundedReceiver<Ended>,
}

/// A sweep that runs, or is to begin.
#[derive(Clone, Copy, Debug)]
enum Slot {
    From(Instant),
    Runs(u32),
}

/// What has ended.
enum Ended {
    Caller(u32, std::io::Result<ExitStatus>),
    Sweep(usize, anyhow::Result<Swept>),
}

impl<'a> Stage<'a> {
    pub(crate) fn new(
        world: &'a mut World,
        processes: Processes,
        seed: u64,
        tally: &'a mut Tally,
    ) -> Self {
        let (ends, ended) = mpsc::unbounded_channel();
        let now = Instant::now();
        Self {
            world,
            processes,
            rng: Rng::with_seed(seed ^ OTHER),
            tally,
            caller: None,
            sweeps: [Slot::From(now); SWEEPS],
            frozen: Vec::new(),
            rules: BTreeMap::new(),
            ends,
            ended,
        }
    }

    /// Plays the schedule to its end, and leaves nobody at work.
    pub(crate) async fn play(mut self, schedule: &Schedule, time: Duration) -> anyhow::Result<()> {
        let begin = Instant::now();
        let corruptions = self.world.corruptions();
        let mut actions: Vec<_> = schedule.0.iter().enumerate().flat_map(actions).collect();
        actions.sort_by_key(|(at, ..)| *at);
        self.start_caller(time)?;
        (0..SWEEPS).for_each(|slot| self.pause(slot));
        for (at, place, is_end) in actions {
            self.work_until(begin + at, false).await?;
            let trouble = &schedule.0[place];
            if is_end {
                self.mend(place, trouble, time)?;
            } else {
                self.hurt(place, trouble);
            }
        }
        self.work_until(Instant::now() + REST, true).await?;
        self.kill_caller();
        for slot in 0..SWEEPS {
            self.kill_sweep(slot);
        }
        self.tally.corruptions += self.world.corruptions() - corruptions;
        self.leave().await
    }

    /// Lets everybody work until then, or until the caller is done.
    async fn work_until(&mut self, until: Instant, or_done: bool) -> anyhow::Result<()> {
        loop {
            if or_done && self.caller.is_none() {
                return Ok(());
            }
            let begins = self.sweeps.iter().filter_map(|slot| match slot {
                Slot::From(at) => Some(*at),
                Slot::Runs(_) => None,
            });
            let next = begins.fold(until, Instant::min);
            tokio::select! {
                Some(ended) = self.ended.recv() => self.note(ended)?,
                () = sleep_until(next) => {
                    if Instant::now() >= until {
                        return Ok(());
                    }
                    self.start_sweeps()?;
                }
            }
        }
    }

    fn note(&mut self, ended: Ended) -> anyhow::Result<()> {
        match ended {
            Ended::Caller(pid, status) => {
                let was_killed = self.caller != Some(pid);
                let status = status?;
                ensure!(
                    was_killed || status.success(),
                    "the caller ended with {status}"
                );
                if !was_killed {
                    self.caller = None;
                }
            }
            Ended::Sweep(slot, swept) => {
                let swept = swept?;
                self.tally.swept += swept.removed;
                self.tally.sweeps += u64::from(swept.is_whole);
                self.tally.broken_sweeps += u64::from(!swept.is_whole);
                self.pause(slot);
            }
        }
        Ok(())
    }

    fn pause(&mut self, slot: usize) {
        let pause = Duration::from_millis(self.rng.u64(PAUSES[slot].clone()));
        self.sweeps[slot] = Slot::From(Instant::now() + pause);
    }

    fn start_sweeps(&mut self) -> anyhow::Result<()> {
        for slot in 0..SWEEPS {
            if matches!(self.sweeps[slot], Slot::From(at) if at <= Instant::now()) {
                let sweep = self.processes.sweep()?;
                let pid = sweep.0.id().context("a new process has an id")?;
                self.sweeps[slot] = Slot::Runs(pid);
                let ends = self.ends.clone();
                tokio::spawn(async move { ends.send(Ended::Sweep(slot, sweep.end().await)) });
            }
        }
        Ok(())
    }

    fn start_caller(&mut self, time: Duration) -> anyhow::Result<()> {
        let mut caller = self.processes.caller(time, None)?;
        let pid = caller.id().context("a new process has an id")?;
        self.caller = Some(pid);
        let ends = self.ends.clone();
        tokio::spawn(async move { ends.send(Ended::Caller(pid, caller.wait().await)) });
        Ok(())
    }

    /// Whether there was one.
    fn kill_caller(&mut self) -> bool {
        self.caller.take().is_some_and(kill_9)
    }

    /// Whether there was one.
    fn kill_sweep(&mut self, slot: usize) -> bool {
        match self.sweeps[slot] {
            Slot::Runs(pid) => kill_9(pid),
            Slot::From(_) => false,
        }
    }

    fn hurt(&mut self, place: usize, trouble: &Trouble) {
        match &trouble.what {
            What::Kill(target) => {
                let target = self.world.victim(*target);
                let was_there = match target {
                    Target::Caller => self.kill_caller(),
                    Target::Sweep => self.kill_sweep(0),
                    Target::Metadata | Target::Blob | Target::Database | Target::Store => {
                        self.world.kill_9(target)
                    }
                };
                *self.tally.kills.entry(target).or_default() += u64::from(was_there);
            }
            What::Freeze(target) => {
                let stands_still = self.freeze(*target);
                self.tally.freezes += u64::from(stands_still);
            }
            What::Break(link, rule) => {
                let number = self.world.links.get(*link).add(rule.clone());
                self.rules.insert(place, number);
            }
        }
    }

    /// Whether somebody stands still now.
    fn freeze(&mut self, target: Target) -> bool {
        let pid = match (self.world.victim(target), self.sweeps[0]) {
            (Target::Caller, _) => self.caller,
            (Target::Sweep, Slot::Runs(pid)) => Some(pid),
            (other, _) => return self.world.freeze(other, true),
        };
        self.frozen.extend(pid);
        pid.is_some_and(|pid| signal(pid, true))
    }

    fn mend(&mut self, place: usize, trouble: &Trouble, time: Duration) -> anyhow::Result<()> {
        match &trouble.what {
            What::Kill(Target::Caller) if self.caller.is_none() => self.start_caller(time)?,
            What::Kill(target) => self.world.relaunch(self.world.victim(*target)),
            What::Freeze(Target::Caller | Target::Sweep) => {
                for pid in self.frozen.drain(..) {
                    signal(pid, false);
                }
            }
            What::Freeze(target) => {
                self.world.freeze(self.world.victim(*target), false);
            }
            What::Break(link, rule) => {
                let proxy = self.world.links.get(*link);
                if let Some(number) = self.rules.remove(&place) {
                    let hits = proxy.lift(number);
                    let tally = match rule.fault() {
                        Fault::Break(..) => Some(&mut self.tally.breaks),
                        Fault::Answer(..) | Fault::Replace(..) => {
                            Some(&mut self.tally.store_errors)
                        }
                        Fault::Slow(_) | Fault::Hold(_) | Fault::Corrupt => None,
                    };
                    if let Some(tally) = tally {
                        *tally += hits;
                    }
                }
                // What hangs would hang for as long as its caller waits.
                if matches!(rule.fault(), Fault::Break(End::Hang | End::HalfOpen, _)) {
                    proxy.cut();
                }
            }
        }
        Ok(())
    }

    /// Waits until nobody is at work any more.
    async fn leave(mut self) -> anyhow::Result<()> {
        drop(self.ends);
        while let Some(ended) = self.ended.recv().await {
            if let Ended::Sweep(_, swept) = ended {
                self.tally.swept += swept?.removed;
            }
        }
        Ok(())
    }
}

/// The begin and the end of a trouble.
fn actions((place, trouble): (usize, &Trouble)) -> [(Duration, usize, bool); 2] {
    [
        (trouble.at, place, false),
        (trouble.at + trouble.lasts, place, true),
    ]
}

/// Ends a process at once; whether it was there.
fn kill_9(pid: u32) -> bool {
    let kill = ["-KILL", &pid.to_string()];
    let killed = tests::command::run(std::process::Command::new("kill").args(kill));
    killed.status.success()
}
