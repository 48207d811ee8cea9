//! How the settings are read: each from the first place that has it, all judged before any is used.

mod encryption;

use contract::settings;
use tracing::level_filters::LevelFilter;

use super::{PoolMode, Settings};
use crate::postgres::url::{Password, Url};

/// The port at which Supabase's pooler, and by habit others, pool by transaction.
const TRANSACTION_POOLER_PORT: u16 = 6543;
impl Settings {
    /// Reads the settings of the database, where one is configured and `USE_DATABASE` is not false. What is not used goes to
    /// `notices`.
    pub(crate) fn read(
        settings: &mut settings::Settings<'_>,
        notices: &mut Vec<String>,
    ) -> Option<Self> {
        let mut reader = Reader {
            settings,
            url: Url::default(),
            notices,
        };
        let wanted = reader.flag("USE_DATABASE");
        if wanted == Some(false) {
            return None;
        }
        let is_configured =
            reader.read_url() | reader.first(&["DATABASE_HOST", "DB_HOST"]).is_some();
        if !is_configured {
            if wanted == Some(true) {
                let required = "is required, or DATABASE_HOST, where USE_DATABASE is true";
                reader.settings.problem("DATABASE_URL", required);
            }
            reader.tell_of_supabase();
            return None;
        }
        reader.tell_of_parameters();
        Some(reader.read())
    }
}

struct Reader<'r, 'l> {
    settings: &'r mut settings::Settings<'l>,
    url: Url,
    notices: &'r mut Vec<String>,
}

impl Reader<'_, '_> {
    fn read(&mut self) -> Settings {
        let use_supabase = self.flag("USE_SUPABASE") == Some(true);
        let port = self.port();
        Settings {
            host: self.required(
                |url| url.host.clone(),
                &["DATABASE_HOST", "DB_HOST"],
                "host",
            ),
            port,
            database: self.required(
                |url| url.database.clone(),
                &["DATABASE_NAME", "DB_NAME"],
                "database's name",
            ),
            user: self.required(
                |url| url.user.clone(),
                &["DATABASE_USER", "DB_USER"],
                "user",
            ),
            password: self.url.password.clone().or_else(|| {
                self.first(&["DATABASE_PASSWORD", "DB_PASSWORD"])
                    .map(|(_, value)| Password(value))
            }),
            tls: self.tls(use_supabase),
            schema: self.schema(),
            pool_mode: self.pool_mode(port),
            log_level: self.log_level(),
        }
    }

    /// Takes `DATABASE_URL` apart; tells whether it is set.
    fn read_url(&mut self) -> bool {
        let Some(url) = self.settings.text("DATABASE_URL") else {
            return false;
        };
        match Url::parse(&url) {
            Ok(url) => {
                if let Some(driver) = &url.driver {
                    self.notices.push(format!(
                        "DATABASE_URL: the driver suffix +{driver} was dropped: it means nothing here"
                    ));
                }
                self.url = url;
            }
            Err(problem) => {
                // Its parts are not missed as well.
                let stand_in = Some(String::from("?"));
                self.url = Url {
                    host: stand_in.clone(),
                    user: stand_in.clone(),
                    database: stand_in,
                    ..Url::default()
                };
                self.settings.problem("DATABASE_URL", problem);
            }
        }
        true
    }

    fn required(
        &mut self,
        of_url: fn(&Url) -> Option<String>,
        names: &[&'static str],
        what: &str,
    ) -> String {
        let found = of_url(&self.url).or_else(|| self.first(names).map(|(_, value)| value));
        found.unwrap_or_else(|| {
            self.settings.problem(
                names[0],
                format!("is required: DATABASE_URL has no {what} either"),
            );
            String::new()
        })
    }

    fn port(&mut self) -> u16 {
        let allowed = "a port from 1 to 65535";
        let name = self
            .first(&["DATABASE_PORT", "DB_PORT"])
            .map(|(name, _)| name);
        let port = match (self.url.port, name) {
            (Some(port), _) => Some(port),
            (None, Some(name)) => self.settings.optional(name, allowed, |text| {
                text.parse().ok().filter(|port| *port != 0)
            }),
            (None, None) => None,
        };
        port.unwrap_or(5432)
    }

    /// A name that needs no quotes, so that it can stand in a `search_path` and in a message.
    fn schema(&mut self) -> String {
        let setting = self.first(&["DATABASE_SCHEMA", "DB_SCHEMA"]);
        let found = setting.or_else(|| Some(("DATABASE_URL's schema", self.parameter("schema")?)));
        let (name, schema) = found.unwrap_or(("DATABASE_SCHEMA", "public".to_owned()));
        let is_plain = schema
            .chars()
            .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
        if !is_plain || schema.len() > 63 || schema.starts_with(|c: char| c.is_ascii_digit()) {
            self.settings.problem(
                name,
                "must be at most 63 of a-z, 0-9 and _, and not begin with a digit",
            );
        }
        schema
    }

    fn pool_mode(&mut self, port: u16) -> PoolMode {
        match self.first(&["DATABASE_POOL_MODE"]) {
            Some((_, word)) if word == "session" => PoolMode::Session,
            Some((_, word)) if word == "transaction" => PoolMode::Transaction,
            Some((name, _)) => {
                self.settings
                    .problem(name, "must be session or transaction");
                PoolMode::Transaction
            }
            None => {
                let pooled = self.parameter("pgbouncer").as_deref().and_then(flag) == Some(true);
                if pooled || port == TRANSACTION_POOLER_PORT {
                    PoolMode::Transaction
                } else {
                    PoolMode::Session
                }
            }
        }
    }

    fn log_level(&mut self) -> LevelFilter {
        let allowed = "off, error, warn, info, debug or trace";
        self.settings.parsed(
            "DATABASE_LOG_LEVEL",
            LevelFilter::WARN,
            allowed,
            settings::level,
        )
    }

    /// A deployment that knew its database by its REST address alone is told what is missing.
    fn tell_of_supabase(&mut self) {
        let named = ["SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_KEY"];
        if let Some((name, _)) = self.first(&named) {
            self.notices.push(format!(
                "{name}: is not used: Postgres is spoken to directly; set DATABASE_URL to the project's connection string"
            ));
        }
    }

    fn tell_of_parameters(&mut self) {
        let known = ["sslmode", "ssl", "sslrootcert", "schema", "pgbouncer"];
        let unknown = self
            .url
            .parameters
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()));
        let is_word = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // What is no word may be a piece of a password.
        let unknown = unknown.map(|(name, _)| if is_word(name) { name } else { "?" });
        self.notices
            .extend(unknown.map(|name| format!("DATABASE_URL: the parameter {name} is not used")));
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.settings.optional(name, "true or false", flag)
    }

    /// The first of the variables that is set, and its name.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.settings.text(name)?)))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let found = self
            .url
            .parameters
            .iter()
            .find(|(n, value)| n == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }
}

fn flag(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}
