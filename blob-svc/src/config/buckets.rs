//! `S3_BUCKETS_FILE`: what is configured of each bucket, as JSON.
//!
//! ```json
//! { "buckets": [ { "name": "banners", "public": true, "max_size_bytes": 5242880, "content_types": ["image/*"],
//!     "cors": { "origins": ["https://example.com"], "methods": ["GET", "PUT"], "headers": ["*"], "max_age_seconds": 3600 },
//!     "lifecycle": { "expire_after_days": { "uploads/temp/": 7 }, "abort_unfinished_uploads_after_days": 1 } } ] }
//! ```
//!
//! Only `name` is required. All entries are judged, and each problem is told with its place.

use super::cors::CorsEntry;
use super::value::{self, BUCKET_ALLOWED};
use crate::bucket::{Lifecycle, Rules};
use contract::settings::Settings;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

const SETTING: &str = "S3_BUCKETS_FILE";
/// Nobody waits ten years for a store to remove something.
const MAX_DAYS: u32 = 3_650;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Read one by one, so that one that cannot be read hides no other.
    buckets: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    public: bool,
    max_size_bytes: Option<u64>,
    #[serde(default)]
    content_types: Vec<String>,
    cors: Option<CorsEntry>,
    #[serde(default)]
    lifecycle: LifecycleEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LifecycleEntry {
    expire_after_days: BTreeMap<String, u32>,
    abort_unfinished_uploads_after_days: Option<u32>,
}

impl Default for LifecycleEntry {
    fn default() -> Self {
        let Lifecycle {
            expire_after_days,
            abort_unfinished_uploads_after_days,
        } = Lifecycle::default();
        Self {
            expire_after_days,
            abort_unfinished_uploads_after_days,
        }
    }
}

/// The buckets of the file, in its order; none without one. `largest` is the limit of a bucket that has none of its own, and
/// `most` the greatest that one may have.
pub(super) fn read(settings: &mut Settings<'_>, largest: u64, most: u64) -> Vec<Rules> {
    let Some(path) = settings.text(SETTING) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let rules = match parse(&path) {
        Ok(entries) => judged(entries, largest, most, &mut problems),
        Err(problem) => {
            problems.push(problem);
            Vec::new()
        }
    };
    for problem in problems {
        settings.problem(SETTING, problem);
    }
    rules
}

fn parse(path: &str) -> Result<Vec<Value>, String> {
    let text = std::fs::read(path).map_err(|error| format!("cannot be read: {}", error.kind()))?;
    let file: File = serde_json::from_slice(&text)
        .map_err(|error| format!("must be `{{\"buckets\": [...]}}`: {error}"))?;
    if file.buckets.is_empty() {
        return Err("buckets: must have an entry".to_owned());
    }
    Ok(file.buckets)
}

fn judged(entries: Vec<Value>, largest: u64, most: u64, problems: &mut Vec<String>) -> Vec<Rules> {
    let mut names = HashSet::new();
    let mut rules = Vec::new();
    for (i, value) in entries.into_iter().enumerate() {
        let entry: Entry = match serde_json::from_value(value) {
            Ok(entry) => entry,
            Err(error) => {
                problems.push(format!("buckets[{i}]: {error}"));
                continue;
            }
        };
        let mut found = Vec::new();
        if !names.insert(entry.name.clone()) {
            found.push("name: must be distinct from the names before".to_owned());
        }
        rules.push(entry.judged(largest, most, &mut found));
        problems.extend(
            found
                .iter()
                .map(|problem| format!("buckets[{i}].{problem}")),
        );
    }
    rules
}

impl Entry {
    fn judged(self, largest: u64, most: u64, problems: &mut Vec<String>) -> Rules {
        if value::bucket(&self.name).is_none() {
            problems.push(format!("name: must be {BUCKET_ALLOWED}"));
        }
        let max_size_bytes = self.max_size_bytes.unwrap_or(largest);
        if !(1..=most).contains(&max_size_bytes) {
            problems.push(format!("max_size_bytes: must be a number from 1 to {most}"));
        }
        let mut types = Vec::new();
        for (i, text) in self.content_types.iter().enumerate() {
            match media_range(text) {
                Some(range) => types.push(range),
                None => problems.push(format!(
                    "content_types[{i}]: must be a media type such as `application/pdf`, or `image/*`"
                )),
            }
        }
        Rules {
            name: self.name,
            public: self.public,
            max_size_bytes,
            content_types: types,
            cors: self.cors.map(|cors| cors.judged(problems)),
            lifecycle: self.lifecycle.judged(problems),
        }
    }
}

impl LifecycleEntry {
    fn judged(self, problems: &mut Vec<String>) -> Lifecycle {
        let allowed = format!("must be a number of days from 1 to {MAX_DAYS}");
        for (prefix, days) in &self.expire_after_days {
            if !(1..=MAX_DAYS).contains(days) {
                problems.push(format!(
                    "lifecycle.expire_after_days[\"{prefix}\"]: {allowed}"
                ));
            }
            if !value::prefix(prefix) {
                problems.push(format!(
                    "lifecycle.expire_after_days[\"{prefix}\"]: must be a prefix of keys that ends in `/`, of A-Z, a-z, 0-9, `-`, \
                     `.`, `_`, `/`"
                ));
            }
        }
        let abort = self.abort_unfinished_uploads_after_days;
        if abort.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
            problems.push(format!(
                "lifecycle.abort_unfinished_uploads_after_days: {allowed}, or null"
            ));
        }
        Lifecycle {
            expire_after_days: self.expire_after_days,
            abort_unfinished_uploads_after_days: abort,
        }
    }
}

/// `type/subtype` or `type/*`, in lower case.
fn media_range(text: &str) -> Option<String> {
    let token = |text: &str| !text.is_empty() && text.bytes().all(value::is_token);
    let (kind, sub) = text.split_once('/')?;
    let named =
        token(kind) && !kind.contains('*') && token(sub) && (sub == "*" || !sub.contains('*'));
    named.then(|| text.to_ascii_lowercase())
}
