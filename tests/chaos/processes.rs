//! The processes that come and go in a round: the caller, and sweeps.

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use tokio::process::{Child, Command};

use crate::{schedule::Link, sweep::Sweep, world::World};

/// How they are begun.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    seed: u64,
    list: PathBuf,
    log: PathBuf,
    /// Where metadata-svc and blob-svc are for the caller, and for sweeps.
    caller: [String; 2],
    sweep: [String; 2],
}

impl Processes {
    /// Through the proxies of the world.
    pub(crate) fn new(world: &World, seed: u64, list: &Path, folder: &Path) -> Self {
        Self {
            seed,
            list: list.to_owned(),
            log: folder.join("caller.log"),
            caller: [Link::CallerToMetadata, Link::CallerToBlob].map(|link| world.url(link)),
            sweep: [Link::SweepToMetadata, Link::SweepToBlob].map(|link| world.url(link)),
        }
    }

    /// Past the proxies.
    pub(crate) fn direct(world: &World, seed: u64, list: &Path, folder: &Path) -> Self {
        let urls = [world.metadata.url(), world.blob.url()];
        Self {
            caller: urls.clone(),
            sweep: urls,
            ..Self::new(world, seed, list, folder)
        }
    }

    /// Begins the caller, whose flows may take `time`; all of it must end `within` a time, if it must.
    pub(crate) fn caller(&self, time: Duration, within: Option<Duration>) -> anyhow::Result<Child> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let [metadata, blob] = &self.caller;
        let mut command = Command::new(env::current_exe()?);
        command
            .env_clear()
            .arg("caller")
            .args(["--seed", &self.seed.to_string()])
            .args(["--metadata", metadata, "--blob", blob])
            .args(["--time", &time.as_millis().to_string()])
            .arg("--list")
            .arg(&self.list)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(within) = within {
            command.args(["--within", &within.as_secs().to_string()]);
        }
        command.spawn().context("the caller cannot be started")
    }

    /// Begins a sweep.
    pub(crate) fn sweep(&self) -> anyhow::Result<Sweep> {
        let [metadata, blob] = &self.sweep;
        Sweep::begin(metadata, blob)
    }
}
