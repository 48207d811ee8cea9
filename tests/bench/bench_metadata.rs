//! Measures metadata-svc on Postgres beside pgbench, which writes or reads the same rows on the same server: calls per
//! second, latencies, CPU time of each process, memory. By hand, on a machine that does nothing else; never as a test.

mod by_hand;
mod grpc;
mod machine;
mod metadata;
mod process;
mod report;
mod rounds;

use clap::Parser as _;

use self::metadata::{Arguments, measure};

fn main() -> anyhow::Result<()> {
    by_hand::run(measure(&Arguments::parse()))
}
