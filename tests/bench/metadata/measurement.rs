//! What was measured: how many calls in how long, what each took, and what they cost.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::time::sleep;

use crate::process::{Cpu, Watched};

/// The part of a measurement over which CPU time is counted: behind its start, where clients still connect, and before its
/// end, where they have begun to fall silent.
const COUNTED: std::ops::Range<f64> = 0.4..0.9;

/// What takes longer is counted as this.
const MAX_MICROS: u64 = 60_000_000;

/// One run.
#[derive(Debug)]
pub(crate) struct Measurement {
    pub(crate) per_second: f64,
    pub(crate) latency: Latency,
    /// CPU seconds per call.
    pub(crate) cpu: Cpu,
    /// Bytes of memory that the service holds, where there is one.
    pub(crate) resident_bytes: Option<u64>,
}

impl Measurement {
    /// `cpu` is in CPU seconds per second.
    pub(crate) fn new(
        per_second: f64,
        latency: Latency,
        cpu: Cpu,
        resident_bytes: Option<u64>,
    ) -> Self {
        Self {
            per_second,
            latency,
            cpu: cpu * (1.0 / per_second),
            resident_bytes,
        }
    }
}

/// A histogram of latencies, true to a thousandth.
#[derive(Clone, Debug)]
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, MAX_MICROS, 3);
        Self(histogram.expect("these bounds are allowed"))
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    /// Takes in another's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds that the share `quantile` of calls stayed within.
    pub(crate) fn millis(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

/// CPU seconds per second of each of `watched`, over the middle of the `time` that begins now.
pub(crate) async fn cpu_rate(watched: Watched, time: Duration) -> anyhow::Result<Cpu> {
    sleep(time.mul_f64(COUNTED.start)).await;
    let (begin, before) = (Instant::now(), watched.cpu()?);
    sleep(time.mul_f64(COUNTED.end - COUNTED.start)).await;
    let used = watched.cpu()? - before;
    Ok(used * (1.0 / begin.elapsed().as_secs_f64()))
}
