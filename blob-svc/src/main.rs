//! blob-svc as a process: its settings come from the environment.

use anyhow::Context;
use blob_svc::Config;
use clap::{Parser, Subcommand};

/// The service that owns objects and signs URLs for them. Without a command it serves.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Makes every configured bucket that is missing, brings its settings in line, and tells where each stands.
    EnsureBuckets,
    /// Tries what the store does, below uploads/temp/probe/ of a bucket, and tells what was seen.
    Probe {
        /// The bucket; the first that is configured unless given.
        #[arg(long)]
        bucket: Option<String>,
        /// Tells it as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let command = Arguments::parse().command;
    let config = Config::from_env().context("settings")?;
    match command {
        Some(Command::EnsureBuckets) => blob_svc::ensure_buckets(config).await,
        Some(Command::Probe { bucket, json }) => {
            blob_svc::probe(config, bucket.as_deref(), json).await
        }
        None => blob_svc::run(config).await,
    }
}
