//! A session that changes the schema. Each migration runs in a transaction of its own, under an advisory lock that ends with
//! it, and only after a look, under that lock, at what is applied by then. So two sessions at once take turns, whatever dies
//! leaves whole migrations behind, and a transaction pooler in between does no harm.

use std::{collections::BTreeMap, fmt};

use anyhow::{Context as _, bail};
use tokio_postgres::{
    Client, Error, GenericClient, IsolationLevel, Transaction, error::ErrorPosition,
};

use super::migration::{MIGRATIONS, Migration};
use crate::postgres::{Settings, connect};

/// What a migration waits for a table that others use. While it waits, they wait behind it.
const TABLE_LOCK_LIMIT: &str = "10s";

/// Which way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// The versions that are applied, and since when.
pub(super) struct Applied(BTreeMap<String, String>);

impl Applied {
    pub(super) fn contains(&self, version: &str) -> bool {
        self.0.contains_key(version)
    }

    /// When it was applied, UTC.
    pub(super) fn since(&self, version: &str) -> Option<&str> {
        self.0.get(version).map(String::as_str)
    }

    /// Those that this build has not.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &str> {
        let known = |version: &String| MIGRATIONS.iter().any(|m| m.version == version);
        self.0
            .keys()
            .filter(move |version| !known(version))
            .map(String::as_str)
    }
}

/// A connection whose schema is to be changed.
pub(super) struct Session {
    client: Client,
    settings: Settings,
}

impl Session {
    pub(super) async fn open(settings: Settings) -> anyhow::Result<Self> {
        let client = connect(&settings).await?;
        Ok(Self { client, settings })
    }

    /// What is applied now.
    pub(super) async fn applied(&self) -> anyhow::Result<Applied> {
        applied(&self.client, &self.settings.schema).await
    }

    /// Refuses a database that a newer build has changed: what that did is not known here.
    pub(super) async fn demand_known(&self) -> anyhow::Result<()> {
        let applied = self.applied().await?;
        let unknown: Vec<_> = applied.unknown().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        bail!(
            "the database has revisions that this build has not ({}): use the build that made them",
            unknown.join(", ")
        )
    }

    /// Makes the schema, where that is asked for, and the table of what is applied.
    pub(super) async fn prepare(&mut self, makes_schema: bool) -> anyhow::Result<()> {
        let settings = &self.settings;
        let transaction = begin(&mut self.client, settings, !makes_schema).await?;
        let mut sql = String::new();
        if makes_schema {
            sql.push_str(&make_schema(&settings.schema));
        }
        sql.push_str(VERSIONS);
        transaction
            .batch_execute(&sql)
            .await
            .map_err(Failure)
            .context("preparing the schema")?;
        transaction.commit().await.map_err(Failure)?;
        Ok(())
    }

    /// Runs the migration that `next` picks from what is applied, and gives it back; `None` where nothing is left to do.
    pub(super) async fn step(
        &mut self,
        direction: Direction,
        next: impl FnOnce(&Applied) -> Option<&'static Migration>,
    ) -> anyhow::Result<Option<&'static Migration>> {
        let settings = &self.settings;
        let transaction = begin(&mut self.client, settings, true).await?;
        let Some(migration) = next(&applied(&transaction, &settings.schema).await?) else {
            return Ok(None);
        };
        let ran = transaction.batch_execute(&direction.sql(migration)).await;
        ran.map_err(Failure)
            .with_context(|| format!("{migration} fails, and is not {}", direction.done()))?;
        transaction
            .commit()
            .await
            .map_err(Failure)
            .with_context(|| format!("committing {migration}"))?;
        Ok(Some(migration))
    }

    /// The SQL that would run, to be read or to be run by hand.
    pub(super) fn script<'m>(
        &self,
        direction: Direction,
        migrations: impl Iterator<Item = &'m Migration>,
    ) -> String {
        let schema = &self.settings.schema;
        let opening = opening(schema);
        let mut script = String::new();
        if direction == Direction::Up {
            script = format!("{BEGIN}{opening}{}{VERSIONS}commit;\n", make_schema(schema));
        }
        for migration in migrations {
            let sql = direction.sql(migration);
            script += &format!("\n-- {migration}\n{BEGIN}{opening}{sql}commit;\n");
        }
        script
    }
}

impl Direction {
    fn sql(self, migration: &Migration) -> String {
        let (sql, note) = match self {
            Self::Up => (
                migration.up,
                "insert into __diesel_schema_migrations (version) values",
            ),
            Self::Down => (
                migration.down,
                "delete from __diesel_schema_migrations where version in",
            ),
        };
        format!("{}\n{note} ('{}');\n", sql.trim_end(), migration.version)
    }

    fn done(self) -> &'static str {
        match self {
            Self::Up => "applied",
            Self::Down => "taken back",
        }
    }
}

/// diesel's own table, so that its tools see what we see.
const VERSIONS: &str = "\
create table if not exists __diesel_schema_migrations (
    version varchar(50) primary key,
    run_on timestamp not null default current_timestamp
);
comment on table __diesel_schema_migrations is 'The migrations that are applied.';
comment on column __diesel_schema_migrations.version is 'The version of the migration.';
comment on column __diesel_schema_migrations.run_on is 'When it was applied.';
";

/// Makes the schema where it is missing; only then must the role be allowed to.
fn make_schema(schema: &str) -> String {
    format!(
        "do $$ begin if to_regnamespace('{schema}') is null then create schema \"{schema}\"; end if; end $$;\n"
    )
}

/// Whatever the role's default is: who has waited for another session must see what that has applied.
const BEGIN: &str = "begin isolation level read committed;\n";

/// What each transaction begins with; all of it ends with the transaction.
fn opening(schema: &str) -> String {
    format!(
        "select pg_advisory_xact_lock(hashtextextended('chatstore migrations of {schema}', 0));\n\
         set local lock_timeout = '{TABLE_LOCK_LIMIT}';\n\
         set local client_min_messages = 'warning';\n\
         set local timezone = 'UTC';\n\
         set local search_path = \"{schema}\";\n"
    )
}

/// Begins a transaction once no other session changes the schema.
async fn begin<'c>(
    client: &'c mut Client,
    settings: &Settings,
    demands_schema: bool,
) -> anyhow::Result<Transaction<'c>> {
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .await
        .map_err(Failure)?;
    transaction
        .batch_execute(&opening(&settings.schema))
        .await
        .map_err(Failure)
        .context("waiting for the lock")?;
    let sees = transaction
        .query_typed("select current_schema() is not null", &[])
        .await
        .map_err(Failure)?;
    if demands_schema && !sees.first().is_some_and(|row| row.get(0)) {
        bail!(
            "there is no schema {}: `metadata-svc db init` makes it",
            settings.schema
        );
    }
    Ok(transaction)
}

async fn applied(client: &impl GenericClient, schema: &str) -> anyhow::Result<Applied> {
    let table = format!("\"{schema}\".__diesel_schema_migrations");
    let there = client
        .query_typed(&format!("select to_regclass('{table}') is not null"), &[])
        .await
        .map_err(Failure)?;
    if !there.first().is_some_and(|row| row.get(0)) {
        return Ok(Applied(BTreeMap::new()));
    }
    let sql =
        format!("select version::text, to_char(run_on, 'YYYY-MM-DD HH24:MI:SS') from {table}");
    let rows = client.query_typed(&sql, &[]).await.map_err(Failure)?;
    Ok(Applied(
        rows.iter().map(|row| (row.get(0), row.get(1))).collect(),
    ))
}

/// What Postgres says of a migration, for who runs it: all of it.
#[derive(Debug)]
struct Failure(Error);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(told) = self.0.as_db_error() else {
            return self.0.fmt(f);
        };
        write!(f, "SQLSTATE {}: {}", told.code().code(), told.message())?;
        for more in [told.detail(), told.hint(), told.where_()]
            .into_iter()
            .flatten()
        {
            write!(f, "\n  {more}")?;
        }
        if let Some(ErrorPosition::Original(position)) = told.position() {
            write!(f, "\n  at character {position}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
