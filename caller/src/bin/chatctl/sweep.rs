//! `chatctl sweep`: objects that no row names, and rows whose object is not there.

mod text;

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use humantime::parse_duration;

use crate::{Global, bar::Unit};
use text::text;

/// Remove objects that no row names.
#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// Remove what is found [default: a dry run, which changes nothing]
    #[arg(long)]
    delete: bool,
    /// How old an object without a row must be, for example 90m, 24h or 7d; at most 365d
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = parse_duration)]
    grace: Duration,
    /// Stop where more than this share of the objects has no row, or of the rows no object; 100 never stops for that
    ///
    /// Up to 100 of either are no share, unless no row names any object of the store: then one is enough to stop.
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(..=100))]
    max_share: u8,
}

impl Sweep {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, bar) = global.caller_with_bar(Unit::Objects)?;
        let report = caller.sweep(&self.into()).await?;
        drop(bar);
        let json = serde_json::to_value(&report)?;
        global.out().line(|| json, || text(&report))?;
        let problems = report.problems();
        if problems.is_empty() {
            return Ok(());
        }
        bail!(problems.join("; "))
    }
}

impl From<Sweep> for caller::Sweep {
    fn from(asked: Sweep) -> Self {
        Self {
            delete: asked.delete,
            grace: asked.grace,
            max_share: asked.max_share,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{Cli, Command};

    /// What a sweep is asked for by this command line.
    fn asked(line: &[&str]) -> caller::Sweep {
        let line = ["chatctl", "sweep"].iter().chain(line);
        let Command::Sweep(sweep) = Cli::try_parse_from(line).expect("it is taken").command else {
            panic!("it is a sweep");
        };
        sweep.into()
    }

    #[test]
    fn a_sweep_that_is_asked_for_nothing_is_the_librarys_default() {
        assert_eq!(asked(&[]), caller::Sweep::default());
    }

    #[test]
    fn each_argument_of_a_sweep_is_what_it_says() {
        let all = asked(&["--delete", "--grace", "90m", "--max-share", "7"]);
        let expected = caller::Sweep {
            delete: true,
            grace: Duration::from_secs(5_400),
            max_share: 7,
        };
        assert_eq!(all, expected);
    }
}
