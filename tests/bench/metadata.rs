//! What is measured of metadata-svc, and how often.

mod append;
mod comparison;
mod history;
mod list;
mod load;
mod measurement;
mod pgbench;
mod pool_mode;
mod report;
mod search;
mod seed;
mod stage;

use std::time::Duration;

use clap::{Parser, ValueEnum};

use self::{
    comparison::Comparison,
    pool_mode::Modes,
    stage::{Mode, Stage},
};
use crate::{
    machine,
    report::{Verdict, print},
};

/// Measures metadata-svc beside pgbench, and prints tables in Markdown. Everything it needs it starts, and ends.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// What to measure, in this order.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Case::ALL)]
    cases: Vec<Case>,
    /// How long each run takes, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How often each side runs, by turns.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// How many append at once.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    callers: Vec<usize>,
    /// How many messages are there before.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    messages: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Case {
    /// Pages of 50 of a chat of 10,000 messages.
    List,
    /// A chat of 1,000 messages, 500 images and 500 search results.
    History,
    /// Russian words among all messages.
    Search,
    /// Transaction mode against session mode.
    PoolMode,
    /// One message of 512 bytes a call.
    Append,
}

impl Case {
    /// What writes most comes last.
    const ALL: [Self; 5] = [
        Self::List,
        Self::History,
        Self::Search,
        Self::PoolMode,
        Self::Append,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::List => "ListMessages of 50 in a chat of 10,000",
            Self::History => "GetChatHistory of 1,000 messages, 500 images, 500 search results",
            Self::Search => "SearchMessages in Russian",
            Self::PoolMode => "Transaction mode and session mode",
            Self::Append => "AppendMessages of one message of 512 bytes",
        }
    }
}

/// Measures all of it.
pub(crate) async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    println!("# metadata-svc beside pgbench\n");
    let stage = Stage::set(arguments.messages)?;
    println!("{}\n", machine::told(stage.server.folder(), &stage.told()));
    println!(
        "Runs of {} s, {} of each side by turns: the middle one, and in parentheses the least and the greatest. Callers share \
         {} connections to the service. µs are of CPU time per call.",
        arguments.seconds,
        arguments.rounds,
        load::CONNECTIONS
    );
    let mut verdicts = Vec::new();
    for case in &arguments.cases {
        verdicts.extend(measure_case(&stage, arguments, *case).await?);
    }
    print(&verdicts);
    Ok(())
}

async fn measure_case(
    stage: &Stage,
    arguments: &Arguments,
    case: Case,
) -> anyhow::Result<Vec<Verdict>> {
    let session = stage.serve(Mode::Session).await;
    match case {
        Case::List => {
            let comparisons = list::comparisons(stage, &session).await?;
            compare(stage, arguments, case, &comparisons).await
        }
        Case::History => {
            let comparisons = history::comparisons(stage, &session).await?;
            compare(stage, arguments, case, &comparisons).await
        }
        Case::Search => {
            let comparisons = search::comparisons(stage, &session).await?;
            compare(stage, arguments, case, &comparisons).await
        }
        Case::PoolMode => {
            let modes = Modes {
                session,
                transaction: stage.serve(Mode::Transaction).await,
                pooler: stage.serve(Mode::Pooler).await,
            };
            let comparisons = pool_mode::comparisons(stage, &modes, arguments.messages);
            compare(stage, arguments, case, &comparisons).await
        }
        Case::Append => {
            let comparisons = append::comparisons(stage, &session, &arguments.callers);
            compare(stage, arguments, case, &comparisons).await
        }
    }
}

async fn compare(
    stage: &Stage,
    arguments: &Arguments,
    case: Case,
    comparisons: &[Comparison<'_>],
) -> anyhow::Result<Vec<Verdict>> {
    report::head(case.title());
    let time = Duration::from_secs(arguments.seconds);
    let mut outcomes = Vec::new();
    for comparison in comparisons {
        let outcome = comparison.measure(stage, arguments.rounds, time).await?;
        report::rows(comparison, &outcome);
        outcomes.push(outcome);
    }
    let measured = comparisons.iter().zip(&outcomes);
    if matches!(case, Case::Append) {
        report::settled(measured.clone());
    }
    let verdicts = measured
        .filter_map(|(comparison, outcome)| report::verdict(case.title(), comparison, outcome));
    Ok(verdicts.collect())
}
