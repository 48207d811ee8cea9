//! `chatctl`: the pair of services, their flows, and a demonstration, for people and scripts.

mod bar;
mod demo;
mod export;
mod failure;
mod find;
mod history;
mod out;
mod serve;
mod services;
mod sweep;
mod turn;
mod up;
mod write;

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use caller::{
    Caller, Config,
    contract::{
        id::{Uuid, new_id},
        telemetry::Telemetry,
    },
};
use clap::{Args, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

use crate::{bar::Bar, out::Out};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  none of the others; the message tells
  2  an argument is wrong or refused; the message names it
  3  what was asked for is not there
  4  a conflict: it is there already, was changed meanwhile, or is in the wrong state
  5  a service cannot be reached, is busy, or the time was out: what became of it is not known;
     run the command again, with the --request-id that the message tells where it tells one (a sweep needs none),
     and it finishes what was begun

Results are written to standard output, everything else to standard error. With --json an error is one line of JSON.";

/// Chats about documents: rows in metadata-svc, bytes in blob-svc, kept in step.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    #[arg(
        long,
        help = "metadata-svc [default: http://127.0.0.1:50051]",
        global = true,
        env = "CHATSTORE_METADATA",
        value_name = "URL"
    )]
    metadata: Option<String>,
    #[arg(
        long,
        help = "blob-svc [default: http://127.0.0.1:50052]",
        global = true,
        env = "CHATSTORE_BLOB",
        value_name = "URL"
    )]
    blob: Option<String>,
    /// Write one JSON document, or JSON lines for lists
    #[arg(long, global = true)]
    json: bool,
    /// A UUID: the same command with the same id has one effect, however often it is run
    #[arg(long, global = true, value_name = "UUID", value_parser = parse_id)]
    request_id: Option<Uuid>,
    /// How many seconds a flow may take, with all its calls and their repetitions; of a sweep, each call
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run both services on embedded stores under one folder, until Ctrl-C
    Up(up::Up),
    /// Hold a whole conversation over the files that chatctl carries, and export it
    ///
    /// Uses the services that --metadata and --blob name, else those that serve at the default addresses, else starts
    /// both for as long as it takes. Run again, it ends in the same state.
    Demo(demo::Demo),
    /// Store a document and create the chat about it
    SaveDocument(write::SaveDocument),
    /// Add a message to a chat, with viewport pictures, zoom crops and search results
    SaveTurn(write::SaveTurn),
    /// Show a chat's messages, each picture with a freshly signed URL
    History(history::History),
    /// Write a chat into a folder or one zip archive, its pictures included
    Export(export::Export),
    /// Delete a chat with its messages and objects; deleting it again finishes what was begun
    DeleteChat(write::DeleteChat),
    /// Remove objects that no row names, and tell of rows whose object is not there
    ///
    /// A dry run unless --delete is given. Fails when it finds something wrong: then it has removed nothing, or tells what.
    Sweep(sweep::Sweep),
    /// List a user's chats, the newest first
    ListChats(find::ListChats),
    /// Find messages by their words, in Russian and English
    Search(find::Search),
    /// Run one service, until standard input ends
    #[command(hide = true)]
    Serve(serve::Serve),
}

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime");
    match runtime.and_then(|runtime| runtime.block_on(traced(&global, command))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::tell(&error, &global),
    }
}

/// Runs a command with the caller's part of the trace; a service has its own.
async fn traced(global: &Global, command: Command) -> anyhow::Result<()> {
    if matches!(command, Command::Serve(_)) {
        return run(global, command).await;
    }
    let telemetry = Telemetry::start("chatctl", LevelFilter::WARN, &[])?;
    let done = run(global, command).await;
    telemetry.stop();
    done
}

async fn run(global: &Global, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(up) => up.run(global).await,
        Command::Demo(demo) => demo.run(global).await,
        Command::SaveDocument(save) => save.run(global).await,
        Command::SaveTurn(save) => save.run(global).await,
        Command::History(history) => history.run(global).await,
        Command::Export(export) => export.run(global).await,
        Command::DeleteChat(delete) => delete.run(global).await,
        Command::Sweep(sweep) => sweep.run(global).await,
        Command::ListChats(list) => list.run(global).await,
        Command::Search(search) => search.run(global).await,
        Command::Serve(serve) => serve.run().await,
    }
}

impl Global {
    /// The services that were named, or the default ones.
    fn caller(&self) -> caller::Result<Caller> {
        let url = |given: &Option<String>, default: std::net::SocketAddr| {
            given.clone().unwrap_or_else(|| format!("http://{default}"))
        };
        self.caller_of(
            url(&self.metadata, services::METADATA),
            url(&self.blob, services::BLOB),
        )
    }

    fn caller_of(&self, metadata_url: String, blob_url: String) -> caller::Result<Caller> {
        Caller::connect(Config {
            metadata_url,
            blob_url,
            timeout: Duration::from_secs(self.timeout),
        })
    }

    /// The same, watched by a progress bar for as long as the bar lives.
    fn caller_with_bar(&self, unit: bar::Unit) -> caller::Result<(Caller, Bar)> {
        let bar = Bar::new(unit);
        Ok((self.caller()?.observed(bar.watcher()), bar))
    }

    fn out(&self) -> Out {
        Out { json: self.json }
    }

    /// The request id that was given, or a new one. A failure tells it, so that a rerun can finish.
    fn request_id(&self) -> Uuid {
        self.request_id.unwrap_or_else(new_id)
    }
}

/// Reads an id as the contract spells it.
fn parse_id(text: &str) -> Result<Uuid, String> {
    caller::contract::id::parse_id(text).ok_or_else(|| "must be a UUID of 36 characters".to_owned())
}
