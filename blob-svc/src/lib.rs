//! blob-svc: the service that owns the bytes. Objects in any S3 store, or in one of its own, and signed URLs for them.
//!
//! Two layers: the rpcs ([`object`], [`presign`], [`bucket`]), and the store behind them ([`s3`]), which is one and the same
//! for every store: [`embedded`] speaks S3 too.

pub mod bucket;
pub mod config;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
pub mod key;
pub mod object;
pub mod presign;
pub mod probe;
pub mod s3;
pub mod server;
pub mod sign;
mod store_check;

pub use config::Config;

use bucket::{Buckets, State};
use s3::Client;

use anyhow::Context;
use contract::telemetry::Telemetry;
use std::io::Write;

/// Runs the service until the process is asked to end.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let telemetry = Telemetry::start("blob-svc", config.common.log_level, &[])
        .context("cannot set up telemetry")?;
    let served = server::serve(config).await;
    telemetry.stop();
    served
}

/// Makes the configured buckets as they are configured, and prints where each stands. Fails unless all are ready.
pub async fn ensure_buckets(config: Config) -> anyhow::Result<()> {
    let (_embedded, endpoint) = server::open_store(&config).await?;
    let buckets = Buckets::new(&Client::new(&endpoint), &config.buckets, &config.receipts);
    let standings = buckets.standings(true).await?;
    let lines = standings.iter().map(|standing| format!("{standing}\n"));
    print(&lines.collect::<String>())?;
    let all_ready = standings
        .iter()
        .all(|standing| standing.state == State::Ready);
    anyhow::ensure!(all_ready, "not all buckets are as configured");
    Ok(())
}

/// Tries what the store does, in the bucket of this name or the first, and prints what was seen: a table, or JSON.
pub async fn probe(config: Config, bucket: Option<&str>, json: bool) -> anyhow::Result<()> {
    let (_embedded, endpoint) = server::open_store(&config).await?;
    let buckets = Buckets::new(&Client::new(&endpoint), &config.buckets, &config.receipts);
    let bucket = buckets.named(bucket.unwrap_or_default());
    let bucket = bucket.context("--bucket: no bucket of this name is configured")?;
    let report = probe::all(&bucket.store).await;
    let report = report.with_context(|| format!("bucket {}", bucket.name()))?;
    if json {
        print(&format!("{:#}\n", report.json()))
    } else {
        print(&report.to_string())
    }
}

/// On standard output, which may be a pipe that nobody reads to its end.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    let written = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    written.context("cannot print")
}
