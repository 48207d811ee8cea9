//! The move from the embedded store into Postgres: `metadata-svc kv export` writes all rows to a file of JSON lines, and
//! `metadata-svc kv import` inserts them. Both count and hash the rows of each table; the import reads every row back, so equal
//! hashes prove that the database has what the store had. Rows that are there already win, so a move can be run again.
//! Keys that are used up stay so; reservations are not moved, as no upload is under way while no service runs.

mod bar;
mod digest;
mod export;
mod file;
mod import;
mod line;
mod row;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tonic::Status;

use crate::error::Error;

/// What to do with all that the embedded store keeps.
#[derive(Args, Debug)]
pub struct KvArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes all that the embedded store in `DATA_DIR` keeps as JSON lines. The service must not be running.
    Export {
        /// The file to make, which must not be there yet; `-` means standard output.
        file: PathBuf,
    },
    /// Inserts what `export` wrote into Postgres, that of `DATABASE_URL` or of `DATABASE_HOST` and so on. Rows that are there
    /// already stay as they are; to be run again when it was interrupted.
    Import {
        /// The file; `-` means standard input.
        file: PathBuf,
    },
}

/// Does what was asked for; the counts and hashes go to standard output, or to standard error where the rows go there.
///
/// # Errors
/// When the settings cannot be used, the store is in use, the file is damaged, the database is not reached or has another
/// schema, or in the end has other rows than the file.
pub async fn run(arguments: KvArguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Export { file } => export::run(file).await,
        Command::Import { file } => import::run(file).await,
    }
}

/// Whether a file means standard output or input.
fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

/// What went wrong, for who runs the command. Values of rows are not repeated.
fn told(error: Error) -> anyhow::Error {
    if let Error::Store(error) = error {
        return anyhow::Error::new(error).context("reading the embedded store");
    }
    if let Error::Database(error) = error {
        return anyhow::Error::new(error).context("Postgres refused");
    }
    if let Error::Unreachable(error) = error {
        return anyhow::Error::new(error);
    }
    if let Error::Broken(found) = error {
        return anyhow::anyhow!("damaged: {found}");
    }
    anyhow::anyhow!("{}", Status::from(error).message())
}

#[cfg(test)]
mod tests;
