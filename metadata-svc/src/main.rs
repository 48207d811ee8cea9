//! metadata-svc as a process: its settings come from the environment.

use clap::{Parser, Subcommand};
use metadata_svc::{Config, DbArguments, KvArguments};

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
    /// Moves all that the embedded store keeps into Postgres.
    Kv(KvArguments),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Some(Command::Db(arguments)) => metadata_svc::db(arguments).await,
        Some(Command::Kv(arguments)) => metadata_svc::kv(arguments).await,
        None => metadata_svc::run(Config::from_env()?).await,
    }
}
