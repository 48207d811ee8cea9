//! The schema of the database: which version it has, and how it gets another. For people and for deployments: a job runs
//! `metadata-svc db upgrade` before the service starts; several at once do no harm.

mod index;
mod migration;
mod new;
mod session;
mod state;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use contract::settings;

pub(crate) use self::state::SchemaState;
use self::{
    migration::{MIGRATIONS, Migration, Target},
    session::{Direction, Session},
};
use crate::postgres::Settings;

/// What to do with the schema. The database is that of `DATABASE_URL`, or of `DATABASE_HOST` and so on.
#[derive(Args, Debug)]
pub struct DbArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the schema and brings it to the newest version; a database that holds the tables of an existing deployment is
    /// taken over with all its rows.
    Init(Change),
    /// Makes an empty migration to be filled in.
    New {
        /// What it does, in a few words; its name is made of them.
        message: String,
        /// The folder of the migrations.
        #[arg(long, default_value = "migrations")]
        folder: PathBuf,
    },
    /// Applies what is missing, all of it or up to a revision.
    Upgrade {
        /// The revision to end with: a version or a name, as `history` shows them. The newest when left out.
        revision: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// Takes back what came after a revision.
    Downgrade {
        /// The revision to end with: a version or a name, as `history` shows them, or `base` to take back all.
        revision: String,
        #[command(flatten)]
        change: Change,
    },
    /// Lists all revisions, the oldest first, and which are applied.
    History,
    /// Indexes for search what waits for it, as a running service does in the background; ends when nothing is left.
    Index {
        /// Index every message anew, after a change of Postgres' dictionaries.
        #[arg(long)]
        all: bool,
    },
    /// Shows the revision that the database has, and whether this build needs another.
    Current,
}

#[derive(Args, Debug)]
struct Change {
    /// Print the SQL that would run, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Does what was asked for; what is to be seen goes to standard output.
///
/// # Errors
/// When the settings or the revision cannot be used, the database is not reached, or a migration fails: then everything
/// before it is kept and nothing of it.
pub async fn run(arguments: DbArguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::New { message, folder } => {
            let made = new::make(&folder, &message)?;
            println!("made {}: fill in up.sql and down.sql", made.display());
            Ok(())
        }
        Command::Init(change) => {
            upgrade(session().await?, Target::parse(None)?, true, change.dry_run).await
        }
        Command::Upgrade { revision, change } => {
            let target = Target::parse(revision.as_deref())?;
            upgrade(session().await?, target, false, change.dry_run).await
        }
        Command::Downgrade { revision, change } => {
            let target = Target::parse(Some(&revision))?;
            downgrade(session().await?, target, change.dry_run).await
        }
        Command::History => history(&session().await?).await,
        Command::Index { all } => index::index(settings()?, all).await,
        Command::Current => current(&session().await?).await,
    }
}

/// Reads from the environment where the database of a command is; what of it is not used is told on standard error.
///
/// # Errors
/// Every setting that is malformed, or that there is no database.
pub(crate) fn settings() -> anyhow::Result<Settings> {
    let mut notices = Vec::new();
    let settings = settings::from_env(|settings| Settings::read(settings, &mut notices));
    for notice in notices {
        eprintln!("{notice}");
    }
    settings?.context("no database is configured: set DATABASE_URL, or DATABASE_HOST and so on")
}

async fn session() -> anyhow::Result<Session> {
    let settings = settings()?;
    let place = settings.place();
    Session::open(settings)
        .await
        .with_context(|| format!("connecting to {place}"))
}

async fn upgrade(
    mut session: Session,
    target: Target,
    makes_schema: bool,
    dry_run: bool,
) -> anyhow::Result<()> {
    session.demand_known().await?;
    if dry_run {
        let applied = session.applied().await?;
        let missing = MIGRATIONS
            .iter()
            .filter(|m| target.holds(m) && !applied.contains(m.version));
        print!("{}", session.script(Direction::Up, missing));
        return Ok(());
    }
    session.prepare(makes_schema).await?;
    let next = |applied: &session::Applied| {
        MIGRATIONS
            .iter()
            .find(|m| target.holds(m) && !applied.contains(m.version))
    };
    while let Some(migration) = session.step(Direction::Up, next).await? {
        println!("applied {migration}");
    }
    current(&session).await
}

async fn downgrade(mut session: Session, target: Target, dry_run: bool) -> anyhow::Result<()> {
    session.demand_known().await?;
    if dry_run {
        let applied = session.applied().await?;
        let too_new = MIGRATIONS
            .iter()
            .rev()
            .filter(|m| !target.holds(m) && applied.contains(m.version));
        print!("{}", session.script(Direction::Down, too_new));
        return Ok(());
    }
    let next = |applied: &session::Applied| {
        MIGRATIONS
            .iter()
            .rev()
            .find(|m| !target.holds(m) && applied.contains(m.version))
    };
    while let Some(migration) = session.step(Direction::Down, next).await? {
        println!("took back {migration}");
    }
    current(&session).await
}

async fn history(session: &Session) -> anyhow::Result<()> {
    let applied = session.applied().await?;
    for migration in MIGRATIONS {
        let state = applied
            .since(migration.version)
            .map_or("pending".to_owned(), |time| format!("applied {time}"));
        println!("{migration}  {state}");
    }
    for version in applied.unknown() {
        println!("{version}  applied, unknown to this build");
    }
    Ok(())
}

async fn current(session: &Session) -> anyhow::Result<()> {
    let applied = session.applied().await?;
    let newest = MIGRATIONS
        .iter()
        .rev()
        .find(|m| applied.contains(m.version));
    let pending = MIGRATIONS
        .iter()
        .filter(|m| !applied.contains(m.version))
        .count();
    let unknown = applied.unknown().count();
    let place = newest.map_or("base".to_owned(), Migration::to_string);
    match (pending, unknown) {
        (0, 0) => println!("{place}, the newest"),
        (pending, 0) => println!("{place}, {pending} behind this build"),
        (pending, unknown) => {
            println!("{place}, {pending} behind and {unknown} ahead of this build")
        }
    }
    Ok(())
}

/// Does what `db init` does, for tests of the rooms that stand on the schema.
#[cfg(test)]
pub(crate) async fn init(settings: Settings) -> anyhow::Result<()> {
    upgrade(
        Session::open(settings).await?,
        Target::parse(None)?,
        true,
        false,
    )
    .await
}
