//! metadata-svc as a process: its settings come from the environment.

use metadata_svc::Config;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    metadata_svc::run(Config::from_env()?).await
}
