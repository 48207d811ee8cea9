//! What is compared: ways to do the same, the last one boto3's.

use anyhow::ensure;
use serde_json::Value;

use super::{calls::Calls, run::Run, stage::Stage};
use crate::{
    report::{Verdict, range, spread},
    rounds::{by_turns, ratios},
};

/// Ways to do the same.
pub(crate) struct Comparison {
    pub(crate) name: String,
    pub(crate) sides: Vec<Side>,
    /// What is done before and after each run, where it writes.
    pub(crate) around: Option<Around>,
}

/// One way to do it.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    /// How much a run does.
    pub(crate) units: f64,
    pub(crate) work: Work,
    pub(crate) goals: Vec<Goal>,
}

/// What is run.
pub(crate) enum Work {
    /// Calls of the service.
    Calls(Calls),
    /// An order to boto3.
    Boto3(Value),
    /// What this thread does.
    Here(Box<dyn Fn() -> anyhow::Result<()>>),
}

/// Each run finds the same in the store; nobody pays for that but who is measured.
pub(crate) struct Around {
    pub(crate) prefix: &'static str,
    /// Fills the prefix before a run.
    pub(crate) fill: Option<Calls>,
    /// How many objects a run leaves under the prefix. They are removed.
    pub(crate) left: i64,
}

/// What is to be reached.
pub(crate) struct Goal {
    pub(crate) of: fn(&Run) -> f64,
    pub(crate) bound: Bound,
    pub(crate) unit: &'static str,
}

/// Where.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// At least so many times what boto3 reaches.
    OfBoto3(f64),
}

impl Comparison {
    /// Runs each side, one after the other, `rounds` times, after a round that does not count: it opens connections, and
    /// fills caches.
    pub(crate) async fn measure(
        &self,
        stage: &Stage,
        rounds: u64,
    ) -> anyhow::Result<Vec<Vec<Run>>> {
        let mut runs = by_turns(&self.sides, rounds + 1, async |_, side| {
            if let Some(fill) = self.around.as_ref().and_then(|around| around.fill.as_ref()) {
                fill.run(&fill.connect(&stage.service).await?).await?;
            }
            let run = side.run(stage).await?;
            if let Some(Around { prefix, left, .. }) = &self.around {
                let found = stage.clear(prefix).await?;
                ensure!(
                    found == *left,
                    "{} of {} leaves {found} objects, not {left}",
                    side.name,
                    self.name
                );
            }
            Ok(run)
        })
        .await?;
        for runs in &mut runs {
            runs.remove(0);
        }
        Ok(runs)
    }

    /// What became of the goals, by the runs of each side.
    pub(crate) fn verdicts(&self, runs: &[Vec<Run>]) -> Vec<Verdict> {
        let Some(boto3) = runs.last() else {
            return Vec::new();
        };
        let of_side = |(side, runs): (&Side, &Vec<Run>)| {
            let verdict =
                |goal: &Goal| goal.verdict(&format!("{}: {}", self.name, side.name), runs, boto3);
            side.goals.iter().map(verdict).collect::<Vec<_>>()
        };
        self.sides.iter().zip(runs).flat_map(of_side).collect()
    }
}

impl Side {
    async fn run(&self, stage: &Stage) -> anyhow::Result<Run> {
        match &self.work {
            Work::Calls(calls) => {
                let connections = calls.connect(&stage.service).await?;
                let watched = stage.watched(&stage.service);
                Run::of(self.units, watched, calls.run(&connections)).await
            }
            Work::Boto3(order) => {
                let mut seconds = 0.0;
                let watched = stage.watched_without_service(stage.boto3.pid);
                let run = Run::of(self.units, watched, async {
                    seconds = stage.boto3.carry_out(order).await?;
                    Ok(())
                });
                let run = run.await?;
                Ok(Run { seconds, ..run })
            }
            Work::Here(work) => {
                let watched = stage.watched_without_service(std::process::id());
                Run::of(self.units, watched, async { work() }).await
            }
        }
    }
}

impl Goal {
    fn verdict(&self, what: &str, runs: &[Run], boto3: &[Run]) -> Verdict {
        let values: Vec<f64> = match self.bound {
            Bound::OfBoto3(_) => ratios(runs, boto3, self.of).collect(),
            Bound::AtMost(_) | Bound::AtLeast(_) => runs.iter().map(self.of).collect(),
        };
        let (middle, ..) = spread(values.iter().copied());
        let (goal, is_reached) = match self.bound {
            Bound::AtMost(most) => (format!("at most {most} {}", self.unit), middle <= most),
            Bound::AtLeast(least) => (format!("at least {least} {}", self.unit), middle >= least),
            Bound::OfBoto3(least) => {
                let goal = format!("at least {least} x the {} of boto3", self.unit);
                (goal, middle >= least)
            }
        };
        let digits = if middle < 1_000.0 { 2 } else { 0 };
        Verdict {
            what: what.to_owned(),
            goal,
            figure: range(values.into_iter(), digits),
            is_reached,
        }
    }
}
