//! What all trials found, for people and for programs.

use super::Finding;
use serde_json::{Value, json};
use std::fmt;

/// What all trials found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Where they were made.
    pub bucket: String,
    /// What each found, by its name.
    pub findings: Vec<(&'static str, Finding)>,
}

impl Report {
    /// `{"bucket": …, "capabilities": [{"name": …, "supported": …, "detail": …}, …]}`.
    #[must_use]
    pub fn json(&self) -> Value {
        let capability = |(name, finding): &(&str, Finding)| json!({ "name": name, "supported": finding.supported, "detail": finding.detail });
        let capabilities: Vec<_> = self.findings.iter().map(capability).collect();
        json!({ "bucket": self.bucket, "capabilities": capabilities })
    }
}

/// A table, one capability a line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.findings.iter().map(|(name, _)| name.len());
        let width = names.max().unwrap_or_default();
        for (name, finding) in &self.findings {
            let supported = if finding.supported { "yes" } else { "no" };
            writeln!(f, "{name:width$}  {supported:3}  {}", finding.detail)?;
        }
        Ok(())
    }
}
