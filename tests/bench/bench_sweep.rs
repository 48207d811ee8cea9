//! Measures the sweep: `chatctl sweep` over a million keys and a million rows, and over real objects on SeaweedFS: how long it
//! takes, and what it takes of memory. By hand, on a machine that does nothing else; never as a test.

mod by_hand;
mod machine;
mod process;
mod report;
mod sweep;

use clap::Parser as _;

use self::sweep::{Arguments, measure};

fn main() -> anyhow::Result<()> {
    by_hand::run(measure(&Arguments::parse()))
}
