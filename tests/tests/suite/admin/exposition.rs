//! Prometheus' text, read as strictly as Prometheus does ("Exposition formats", text-based format).

use std::collections::{BTreeMap, BTreeSet};

/// The samples by name and labels. Every line must be well-formed, and every metric have a help text and a type before it.
pub(super) fn parsed(text: &str) -> BTreeMap<String, f64> {
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeSet::new());
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("a help text");
            assert!(help.len() > 5 && helped.insert(name), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(typed.insert(name), "{line}");
        } else {
            let (key, value) = line.rsplit_once(' ').expect("a value");
            let value: f64 = value
                .parse()
                .unwrap_or_else(|_| panic!("no number: {line}"));
            let metric = metric_of(key);
            assert!(helped.contains(metric) && typed.contains(metric), "{line}");
            assert!(
                samples.insert(key.to_owned(), value).is_none(),
                "twice: {line}"
            );
        }
    }
    samples
}

/// The metric that a sample belongs to: its name without labels, and without what a histogram adds to it.
fn metric_of(key: &str) -> &str {
    let name = key.split('{').next().unwrap_or(key);
    ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|part| name.strip_suffix(part))
        .unwrap_or(name)
}
