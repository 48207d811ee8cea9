//! What is measured of blob-svc, and how often.

mod boto3;
mod calls;
mod comparison;
mod content;
mod memory;
mod presign;
mod removal;
mod run;
mod stage;
mod table;
mod transfer;

use std::env;

use clap::{Parser, ValueEnum};

use self::{comparison::Comparison, stage::Stage, table::Table};
use crate::{
    machine,
    report::{Verdict, print},
};

/// Measures blob-svc beside boto3, and prints tables in Markdown. Everything it needs it starts, and ends.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// What to measure, in this order.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Case::ALL)]
    cases: Vec<Case>,
    /// How often each side runs, by turns.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// How large each of the 8 uploads and 8 downloads is that show blob-svc's memory, in MiB.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    memory_mib: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Case {
    /// URLs to read objects with.
    Presign,
    /// Objects of 1 MiB, 8 at once, and of 256 MiB.
    Download,
    /// The same the other way.
    Upload,
    /// 10,000 objects under a prefix.
    DeletePrefix,
    /// What 8 uploads and 8 downloads at once take of blob-svc.
    Memory,
}

impl Case {
    /// What writes most comes last.
    const ALL: [Self; 5] = [
        Self::Presign,
        Self::Download,
        Self::Upload,
        Self::DeletePrefix,
        Self::Memory,
    ];
}

/// Measures all of it.
pub(crate) async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    println!("# blob-svc beside boto3\n");
    let stage = Stage::set().await?;
    println!("{}\n", machine::told(&env::temp_dir(), &stage.told()));
    println!(
        "{} runs of each side by turns: the middle one, and in parentheses the least and the greatest. One before them does not \
         count. All processes share the machine: client is who asks, this process or boto3's.",
        arguments.rounds
    );
    let mut verdicts = Vec::new();
    for case in &arguments.cases {
        let comparisons = match case {
            Case::Presign => (presign::TABLE, presign::comparisons(&stage)?),
            Case::Download => (transfer::DOWNLOADS, transfer::downloads(&stage).await?),
            Case::Upload => (transfer::UPLOADS, transfer::uploads()),
            Case::DeletePrefix => (removal::TABLE, removal::comparisons()),
            Case::Memory => {
                verdicts.push(memory::measure(&stage, arguments.memory_mib).await?);
                continue;
            }
        };
        verdicts.extend(compare(&stage, arguments.rounds, comparisons).await?);
    }
    print(&verdicts);
    Ok(())
}

async fn compare(
    stage: &Stage,
    rounds: u64,
    (table, comparisons): (Table, Vec<Comparison>),
) -> anyhow::Result<Vec<Verdict>> {
    table.head();
    let mut verdicts = Vec::new();
    for comparison in &comparisons {
        let runs = comparison.measure(stage, rounds).await?;
        table.rows(comparison, &runs);
        verdicts.extend(comparison.verdicts(&runs));
    }
    let held = memory::most(&stage.service)?;
    println!("\nblob-svc has held {held:.0} MiB at most up to here.");
    Ok(verdicts)
}
