//! One service in this process, for [`crate::services`]: it ends when standard input does, so that it never outlives the
//! process that holds the other end, however that one ends.

use std::{io, thread};

use clap::{Args, ValueEnum};
use rustix::process::{Signal, getpid, kill_process};

/// Run one service.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    service: Service,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Service {
    Metadata,
    Blob,
}

impl Serve {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        thread::spawn(end_with_stdin);
        match self.service {
            Service::Metadata => metadata_svc::run(metadata_svc::Config::from_env()?).await,
            Service::Blob => blob_svc::run(blob_svc::Config::from_env()?).await,
        }
    }
}

/// Waits for the end of standard input, then asks this process to end as an operator would.
fn end_with_stdin() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    // Fails only without the right to signal oneself.
    let _ = kill_process(getpid(), Signal::TERM);
}
