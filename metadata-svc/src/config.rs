//! Config: the service's settings, read from the environment once, all problems told at once.

use std::{env, net::SocketAddr, path::PathBuf, str::FromStr};

use tracing::level_filters::LevelFilter;

/// What the service is told from outside.
#[derive(Clone, Debug)]
pub struct Config {
    /// `LISTEN_ADDR`: where it serves gRPC. Default `127.0.0.1:50051`.
    pub listen_addr: SocketAddr,
    /// `DATA_DIR`: the folder of the embedded store, made when absent. Default `./chatstore-data/metadata`.
    pub data_dir: PathBuf,
    /// `LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`. Default `info`.
    pub log_level: LevelFilter,
    /// `MAX_CALLS`: how many calls it serves at once, watches included; at least 1. Default 1,000.
    pub max_calls: usize,
}

/// Settings that cannot be used, each with what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used:\n  {}", .0.join("\n  "))]
pub struct ConfigError(Vec<String>);

impl Config {
    /// Reads the environment. `STORAGE_MODE` must come out as `kv`: what it is set to, or without it `sql` where
    /// `DATABASE_URL` or `DATABASE_HOST` is set, else `kv`. An empty setting counts as none.
    ///
    /// # Errors
    /// Every setting that is malformed or not served by this version.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| env::var(name).ok())
    }

    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut settings = Settings {
            get: |name: &str| get(name).filter(|value| !value.is_empty()),
            problems: Vec::new(),
        };
        settings.demand_kv();
        let config = Self {
            listen_addr: settings.parsed(
                "LISTEN_ADDR",
                SocketAddr::from(([127, 0, 0, 1], 50_051)),
                "an IP address and a port, as in 127.0.0.1:50051",
            ),
            data_dir: settings.parsed(
                "DATA_DIR",
                PathBuf::from("./chatstore-data/metadata"),
                "a folder",
            ),
            log_level: settings.parsed(
                "LOG_LEVEL",
                LevelFilter::INFO,
                "error, warn, info, debug or trace",
            ),
            max_calls: settings.parsed("MAX_CALLS", 1_000, "a number from 1"),
        };
        if config.max_calls == 0 {
            settings
                .problems
                .push("MAX_CALLS: must be a number from 1".into());
        }
        if settings.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(settings.problems))
        }
    }
}

struct Settings<F> {
    get: F,
    problems: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Settings<F> {
    fn parsed<T: FromStr>(&mut self, name: &str, default: T, allowed: &str) -> T {
        let Some(value) = (self.get)(name) else {
            return default;
        };
        value.trim().parse().unwrap_or_else(|_| {
            self.problems.push(format!("{name}: must be {allowed}"));
            default
        })
    }

    /// A value is never repeated here: `DATABASE_URL` holds a password.
    fn demand_kv(&mut self) {
        let problem = match (self.get)("STORAGE_MODE").as_deref() {
            Some("kv") => return,
            Some("sql") => "STORAGE_MODE: this version serves kv, not sql".into(),
            Some(_) => "STORAGE_MODE: must be kv or sql; this version serves kv".into(),
            None => {
                let databases = ["DATABASE_URL", "DATABASE_HOST"];
                match databases.iter().find(|name| (self.get)(name).is_some()) {
                    Some(name) => format!(
                        "{name}: is set, which means STORAGE_MODE=sql, and this version serves kv; \
                         set STORAGE_MODE=kv or unset it"
                    ),
                    None => return,
                }
            }
        };
        self.problems.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
        let get = |name: &str| {
            let found = settings.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::read(get).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_means_the_defaults() {
        let config = read(&[("LOG_LEVEL", "")]).expect("all have defaults");
        assert_eq!(config.listen_addr.to_string(), "127.0.0.1:50051");
        assert_eq!(config.max_calls, 1_000);
    }

    #[test]
    fn all_bad_settings_are_told_at_once() {
        let error = read(&[
            ("STORAGE_MODE", "redis"),
            ("LISTEN_ADDR", "here"),
            ("LOG_LEVEL", "loud"),
            ("MAX_CALLS", "0"),
        ])
        .expect_err("four are bad");
        for name in ["STORAGE_MODE", "LISTEN_ADDR", "LOG_LEVEL", "MAX_CALLS"] {
            assert!(error.contains(name), "{error}");
        }
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
