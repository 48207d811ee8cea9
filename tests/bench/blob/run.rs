//! What was measured: how much was done in how long, and what it cost.

use std::{future::Future, time::Instant};

use crate::process::{Cpu, Watched};

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// How much was done: URLs, MiB or objects.
    pub(crate) units: f64,
    pub(crate) seconds: f64,
    /// CPU seconds.
    pub(crate) cpu: Cpu,
}

impl Run {
    /// Does `work`, which is `units`.
    pub(crate) async fn of(
        units: f64,
        watched: Watched,
        work: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<Self> {
        let (begin, before) = (Instant::now(), watched.cpu()?);
        work.await?;
        Ok(Self {
            units,
            seconds: begin.elapsed().as_secs_f64(),
            cpu: watched.cpu()? - before,
        })
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.units / self.seconds
    }

    /// CPU seconds per unit.
    pub(crate) fn cost(&self) -> Cpu {
        self.cpu * (1.0 / self.units)
    }
}
