//! Claims about the settings.

use proptest::prelude::*;

use contract::settings;

use super::*;
use crate::postgres::tls::SslMode;

/// What reading some variables gives: the settings, the problems, the notices.
fn read(variables: &[(&str, &str)]) -> (Option<Settings>, Vec<String>, Vec<String>) {
    let find = |name: &str| {
        let found = variables.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let mut notices = Vec::new();
    match settings::from(&find, |settings| Settings::read(settings, &mut notices)) {
        Ok(settings) => (settings, Vec::new(), notices),
        Err(problems) => {
            let problems = problems.to_string();
            let problems = problems.lines().skip(1).map(|line| line.trim().to_owned());
            (None, problems.collect(), notices)
        }
    }
}

fn fine(variables: &[(&str, &str)]) -> Settings {
    let (settings, problems, _) = read(variables);
    assert_eq!(problems, Vec::<String>::new());
    settings.expect("a database is configured")
}

fn password(settings: &Settings) -> Option<&str> {
    settings
        .password
        .as_ref()
        .map(|Password(password)| password.as_str())
}

#[test]
fn the_url_goes_before_the_parts_and_these_before_their_old_names() {
    let all = [
        ("DATABASE_URL", "postgres://ann:secret1@url.example/chats"),
        ("DATABASE_HOST", "part.example"),
        ("DATABASE_PORT", "5433"),
        ("DATABASE_PASSWORD", "secret2"),
        ("DB_HOST", "old.example"),
        ("DB_NAME", "old"),
        ("DB_USER", "old"),
        ("DB_PASSWORD", "secret3"),
    ];
    let settings = fine(&all);
    assert_eq!(settings.log_level, LevelFilter::WARN);
    assert_eq!(settings.place(), "url.example:5433/chats, schema public");
    assert_eq!(password(&settings), Some("secret1"));
    let settings = fine(&all[1..]);
    assert_eq!(
        (settings.place().as_str(), settings.user.as_str()),
        ("part.example:5433/old, schema public", "old")
    );
    assert_eq!(password(&settings), Some("secret2"));
    assert_eq!(password(&fine(&all[4..])), Some("secret3"));
}

#[test]
fn nothing_configured_is_no_database_and_use_database_decides() {
    assert!(matches!(read(&[]), (None, problems, _) if problems.is_empty()));
    let url = ("DATABASE_URL", "postgres://ann@h/d");
    assert!(read(&[url, ("USE_DATABASE", "false")]).0.is_none());
    assert!(read(&[url, ("USE_DATABASE", "True")]).0.is_some());
    let (_, problems, _) = read(&[("USE_DATABASE", "true")]);
    assert!(
        problems[0].starts_with("DATABASE_URL: is required"),
        "{problems:?}"
    );
    let (_, _, notices) = read(&[
        ("SUPABASE_URL", "https://x.supabase.co"),
        ("SUPABASE_SERVICE_KEY", "fake-key"),
    ]);
    assert!(
        notices[0].contains("SUPABASE_URL") && notices[0].contains("DATABASE_URL"),
        "{notices:?}"
    );
}

#[test]
fn all_problems_are_told_at_once_and_none_repeats_a_value() {
    let (_, problems, _) = read(&[
        ("DATABASE_HOST", "h"),
        ("DATABASE_PORT", "wrong-port"),
        ("DATABASE_SSL", "wrong-ssl"),
        ("DATABASE_SSL_CA", "/nowhere/wrong-ca"),
        ("DATABASE_SCHEMA", "wrong-Schema; drop"),
        ("DATABASE_POOL_MODE", "wrong-mode"),
        ("DATABASE_LOG_LEVEL", "wrong-level"),
        ("USE_SUPABASE", "wrong-flag"),
    ]);
    let named = |name: &str| {
        problems
            .iter()
            .any(|problem| problem.starts_with(&format!("{name}: ")))
    };
    for name in [
        "DATABASE_PORT",
        "DATABASE_NAME",
        "DATABASE_USER",
        "DATABASE_SSL",
        "DATABASE_SSL_CA",
        "DATABASE_SCHEMA",
        "DATABASE_POOL_MODE",
        "DATABASE_LOG_LEVEL",
        "USE_SUPABASE",
    ] {
        assert!(named(name), "{name} in {problems:?}");
    }
    assert_eq!(problems.len(), 9, "{problems:?}");
    assert!(!problems.concat().contains("wrong-"), "{problems:?}");
}

#[test]
fn a_driver_suffix_and_unknown_parameters_are_dropped_with_a_notice() {
    let url = "postgresql+asyncpg://ann:p@h/d?prepared_statement_cache_size=0&sslmode=require";
    let (settings, problems, notices) = read(&[("DATABASE_URL", url)]);
    assert!(settings.is_some() && problems.is_empty());
    assert_eq!(notices.len(), 2);
    assert!(notices[0].contains("+asyncpg"), "{notices:?}");
    assert!(
        notices[1].contains("prepared_statement_cache_size"),
        "{notices:?}"
    );
}

#[test]
fn the_mode_of_tls_is_the_urls_then_the_settings_then_what_fits() {
    let mode = |url: &str, more: &[(&str, &str)]| {
        fine(&[&[("DATABASE_URL", url)], more].concat()).tls.mode
    };
    assert_eq!(mode("postgres://a@h/d", &[]), SslMode::Prefer);
    assert_eq!(
        mode(
            "postgres://a@h/d?sslmode=verify-full",
            &[("DATABASE_SSL", "false")]
        ),
        SslMode::VerifyFull
    );
    assert_eq!(mode("postgres://a@h/d?ssl=true", &[]), SslMode::Require);
    assert_eq!(
        mode("postgres://a@h/d", &[("DB_SSL", "1")]),
        SslMode::Require
    );
    assert_eq!(
        mode("postgres://a@h/d", &[("DATABASE_SSL", "verify-ca")]),
        SslMode::VerifyCa
    );
    assert_eq!(
        mode("postgres://a@h/d", &[("USE_SUPABASE", "true")]),
        SslMode::Require
    );
}

#[test]
fn the_pool_mode_is_told_or_seen_from_the_url() {
    let mode = |url: &str, more: &[(&str, &str)]| {
        fine(&[&[("DATABASE_URL", url)], more].concat()).pool_mode
    };
    assert_eq!(mode("postgres://a@h/d", &[]), PoolMode::Session);
    assert_eq!(mode("postgres://a@h:6543/d", &[]), PoolMode::Transaction);
    assert_eq!(
        mode("postgres://a@h/d?pgbouncer=true", &[]),
        PoolMode::Transaction
    );
    assert_eq!(
        mode(
            "postgres://a@h:6543/d",
            &[("DATABASE_POOL_MODE", "session")]
        ),
        PoolMode::Session
    );
}

proptest! {
    #[test]
    fn a_password_never_shows(password in "[!-~]{12,30}", user in "[a-z]{3,8}", tail in "[ -~]{0,20}") {
        let url = format!("postgresql+x://{user}:{password}@h/d{tail}");
        let variables = [("DATABASE_URL", url.as_str()), ("DATABASE_PASSWORD", &password), ("DB_PASSWORD", &password)];
        let (settings, problems, notices) = read(&variables);
        let shown = format!("{settings:?}{problems:?}{notices:?}{:?}", settings.as_ref().map(Settings::place));
        prop_assert!(!shown.contains(&password), "{}", shown);
    }
}

impl Settings {
    /// The settings of a URL and more variables, which must be fine.
    pub(crate) fn of(url: &str, more: &[(&str, &str)]) -> Self {
        fine(&[&[("DATABASE_URL", url)], more].concat())
    }
}
