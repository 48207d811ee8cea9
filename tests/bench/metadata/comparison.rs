//! What is compared: calls of the service, and scripts of pgbench.

use std::time::Duration;

use super::{load::Calls, measurement::Measurement, pgbench::Script, stage::Stage};
use crate::rounds::by_turns;

/// A round that does not count comes first: it fills caches, and has every connection plan what it asks.
const WARM_UP: Duration = Duration::from_secs(1);

/// Ways to do the same.
pub(crate) struct Comparison<'s> {
    pub(crate) name: String,
    /// The first is what the goal is about, the second what it is held against.
    pub(crate) sides: Vec<Side<'s>>,
    pub(crate) goal: Option<Goal>,
}

/// One way to do it.
pub(crate) struct Side<'s> {
    pub(crate) name: &'static str,
    pub(crate) work: Work<'s>,
}

/// What is run.
pub(crate) enum Work<'s> {
    Calls(Calls),
    Script(Script<'s>),
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// At least so many times the calls per second of the other.
    Rate(f64),
    /// A median latency of at most so many times the other's.
    Latency(f64),
    /// A 99th percentile under so many milliseconds.
    Within(f64),
}

/// What came out.
pub(crate) struct Outcome {
    /// The rounds of each side.
    pub(crate) runs: Vec<Vec<Measurement>>,
    /// How long behind each run of the first side the words of its messages were indexed.
    pub(crate) settled: Vec<Duration>,
}

impl<'s> Side<'s> {
    pub(crate) fn calls(name: &'static str, calls: Calls) -> Self {
        let work = Work::Calls(calls);
        Self { name, work }
    }

    pub(crate) fn script(name: &'static str, script: Script<'s>) -> Self {
        let work = Work::Script(script);
        Self { name, work }
    }

    async fn run(&self, time: Duration) -> anyhow::Result<Measurement> {
        match &self.work {
            Work::Calls(calls) => calls.run(time).await,
            Work::Script(script) => script.run(time).await,
        }
    }
}

impl Comparison<'_> {
    /// Runs each side for `time`, one after the other, `rounds` times.
    pub(crate) async fn measure(
        &self,
        stage: &Stage,
        rounds: u64,
        time: Duration,
    ) -> anyhow::Result<Outcome> {
        for side in &self.sides {
            side.run(WARM_UP).await?;
            stage.settle().await?;
        }
        let mut settled = Vec::new();
        let runs = by_turns(&self.sides, rounds, async |place, side| {
            let run = side.run(time).await?;
            let after = stage.settle().await?;
            if place == 0 {
                settled.push(after);
            }
            Ok(run)
        });
        let runs = runs.await?;
        Ok(Outcome { runs, settled })
    }
}
