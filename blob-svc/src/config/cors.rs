//! The `cors` of a bucket in `S3_BUCKETS_FILE`.

use super::value;
use crate::bucket::Cors;
use serde::Deserialize;

/// What S3 knows ("Elements of a CORS configuration", Amazon S3 User Guide).
const METHODS: [&str; 5] = ["GET", "HEAD", "PUT", "POST", "DELETE"];
/// Browsers ask again after a day at the latest.
const MAX_AGE: u32 = 86_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorsEntry {
    origins: Vec<String>,
    #[serde(default = "methods")]
    methods: Vec<String>,
    #[serde(default = "headers")]
    headers: Vec<String>,
    #[serde(default = "max_age")]
    max_age_seconds: u32,
}

/// What signed URLs are for.
fn methods() -> Vec<String> {
    ["GET", "HEAD", "PUT", "POST"].map(str::to_owned).to_vec()
}

/// Signed URLs say themselves what a request must carry.
fn headers() -> Vec<String> {
    vec!["*".to_owned()]
}

fn max_age() -> u32 {
    3_600
}

impl CorsEntry {
    /// The same, with what is wrong of it told.
    pub(super) fn judged(self, problems: &mut Vec<String>) -> Cors {
        let mut each =
            |field: &str, values: &[String], allowed: &str, is_good: &dyn Fn(&str) -> bool| {
                if values.is_empty() {
                    problems.push(format!("cors.{field}: must have an entry"));
                }
                let bad = values
                    .iter()
                    .enumerate()
                    .filter(|(_, value)| !is_good(value));
                problems.extend(bad.map(|(i, _)| format!("cors.{field}[{i}]: must be {allowed}")));
            };
        each(
            "origins",
            &self.origins,
            "`*` or an origin such as `https://example.com`, with one `*` at most",
            &is_origin,
        );
        each(
            "methods",
            &self.methods,
            "GET, HEAD, PUT, POST or DELETE",
            &|text| METHODS.contains(&text),
        );
        each(
            "headers",
            &self.headers,
            "the name of a header field, with one `*` at most",
            &is_header,
        );
        if self.max_age_seconds > MAX_AGE {
            problems.push(format!(
                "cors.max_age_seconds: must be a number from 0 to {MAX_AGE}"
            ));
        }
        Cors {
            origins: self.origins,
            methods: self.methods,
            headers: self
                .headers
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            max_age_seconds: self.max_age_seconds,
        }
    }
}

/// RFC 6454, section 7: a scheme, a host, and a port where it is not the scheme's own. Browsers send it in lower case.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:*[]".contains(&byte);
    let named = host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain));
    text == "*" || (named && text.matches('*').count() <= 1)
}

fn is_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(value::is_token) && text.matches('*').count() <= 1
}
