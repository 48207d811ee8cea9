//! How the schema of the database stands to this build.

use std::{collections::BTreeSet, fmt};

use diesel::{QueryDsl as _, result::Error};
use diesel_async::RunQueryDsl as _;
use tokio_postgres::error::SqlState;

use super::migration::MIGRATIONS;
use crate::postgres::{Connection, sqlstate};

diesel::table! {
    /// diesel's own table: the migrations that are applied.
    __diesel_schema_migrations (version) {
        version -> Varchar,
    }
}

/// How many migrations the database lacks, and how many it has that this build has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SchemaState {
    behind: usize,
    ahead: usize,
}

impl SchemaState {
    /// Asks the database.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn of(connection: &mut Connection) -> Result<Self, Error> {
        let versions =
            __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
        match versions.load::<String>(connection).await {
            Ok(applied) => Ok(Self::between(&applied.into_iter().collect())),
            Err(error) if sqlstate(&error) == Some(SqlState::UNDEFINED_TABLE) => {
                Ok(Self::between(&BTreeSet::new()))
            }
            Err(error) => Err(error),
        }
    }

    fn between(applied: &BTreeSet<String>) -> Self {
        let known = |version: &&String| MIGRATIONS.iter().any(|m| m.version == **version);
        let both = applied.iter().filter(known).count();
        Self {
            behind: MIGRATIONS.len() - both,
            ahead: applied.len() - both,
        }
    }

    /// Whether it is the schema that this build was made for.
    pub(crate) fn is_current(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.behind, self.ahead) {
            (0, 0) => f.write_str("the database's schema is this build's"),
            (behind, 0) => write!(
                f,
                "the database's schema is {behind} migrations behind this build: run `metadata-svc db upgrade`"
            ),
            (0, ahead) => write!(
                f,
                "the database's schema is {ahead} migrations ahead of this build: run a newer build"
            ),
            (behind, ahead) => write!(
                f,
                "the database's schema is {behind} migrations behind this build and {ahead} ahead of it"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(versions: impl Iterator<Item = &'static str>) -> SchemaState {
        SchemaState::between(&versions.map(str::to_owned).collect())
    }

    #[test]
    fn only_the_very_migrations_of_this_build_are_its_schema() {
        let all = || MIGRATIONS.iter().map(|m| m.version);
        assert!(state(all()).is_current());
        let states = [
            (state(all().skip(1)), 1, 0),
            (state(all().chain(["99991231235959"])), 0, 1),
            (state(all().skip(2).chain(["99991231235959"])), 2, 1),
            (state(std::iter::empty()), MIGRATIONS.len(), 0),
        ];
        for (state, behind, ahead) in states {
            assert_eq!(state, SchemaState { behind, ahead });
            assert!(!state.is_current());
        }
    }
}
