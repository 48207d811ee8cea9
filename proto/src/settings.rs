//! Settings: how a service is told what to do, by its environment. All settings are judged together and every bad one is
//! told at once, by its name and what is allowed; a value is never repeated, because some hold secrets.

use std::{env, fmt::Display, net::SocketAddr, path::PathBuf};

use tracing::level_filters::LevelFilter;

/// Settings while they are read. A bad one leaves a problem and its default behind, so that the rest is judged too.
pub struct Settings<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

/// The settings that are bad, each with what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used:\n  {}", .0.join("\n  "))]
pub struct Problems(Vec<String>);

/// How far above a service's own port its admin port is.
const ADMIN_PORT_ABOVE: u16 = 10;

/// What every service is told.
#[derive(Clone, Debug)]
pub struct Common {
    /// `LISTEN_ADDR`: where gRPC is served. The default is this machine only, at the service's own port.
    pub listen_addr: SocketAddr,
    /// `ADMIN_ADDR`: where health and metrics are served over HTTP; `None` where it is `off`. The default is this machine only,
    /// ten above the service's own port.
    pub admin_addr: Option<SocketAddr>,
    /// `LOG_LEVEL`: `off`, `error`, `warn`, `info` (the default), `debug` or `trace`; names of Python's levels count too.
    pub log_level: LevelFilter,
    /// `MAX_CALLS`: how many calls are served at once, 1 to 100,000; 1,000 is the default.
    pub max_calls: usize,
}

/// Reads settings from the environment.
///
/// # Errors
/// Every setting that is missing or malformed.
pub fn from_env<T>(read: impl FnOnce(&mut Settings<'_>) -> T) -> Result<T, Problems> {
    from(&|name| env::var(name).ok(), read)
}

/// Reads settings by name from `lookup`; one that is empty, or blank, counts as not set.
///
/// # Errors
/// Every setting that is missing or malformed.
pub fn from<T>(
    lookup: &dyn Fn(&str) -> Option<String>,
    read: impl FnOnce(&mut Settings<'_>) -> T,
) -> Result<T, Problems> {
    let mut settings = Settings {
        lookup,
        problems: Vec::new(),
    };
    let value = read(&mut settings);
    if settings.problems.is_empty() {
        Ok(value)
    } else {
        Err(Problems(settings.problems))
    }
}

impl Settings<'_> {
    /// A setting's text, without blanks around it.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let text = (self.lookup)(name)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Notes what is wrong with a setting; `problem` completes its name.
    pub fn problem(&mut self, name: &str, problem: impl Display) {
        self.problems.push(format!("{name}: {problem}"));
    }

    /// Reads a setting that may be absent; `allowed` says what it must be.
    pub fn optional<T>(
        &mut self,
        name: &str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(&self.text(name)?);
        if value.is_none() {
            self.problem(name, format_args!("must be {allowed}"));
        }
        value
    }

    /// Reads a setting that has a default.
    pub fn parsed<T>(
        &mut self,
        name: &str,
        default: T,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> T {
        self.optional(name, allowed, read).unwrap_or(default)
    }

    /// Reads a number from `min` to `max`.
    pub fn number(&mut self, name: &str, default: u64, min: u64, max: u64) -> u64 {
        let allowed = format!("a number from {min} to {max}");
        let read = |text: &str| {
            text.parse()
                .ok()
                .filter(|number| (min..=max).contains(number))
        };
        self.parsed(name, default, &allowed, read)
    }

    /// Reads what every service is told; `port` is the service's own.
    pub fn common(&mut self, port: u16) -> Common {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Common {
            listen_addr: self.parsed(
                "LISTEN_ADDR",
                loopback(port),
                "an IP address and a port, as in 0.0.0.0:50051",
                |text| text.parse().ok(),
            ),
            admin_addr: self.parsed(
                "ADMIN_ADDR",
                Some(loopback(port + ADMIN_PORT_ABOVE)),
                "an IP address and a port, as in 0.0.0.0:50061, or off",
                admin,
            ),
            log_level: self.parsed(
                "LOG_LEVEL",
                LevelFilter::INFO,
                "off, error, warn, info, debug or trace",
                level,
            ),
            max_calls: usize::try_from(self.number("MAX_CALLS", 1_000, 1, 100_000))
                .unwrap_or(usize::MAX),
        }
    }

    /// Reads `DATA_DIR`, the folder of what is kept on this machine; `./chatstore-data` where nothing is set.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.text("DATA_DIR")
            .map_or_else(|| "./chatstore-data".into(), PathBuf::from)
    }
}

fn admin(text: &str) -> Option<Option<SocketAddr>> {
    if text.eq_ignore_ascii_case("off") {
        Some(None)
    } else {
        text.parse().ok().map(Some)
    }
}

/// Names of levels as `tracing` has them, and as Python's `logging` does.
#[must_use]
pub fn level(text: &str) -> Option<LevelFilter> {
    match text.to_ascii_lowercase().as_str() {
        "trace" => Some(LevelFilter::TRACE),
        "debug" => Some(LevelFilter::DEBUG),
        "info" => Some(LevelFilter::INFO),
        "warn" | "warning" => Some(LevelFilter::WARN),
        "error" | "critical" => Some(LevelFilter::ERROR),
        "off" => Some(LevelFilter::OFF),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(settings: &[(&str, &str)]) -> Result<Common, Problems> {
        let find = |name: &str| {
            settings
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        };
        from(&find, |settings| settings.common(50_051))
    }

    #[test]
    fn what_is_blank_counts_as_not_set_and_pythons_levels_are_understood() {
        let common =
            common(&[("LISTEN_ADDR", " "), ("LOG_LEVEL", "WARNING")]).expect("all is well");
        assert_eq!(common.listen_addr.to_string(), "127.0.0.1:50051");
        assert_eq!(common.admin_addr, "127.0.0.1:50061".parse().ok());
        assert_eq!(common.log_level, LevelFilter::WARN);
        assert_eq!(common.max_calls, 1_000);
    }

    #[test]
    fn the_admin_port_can_be_off() {
        let common = common(&[("ADMIN_ADDR", "Off")]).expect("all is well");
        assert_eq!(common.admin_addr, None);
    }

    #[test]
    fn every_bad_setting_is_told_at_once_and_no_value_is_repeated() {
        let bad = [
            ("LISTEN_ADDR", "secret-1"),
            ("LOG_LEVEL", "secret-2"),
            ("MAX_CALLS", "0"),
            ("ADMIN_ADDR", "secret-3"),
        ];
        let text = common(&bad).expect_err("four are bad").to_string();
        for name in ["LISTEN_ADDR", "ADMIN_ADDR", "LOG_LEVEL", "MAX_CALLS"] {
            assert!(text.contains(name), "{text}");
        }
        assert!(!text.contains("secret"), "{text}");
    }
}
