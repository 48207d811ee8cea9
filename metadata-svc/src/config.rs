//! Config: the service's settings, read from the environment once, all problems told at once.

use std::path::PathBuf;

use contract::settings::{self, Common, Problems, Settings};

/// The port that metadata-svc is known by.
const PORT: u16 = 50_051;

/// What the service is told from outside.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service is told.
    pub common: Common,
    /// `DATA_DIR`, and in it the folder of this service's embedded store, made when absent.
    pub folder: PathBuf,
}

impl Config {
    /// Reads the environment. `STORAGE_MODE` must come out as `kv`: what it is set to, or without it `sql` where
    /// `DATABASE_URL` or `DATABASE_HOST` is set, else `kv`. An empty setting counts as none.
    ///
    /// # Errors
    /// Every setting that is malformed or not served by this version.
    pub fn from_env() -> Result<Self, Problems> {
        settings::from_env(Self::read)
    }

    fn read(settings: &mut Settings<'_>) -> Self {
        demand_kv(settings);
        Self {
            common: settings.common(PORT),
            folder: settings.data_dir().join("metadata"),
        }
    }
}

fn demand_kv(settings: &mut Settings<'_>) {
    match settings.text("STORAGE_MODE").as_deref() {
        Some("kv") => {}
        Some("sql") => settings.problem("STORAGE_MODE", "this version serves kv, not sql"),
        Some(_) => settings.problem("STORAGE_MODE", "must be kv or sql; this version serves kv"),
        None => {
            for name in ["DATABASE_URL", "DATABASE_HOST"] {
                if settings.text(name).is_some() {
                    settings.problem(
                        name,
                        "is set, which means STORAGE_MODE=sql, and this version serves kv; \
                         set STORAGE_MODE=kv or unset it",
                    );
                }
            }
        }
    }
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
        assert_eq!(config.folder, PathBuf::from("./chatstore-data/metadata"));
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
    fn a_database_is_refused_by_name_and_without_its_password() {
        let error = read(&[("DATABASE_URL", "postgres://u:not-a-real-password@h/d")])
            .expect_err("sql is not served");
        assert!(error.contains("DATABASE_URL"), "{error}");
        assert!(!error.contains("not-a-real-password"), "{error}");
        assert!(read(&[("DATABASE_HOST", "h"), ("STORAGE_MODE", "kv")]).is_ok());
    }
}
