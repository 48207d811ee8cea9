//! The sweep, as people and the cluster's clock run it: a process of `chatctl`, without a grace period.

use std::process::Stdio;

use anyhow::Context as _;
use serde_json::Value;
use tests::command::chatctl;
use tokio::process::{Child, Command};

/// A sweep under way.
pub(crate) struct Sweep(pub(crate) Child);

/// How a sweep ended.
pub(crate) struct Swept {
    pub(crate) is_whole: bool,
    /// How many objects it removed.
    pub(crate) removed: u64,
    pub(crate) told: String,
}

impl Sweep {
    /// Begins one.
    pub(crate) fn begin(metadata_url: &str, blob_url: &str) -> anyhow::Result<Self> {
        let mut command = Command::from(chatctl());
        command
            .args(["--json", "--metadata", metadata_url, "--blob", blob_url])
            .args(["sweep", "--delete", "--grace", "0s", "--max-share", "100"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(Self(command.spawn().context("chatctl cannot be started")?))
    }

    /// Waits for its end.
    pub(crate) async fn end(self) -> anyhow::Result<Swept> {
        let output = self.0.wait_with_output().await?;
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let count = |of: &str| report[of]["removed_count"].as_u64().unwrap_or_default();
        let told = [output.stdout, output.stderr].concat();
        Ok(Swept {
            is_whole: output.status.success(),
            removed: count("pending") + count("orphans"),
            told: String::from_utf8_lossy(&told).into_owned(),
        })
    }
}
