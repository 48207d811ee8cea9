//! Measures blob-svc on SeaweedFS beside boto3 on the same store: signed URLs per second, MiB per second up and down,
//! deletions, CPU time of each process, memory. By hand, on a machine that does nothing else; never as a test.

mod blob;
mod by_hand;
mod grpc;
mod machine;
mod process;
mod report;
mod rounds;

use clap::Parser as _;

use self::blob::{Arguments, measure};

fn main() -> anyhow::Result<()> {
    by_hand::run(measure(&Arguments::parse()))
}
