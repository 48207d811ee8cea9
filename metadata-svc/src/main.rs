//! metadata-svc as a process: its settings come from the environment.

use clap::{Parser, Subcommand};
use metadata_svc::{Config, DbArguments};

/// The service that owns chats, messages, images and search results. Without a command it serves.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Looks after the schema of the database.
    Db(DbArguments),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Some(Command::Db(arguments)) => metadata_svc::db(arguments).await,
        None => metadata_svc::run(Config::from_env()?).await,
    }
}
