//! How a benchmark runs: on one thread, until it is done or interrupted. A load generator that took more would measure itself.

use std::future::Future;

use anyhow::bail;
use tokio::{runtime::Builder, signal::ctrl_c, task::LocalSet};

/// Runs `measure` to its end; what it started ends with it.
pub(crate) fn run(measure: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: a release build measures what is deployed.");
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(async {
        tokio::select! {
            measured = measure => measured,
            _ = ctrl_c() => bail!("interrupted"),
        }
    }))
}
