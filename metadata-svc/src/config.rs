//! Config: what the service is told from outside.

use std::path::PathBuf;

use contract::{
    receipt::ReceiptKeys,
    settings::{self, Common, Problems, Settings},
};

use tracing::level_filters::LevelFilter;

use crate::postgres;

/// The port that metadata-svc is known by.
const PORT: u16 = 50_051;

/// What the service is told from outside.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// Where everything is kept.
    pub(crate) storage: Storage,
    /// `RECEIPT_KEY`, shared with blob-svc: its word of what is stored is checked by it. Without it, the plain word is taken.
    pub(crate) receipts: ReceiptKeys,
    /// What of the settings is not used, and why; to be logged.
    pub(crate) notices: Vec<String>,
}

/// Where everything is kept.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    /// In the embedded store of this folder, made when absent.
    Kv(PathBuf),
    /// In Postgres.
    Sql(postgres::Settings),
}

impl Storage {
    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Kv(folder) => folder.display().to_string(),
            Self::Sql(settings) => settings.place(),
        }
    }
}

impl Config {
    /// The modules whose logs have a level of their own: those that talk to the database.
    pub(crate) fn levels(&self) -> Vec<(&'static str, LevelFilter)> {
        match &self.storage {
            Storage::Kv(_) => Vec::new(),
            Storage::Sql(settings) => ["metadata_svc::postgres", "metadata_svc::txn"]
                .map(|module| (module, settings.log_level))
                .into(),
        }
    }

    /// Reads the environment. Without `STORAGE_MODE` the storage is Postgres where a database is configured, and the embedded
    /// store elsewhere. An empty setting counts as none.
    ///
    /// # Errors
    /// Every setting that is malformed or missing.
    pub fn from_env() -> Result<Self, Problems> {
        settings::from_env(Self::read)
    }

    fn read(settings: &mut Settings<'_>) -> Self {
        let mut notices = Vec::new();
        let folder = settings.data_dir().join("metadata");
        let database = match settings.text("STORAGE_MODE").as_deref() {
            Some("kv") => None,
            Some("sql") => demand_database(settings, &mut notices),
            Some(_) => {
                settings.problem("STORAGE_MODE", "must be kv or sql");
                None
            }
            None => postgres::Settings::read(settings, &mut notices),
        };
        let receipts = ReceiptKeys::read(settings);
        if receipts.is_empty() {
            notices.push(
                "RECEIPT_KEY is not set: whatever a caller says of a stored object is taken".into(),
            );
        }
        Self {
            receipts,
            common: settings.common(PORT),
            storage: database.map_or(Storage::Kv(folder), Storage::Sql),
            notices,
        }
    }
}

fn demand_database(
    settings: &mut Settings<'_>,
    notices: &mut Vec<String>,
) -> Option<postgres::Settings> {
    let database = postgres::Settings::read(settings, notices);
    if database.is_none() {
        settings.problem(
            "DATABASE_URL",
            "is required, or DATABASE_HOST, where STORAGE_MODE is sql and USE_DATABASE is not false",
        );
    }
    database
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
        let find = |name: &str| {
            let found = settings.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        settings::from(&find, Config::read).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_means_the_embedded_store_on_this_machine() {
        let config = read(&[]).expect("all have defaults");
        assert_eq!(config.common.listen_addr.to_string(), "127.0.0.1:50051");
        let Storage::Kv(folder) = config.storage else {
            panic!("it is Postgres")
        };
        assert_eq!(folder, PathBuf::from("./chatstore-data/metadata"));
    }

    #[test]
    fn a_database_is_used_unless_it_is_switched_off() {
        let url = ("DATABASE_URL", "postgres://u:not-a-real-password@h/d");
        for (more, is_sql) in [
            (("STORAGE_MODE", ""), true),
            (("STORAGE_MODE", "sql"), true),
            (("STORAGE_MODE", "kv"), false),
            (("USE_DATABASE", "false"), false),
        ] {
            let config = read(&[url, more]).expect("all are fine");
            assert_eq!(
                matches!(config.storage, Storage::Sql(_)),
                is_sql,
                "{more:?}"
            );
        }
    }

    #[test]
    fn sql_without_a_database_is_refused_rather_than_an_empty_store_served() {
        for settings in [
            &[("STORAGE_MODE", "sql")][..],
            &[
                ("STORAGE_MODE", "sql"),
                ("USE_DATABASE", "false"),
                ("DATABASE_URL", "postgres://u@h/d"),
            ],
        ] {
            let error = read(settings).expect_err("there is none");
            assert!(error.contains("DATABASE_URL"), "{error}");
        }
    }

    #[test]
    fn an_unknown_storage_is_told_beside_the_other_problems() {
        let error =
            read(&[("STORAGE_MODE", "redis"), ("LISTEN_ADDR", "here")]).expect_err("two are bad");
        assert!(
            error.contains("STORAGE_MODE") && error.contains("LISTEN_ADDR"),
            "{error}"
        );
    }

    #[test]
    fn a_bad_database_is_refused_by_name_and_without_its_password() {
        let error = read(&[
            ("DATABASE_URL", "postgres://u:not-a-real-password@h/d"),
            ("DATABASE_POOL_MODE", "statement"),
        ])
        .expect_err("that mode is not one of ours");
        assert!(error.contains("DATABASE_POOL_MODE"), "{error}");
        assert!(!error.contains("not-a-real-password"), "{error}");
    }
}
