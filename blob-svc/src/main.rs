//! The process: settings from the environment, then [`blob_svc::run`].

use anyhow::Context;
use blob_svc::Config;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env().context("settings")?;
    blob_svc::run(config).await
}
