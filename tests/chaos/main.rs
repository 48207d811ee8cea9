//! The fault harness: both services, their storage and store, callers and sweeps as real processes, while whatever can die dies,
//! and a checker of the promises behind it. Each round is decided by a seed, which plays it again.

mod ack_list;
mod caller;
mod checker;
mod clients;
mod content;
mod kind;
mod lane;
mod links;
mod plan;
mod processes;
mod report;
mod round;
mod rows;
mod schedule;
mod seen;
mod stage;
mod storing;
mod stranger;
mod sweep;
mod world;

use std::{
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use contract::{id::new_id, protection::Protection};

use crate::{
    kind::{Kind, Storage, Store},
    lane::Lane,
    report::Tally,
};

const ROUNDS: u64 = 1_000;

/// Breaks into the flows of both services, and looks whether the promises are kept.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many rounds are played [default: 1000, or as many as fit into --seconds].
    #[arg(long)]
    rounds: Option<u64>,
    /// The seed of the first round, each next one has the next; by itself another each time. Without --rounds it is the only one.
    #[arg(long)]
    seed: Option<u64>,
    /// Where metadata-svc keeps its rows [default: both in turn].
    #[arg(long)]
    storage: Option<Storage>,
    /// Where blob-svc keeps its objects [default: both in turn].
    #[arg(long)]
    store: Option<Store>,
    /// No round begins later than this.
    #[arg(long)]
    seconds: Option<u64>,
    /// How many worlds are played in at once.
    #[arg(long, default_value_t = 4)]
    worlds: usize,
    /// What the services must do without, to see whether that is noticed: `commit_frame`, `hash_check`, `request_id`,
    /// `second_look` or `tombstone`.
    #[arg(long, value_parser = protection)]
    without: Option<Protection>,
    /// Goes on after a violation, in a new world.
    #[arg(long)]
    keep_going: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follows the plan of a seed: the harness starts, kills and starts this.
    #[command(hide = true)]
    Caller(caller::Arguments),
}

/// What all worlds share.
#[derive(Debug)]
struct Run {
    first: u64,
    rounds: u64,
    end: Option<Instant>,
    without: Option<Protection>,
    keep_going: bool,
    places: tokio::sync::Semaphore,
    begun: Mutex<u64>,
    tally: Mutex<Tally>,
}

impl Run {
    /// The seed of the next round, while there is one.
    fn next(&self) -> Option<u64> {
        let is_over = self.end.is_some_and(|end| Instant::now() >= end);
        let is_broken = !self.keep_going && self.tally().violations > 0;
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if is_over || is_broken || *begun == self.rounds {
            return None;
        }
        *begun += 1;
        Some(self.first + *begun - 1)
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(Command::Caller(arguments)) = &arguments.command {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(caller::run(arguments))?;
        return Ok(ExitCode::SUCCESS);
    }
    let run = Arc::new(run_of(&arguments));
    let lanes: Vec<_> = kinds(&arguments)
        .into_iter()
        .map(|kind| {
            let run = Arc::clone(&run);
            thread::spawn(move || Lane::new(kind, run).play())
        })
        .collect();
    let ended: Vec<_> = lanes.into_iter().map(thread::JoinHandle::join).collect();
    let tally = run.tally();
    println!("{tally}");
    println!(
        "seeds             {}..={}",
        run.first,
        run.first + (tally.rounds.max(1) - 1)
    );
    for lane in ended {
        lane.ok().context("a world broke down")??;
    }
    Ok(if tally.violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_of(arguments: &Arguments) -> Run {
    let rounds = match (arguments.seed, arguments.seconds) {
        (_, Some(_)) => u64::MAX,
        (Some(_), None) => 1,
        (None, None) => ROUNDS,
    };
    let end = arguments
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    Run {
        first: arguments
            .seed
            .unwrap_or_else(|| new_id().as_u64_pair().1 >> 32),
        rounds: arguments.rounds.unwrap_or(rounds),
        end,
        without: arguments.without,
        keep_going: arguments.keep_going,
        places: tokio::sync::Semaphore::new(arguments.worlds.max(1)),
        begun: Mutex::new(0),
        tally: Mutex::default(),
    }
}

/// The worlds to be played in.
fn kinds(arguments: &Arguments) -> Vec<Kind> {
    let storages = [Storage::Kv, Storage::Postgres].into_iter();
    let storages = storages.filter(|storage| arguments.storage.is_none_or(|only| only == *storage));
    let kinds = storages.flat_map(|storage| {
        [Store::Embedded, Store::Seaweedfs].map(|store| Kind { storage, store })
    });
    kinds
        .filter(|kind| arguments.store.is_none_or(|only| only == kind.store))
        .collect()
}

fn protection(text: &str) -> Result<Protection, String> {
    let found = Protection::ALL
        .into_iter()
        .find(|protection| protection.name() == text);
    found.ok_or_else(|| {
        let names = Protection::ALL.map(Protection::name);
        format!("must be one of {}", names.join(", "))
    })
}
