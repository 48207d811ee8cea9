//! What is measured of the sweep, and on what.

mod fill;
mod run;
mod stage;

use std::env;

use anyhow::ensure;
use clap::Parser;
use tests::{ObjectStore, Storage};

use self::{run::Run, stage::Stage};
use crate::{
    machine,
    report::{Verdict, print, range, spread},
};

/// How long a sweep of a million keys may take, and what `chatctl` may hold meanwhile.
const LIMIT_SECONDS: f64 = 180.0;
const LIMIT_MIB: f64 = 64.0;

/// Measures `chatctl sweep`, and prints a table in Markdown. Everything it needs it starts, and ends.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// How many keys the embedded store has, and how many the rows name. They are written into its index, without bytes.
    #[arg(long, default_value_t = 1_000_000)]
    keys: usize,
    /// How many objects SeaweedFS has, and how many the rows name. They are uploaded.
    #[arg(long, default_value_t = 50_000)]
    objects: usize,
    /// How often each dry run is made.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
}

/// Measures all of it.
pub(crate) async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    println!("# The sweep\n");
    println!("{}\n", machine::told(&env::temp_dir(), "chatctl"));
    println!(
        "{} dry runs each: the middle one, and in parentheses the least and the greatest; then the one that deletes. One key in \
         a hundred is an object without a row, and one row in a hundred has no object. All processes share the machine.\n",
        arguments.rounds
    );
    println!(
        "| | dry run, s | keys/s | chatctl, most MiB | chatctl CPU s | metadata-svc CPU s | blob-svc CPU s | deleting, s | objects removed |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut verdicts = Vec::new();
    for (storage, store, keys) in [
        (Storage::Kv, ObjectStore::Embedded, arguments.keys),
        (Storage::Postgres, ObjectStore::Embedded, arguments.keys),
        (Storage::Postgres, ObjectStore::Seaweed, arguments.objects),
    ] {
        verdicts.extend(sweep(storage, store, keys, arguments.rounds).await?);
    }
    print(&verdicts);
    Ok(())
}

/// Sweeps `keys` keys, prints the table's row, and tells what became of the goals.
async fn sweep(
    storage: Storage,
    store: ObjectStore,
    keys: usize,
    rounds: u64,
) -> anyhow::Result<[Verdict; 2]> {
    let name = format!("{keys} keys, {storage:?}, {store:?}");
    eprintln!("filling: {name}");
    let stage = Stage::set(storage, store, keys).await?;
    let mut runs = Vec::new();
    for round in 1..=rounds {
        eprintln!("dry run {round}: {name}");
        runs.push(Run::of(&stage, false)?);
    }
    eprintln!("deleting: {name}");
    let deleting = Run::of(&stage, true)?;
    let expected = keys.div_ceil(fill::ONE_IN);
    ensure!(
        deleting.removed == expected,
        "{} objects were removed, and {expected} were to be",
        deleting.removed
    );
    let all = |of: fn(&Run) -> f64, digits| range(runs.iter().map(of), digits);
    println!(
        "| {name} | {} | {:.0} | {} | {} | {} | {} | {:.1} | {} |",
        all(|run| run.seconds, 1),
        keys as f64 / spread(runs.iter().map(|run| run.seconds)).0,
        all(|run| run.most_mib, 1),
        all(|run| run.cpu.client, 1),
        all(|run| run.cpu.service, 1),
        all(|run| run.cpu.store, 1),
        deleting.seconds,
        deleting.removed,
    );
    let most = |of: fn(&Run) -> f64| runs.iter().chain([&deleting]).map(of).fold(0.0, f64::max);
    let verdict = |goal: String, figure: String, is_reached| Verdict {
        what: name.clone(),
        goal,
        figure,
        is_reached,
    };
    let (seconds, mib) = (most(|run| run.seconds), most(|run| run.most_mib));
    Ok([
        verdict(
            format!("under {LIMIT_SECONDS:.0} s, the slowest"),
            format!("{seconds:.1}"),
            seconds < LIMIT_SECONDS,
        ),
        verdict(
            format!("under {LIMIT_MIB:.0} MiB of memory in chatctl, the most"),
            format!("{mib:.1}"),
            mib < LIMIT_MIB,
        ),
    ])
}
