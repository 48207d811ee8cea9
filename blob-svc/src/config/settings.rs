//! Reading settings one by one, and keeping what is wrong with them.

use std::fmt;
use tracing::level_filters::LevelFilter;

/// The settings while they are read. A bad one leaves a problem and some value behind, so that the rest is judged too.
pub(super) struct Settings<'l> {
    pub(super) lookup: &'l dyn Fn(&str) -> Option<String>,
    pub(super) problems: Vec<String>,
}

impl Settings<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    pub(super) fn problem(&mut self, name: &str, allowed: impl fmt::Display) {
        self.problems.push(format!("{name}: {allowed}"));
    }

    pub(super) fn required(&mut self, name: &str) -> String {
        let text = self.text(name);
        if text.is_none() {
            self.problem(name, "is required with S3_ENDPOINT");
        }
        text.unwrap_or_default()
    }

    /// `default` must itself be readable.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        default: &str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> T {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        read(&text).unwrap_or_else(|| {
            self.problem(name, format_args!("must be {allowed}"));
            read(default).expect("the default is a good value")
        })
    }

    pub(super) fn number(&mut self, name: &str, default: u64, min: u64, max: u64) -> u64 {
        let range = format!("a number from {min} to {max}");
        self.parsed(name, &default.to_string(), &range, |text| {
            text.parse()
                .ok()
                .filter(|number| (min..=max).contains(number))
        })
    }
}

/// Names of levels as `tracing` and as Python's `logging` has them.
pub(super) fn level(text: &str) -> Option<LevelFilter> {
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

pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// "Bucket naming rules", Amazon S3 User Guide.
pub(super) fn bucket(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends =
        text.bytes().next().is_some_and(plain) && text.bytes().next_back().is_some_and(plain);
    let inside = text
        .bytes()
        .all(|byte| plain(byte) || matches!(byte, b'-' | b'.'))
        && !text.contains("..");
    (ends && inside && (3..=63).contains(&text.len())).then(|| text.to_owned())
}

pub(super) fn region(text: &str) -> Option<String> {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        .then(|| text.to_owned())
}
