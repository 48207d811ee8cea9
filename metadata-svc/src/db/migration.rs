//! The migrations, as the binary carries them.

use std::fmt;

use anyhow::bail;

/// A step of the schema, and the way back.
#[derive(Debug)]
pub(super) struct Migration {
    /// Digits that sort by time, for example `20261121110000`.
    pub(super) version: &'static str,
    pub(super) name: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
}

/// All, the oldest first.
pub(super) static MIGRATIONS: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.name)
    }
}

/// The version to end with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// None at all.
    Base,
    /// This one.
    Version(&'static str),
}

impl Target {
    /// Finds the revision that a version or a name means; without one, the newest.
    pub(super) fn parse(revision: Option<&str>) -> anyhow::Result<Self> {
        let Some(revision) = revision else {
            return Ok(MIGRATIONS
                .last()
                .map_or(Self::Base, |newest| Self::Version(newest.version)));
        };
        if revision == "base" {
            return Ok(Self::Base);
        }
        match MIGRATIONS
            .iter()
            .find(|m| m.version == revision || m.name == revision)
        {
            Some(found) => Ok(Self::Version(found.version)),
            None => {
                bail!("no revision has this version or name; `metadata-svc db history` lists them")
            }
        }
    }

    /// Whether a database at this version has the migration.
    pub(super) fn holds(&self, migration: &Migration) -> bool {
        match self {
            Self::Base => false,
            Self::Version(version) => migration.version <= *version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_rise_and_each_way_has_a_way_back() {
        assert!(MIGRATIONS.is_sorted_by(|a, b| a.version < b.version));
        for migration in MIGRATIONS {
            assert!(
                migration.version.bytes().all(|b| b.is_ascii_digit()),
                "{migration}"
            );
            assert!(
                !migration.up.trim().is_empty() && !migration.down.trim().is_empty(),
                "{migration}"
            );
        }
    }

    #[test]
    fn a_revision_is_found_by_version_and_by_name() {
        let first = &MIGRATIONS[0];
        for revision in [first.version, first.name] {
            let target = Target::parse(Some(revision)).expect("it is there");
            assert_eq!(target, Target::Version(first.version));
            assert!(target.holds(first) && !target.holds(&MIGRATIONS[1]));
        }
        assert!(
            !Target::parse(Some("base"))
                .expect("base is none")
                .holds(first)
        );
        assert!(Target::parse(Some("no such thing")).is_err());
        let newest = Target::parse(None).expect("there are some");
        assert!(MIGRATIONS.iter().all(|m| newest.holds(m)));
    }
}
