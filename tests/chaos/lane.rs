//! A lane: rounds after rounds in worlds of one kind. A world lives for some rounds, so that what was kept is looked at again.

use std::{
    any::Any,
    env, fs,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, bail};
use futures::FutureExt as _;
use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};

use crate::{
    Run, checker::Checker, kind::Kind, plan::Plan, report::Tally, round::Round, schedule::Schedule,
    world::World,
};

/// How many rounds a world lives: what it keeps makes sweeps longer.
const LIFE: u32 = 50;

/// A lane of rounds.
pub(crate) struct Lane {
    kind: Kind,
    run: Arc<Run>,
}

impl Lane {
    pub(crate) fn new(kind: Kind, run: Arc<Run>) -> Self {
        Self { kind, run }
    }

    /// Plays rounds until there are no more, or it is told to end: its world goes with it.
    pub(crate) fn play(&self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut told_to_end = signal(SignalKind::terminate())?;
            tokio::select! {
                played = self.rounds() => played,
                _ = ctrl_c() => bail!("interrupted"),
                _ = told_to_end.recv() => bail!("told to end"),
            }
        })
    }

    async fn rounds(&self) -> anyhow::Result<()> {
        let mut next = None;
        loop {
            let place = self.run.places.acquire().await?;
            next = next.or_else(|| self.run.next());
            let Some(first) = next.take() else {
                return Ok(());
            };
            let mut world = World::start(self.kind, self.run.without).await?;
            let mut checker = Checker::of(&world)?;
            drop(place);
            next = self.live(&mut world, &mut checker, first).await?;
        }
    }

    /// Plays in one world, as long as it lives; the seed that is left for the next.
    async fn live(
        &self,
        world: &mut World,
        checker: &mut Checker,
        first: u64,
    ) -> anyhow::Result<Option<u64>> {
        let mut seed = first;
        for _ in 0..LIFE {
            let place = self.run.places.acquire().await?;
            let is_well = self.round(world, checker, seed).await?;
            drop(place);
            let Some(next) = self.run.next() else {
                return Ok(None);
            };
            seed = next;
            if !is_well {
                break;
            }
        }
        Ok(Some(seed))
    }

    /// Plays one round; whether nothing was wrong.
    async fn round(
        &self,
        world: &mut World,
        checker: &mut Checker,
        seed: u64,
    ) -> anyhow::Result<bool> {
        let folder = folder(self.kind, seed)?;
        let begin = Instant::now();
        let mut round = Round::new(world, checker, seed, &folder);
        // A store that answers what it never should, or a service that is gone, panics where it is asked.
        let wrong = AssertUnwindSafe(round.play()).catch_unwind().await;
        let wrong = wrong.unwrap_or_else(|panic| Ok(vec![said(&*panic)]));
        let mut tally = round.tally;
        let wrong = wrong.unwrap_or_else(|error| vec![format!("{error:#}")]);
        tally.violations = u64::from(!wrong.is_empty());
        let seconds = begin.elapsed().as_secs_f64();
        println!("{}", line(self.kind, seed, seconds, &tally));
        self.run.tally().add(&tally);
        if wrong.is_empty() {
            fs::remove_dir_all(&folder)?;
            return Ok(true);
        }
        world.keep_logs(&folder)?;
        self.tell(seed, &wrong, &folder)?;
        Ok(false)
    }

    /// Tells what is wrong, and all that helps to find out why.
    fn tell(&self, seed: u64, wrong: &[String], folder: &Path) -> anyhow::Result<()> {
        let (plan, schedule) = (Plan::of(seed), Schedule::of(seed));
        fs::write(folder.join("plan"), format!("{plan:#?}\n{schedule:#?}\n"))?;
        let mut text = format!("VIOLATION in round {seed} on {}:\n", self.kind.name());
        for what in wrong {
            text.push_str(&format!("  {what}\n"));
        }
        text.push_str("what went wrong around it:\n");
        for trouble in &schedule.0 {
            let (at, until) = (
                trouble.at.as_millis(),
                (trouble.at + trouble.lasts).as_millis(),
            );
            text.push_str(&format!("  {at:>5}..{until:<5} ms {:?}\n", trouble.what));
        }
        let [storage, store] = self.kind.words();
        text.push_str(&format!(
            "logs, list and plan lie in {}\n",
            folder.display()
        ));
        text.push_str(&format!(
            "again: chaos --seed {seed} --storage {storage} --store {store}\n"
        ));
        fs::write(folder.join("violation"), &text)?;
        print!("{text}");
        Ok(())
    }
}

/// What somebody panicked with.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panicked: {}", text.unwrap_or_default())
}

/// Where a round keeps its list, beside this program: kept when something is wrong.
fn folder(kind: Kind, seed: u64) -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.parent().context("a program lies in a folder")?;
    let (world, process) = (kind.words().join("-"), std::process::id());
    let folder = target.join("chaos-rounds");
    let folder = folder.join(format!("{world}-{seed}-{process}"));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn line(kind: Kind, seed: u64, seconds: f64, tally: &Tally) -> String {
    let kills: u64 = tally.kills.values().sum();
    format!(
        "seed {seed} {:<19} {seconds:4.1} s: {} flows, {kills} kills, {} breaks, {} store errors, {} corruptions, {}+{} sweeps, {} swept, {} used up{}",
        kind.name(),
        tally.steps,
        tally.breaks,
        tally.store_errors,
        tally.corruptions,
        tally.sweeps,
        tally.broken_sweeps,
        tally.swept,
        tally.used_up,
        if tally.violations > 0 {
            ": VIOLATION"
        } else {
            ""
        },
    )
}
