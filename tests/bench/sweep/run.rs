//! One run of `chatctl sweep`, watched from outside.

use std::{
    io::{Read as _, Seek as _},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tests::command::chatctl;

use super::stage::Stage;
use crate::process::{Cpu, Watched, memory_bytes};

/// How often it is looked at: what it has held at most and used up to then is what is told.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const MIB: f64 = 1_048_576.0;

/// What a run took.
pub(crate) struct Run {
    pub(crate) seconds: f64,
    /// The most memory that chatctl held, in MiB.
    pub(crate) most_mib: f64,
    /// CPU seconds: client is chatctl, service metadata-svc, store blob-svc.
    pub(crate) cpu: Cpu,
    /// How many objects were removed.
    pub(crate) removed: usize,
}

impl Run {
    /// Sweeps, or tells what a sweep would remove.
    pub(crate) fn of(stage: &Stage, delete: bool) -> anyhow::Result<Self> {
        let mut command = chatctl();
        command.args(["--json", "--metadata", &stage.metadata.url()]);
        command.args(["--blob", &stage.blob.url(), "sweep", "--grace", "0s"]);
        if delete {
            command.arg("--delete");
        }
        // Not a pipe: a report may be longer than one holds, and nobody reads it before the end.
        let mut output = tempfile::tempfile().context("making a file for its report")?;
        let begin = Instant::now();
        let mut child = command
            .stdout(output.try_clone()?)
            .stderr(Stdio::null())
            .spawn()?;
        let watched = Watched {
            client: child.id(),
            service: Some(stage.metadata.pid()),
            bouncer: None,
            store: stage.blob.pid(),
        };
        let before = watched.cpu()?;
        let (mut held, mut cpu) = (0, before);
        while child.try_wait()?.is_none() {
            if let (Ok(most), Ok(used)) = (memory_bytes(child.id(), "VmHWM"), watched.cpu()) {
                (held, cpu) = (most, used);
            }
            thread::sleep(LOOK_EVERY);
        }
        let seconds = begin.elapsed().as_secs_f64();
        let mut report = String::new();
        output.rewind()?;
        output.read_to_string(&mut report)?;
        let report: Value = serde_json::from_str(&report).context("reading its report")?;
        ensure!(report["stopped"].is_null(), "it stopped: {report:#}");
        let removed = report["orphans"]["removed_count"].as_u64();
        Ok(Self {
            seconds,
            most_mib: held as f64 / MIB,
            cpu: cpu - before,
            removed: usize::try_from(removed.unwrap_or_default())?,
        })
    }
}
