//! pgbench beside the service: the same rows on the same server, by a script, with as many clients as there are callers.

use std::{fs, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use tokio::{join, process::Command};

use super::{
    measurement::{Latency, Measurement, cpu_rate},
    stage::{DATABASE, Stage},
};
use crate::process::Watched;

/// What is measured runs on few cores, so pgbench is given no more than it needs.
const THREADS: usize = 2;

/// How many clients connect in a second at least, each with a proof of its password.
const CLIENTS_PER_SECOND: usize = 64;

/// A script, and how many run it.
#[derive(Clone)]
pub(crate) struct Script<'s> {
    pub(crate) stage: &'s Stage,
    pub(crate) sql: &'static str,
    /// Variables that the script uses, beside `run`, which is another number each time.
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) clients: usize,
}

impl Script<'_> {
    /// Runs it for `time`, of which whole seconds count. pgbench takes the time to connect out of it, so that is added.
    pub(crate) async fn run(&self, time: Duration) -> anyhow::Result<Measurement> {
        let connecting = u32::try_from(self.clients / CLIENTS_PER_SECOND)?;
        let time = time + Duration::from_secs(connecting.into());
        let folder = TempDir::with_prefix("pgbench")?;
        let pgbench = self.command(folder.path(), time)?.spawn()?;
        let watched = Watched {
            client: pgbench.id().context("pgbench has ended")?,
            service: None,
            bouncer: None,
            store: self.stage.server.pid(),
        };
        let (ended, cpu) = join!(pgbench.wait_with_output(), cpu_rate(watched, time));
        let ended = ended?;
        let (told, complaint) = (
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr),
        );
        ensure!(
            ended.status.success(),
            "pgbench ended with {}\n{told}{complaint}",
            ended.status
        );
        let per_second = told.lines().find_map(|line| {
            let (number, _) = line.strip_prefix("tps = ")?.split_once(' ')?;
            number.parse().ok()
        });
        let per_second = per_second.with_context(|| format!("pgbench tells no tps:\n{told}"))?;
        Ok(Measurement::new(
            per_second,
            latency(folder.path())?,
            cpu?,
            None,
        ))
    }

    fn command(&self, folder: &Path, time: Duration) -> anyhow::Result<Command> {
        let script = folder.join("script.sql");
        fs::write(&script, self.sql)?;
        let mut pgbench = Command::from(self.stage.server.client("pgbench"));
        pgbench
            .args(["--no-vacuum", "--protocol=prepared", "--log"])
            .arg(format!("--log-prefix={}", folder.join("log").display()))
            .arg(format!("--file={}", script.display()))
            .arg(format!("--time={}", time.as_secs()))
            .arg(format!("--client={}", self.clients))
            .arg(format!("--jobs={}", THREADS.min(self.clients)))
            .arg(format!("--define=run={}", self.stage.next_run()));
        for (name, value) in &self.variables {
            pgbench.arg(format!("--define={name}={value}"));
        }
        pgbench
            .arg(DATABASE)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(pgbench)
    }
}

/// What each transaction took, from the logs in `folder`, one a thread: the third column of a line, in microseconds.
fn latency(folder: &Path) -> anyhow::Result<Latency> {
    let mut latency = Latency::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "sql") {
            continue;
        }
        for line in fs::read_to_string(&path)?.lines() {
            let micros = line.split(' ').nth(2).and_then(|field| field.parse().ok());
            let micros = micros.with_context(|| format!("pgbench logs {line:?}"))?;
            latency.record(Duration::from_micros(micros));
        }
    }
    Ok(latency)
}
