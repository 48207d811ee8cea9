//! `S3_BUCKETS_FILE`.

use super::*;
use crate::bucket::{Cors, Lifecycle};
use std::collections::BTreeMap;
use std::io::Write;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/buckets.example.json");

/// The buckets of a file with this text, beside other settings.
fn of(text: &str, settings: &[(&str, &str)]) -> Result<Vec<Rules>, Problems> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(text.as_bytes()).expect("it can be written");
    let path = file.path().to_str().expect("its path is text");
    let config = read(&[settings, &[("S3_BUCKETS_FILE", path)]].concat())?;
    Ok(config.buckets)
}

fn names(rules: &[Rules]) -> Vec<&str> {
    rules.iter().map(|rules| rules.name.as_str()).collect()
}

#[test]
fn six_buckets_of_the_concert_platform_have_their_access_and_limits() {
    let config = read(&[("S3_BUCKETS_FILE", EXAMPLE)]).expect("the example is sound");
    let told: Vec<_> = config
        .buckets
        .iter()
        .map(|rules| {
            (
                rules.name.as_str(),
                rules.public,
                rules.max_size_bytes >> 20,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("concerts-banners", true, 5),
            ("concerts-avatars", true, 2),
            ("concerts-track-covers", true, 3),
            ("concerts-audio", false, 50),
            ("concerts-video", false, 200),
            ("concerts-campaign-attachments", false, 10),
        ]
    );
}

#[test]
fn a_name_is_enough_and_the_rest_is_private_with_the_usual_removals() {
    let rules = of(
        r#"{"buckets": [{"name": "only-a-name"}]}"#,
        &[("MAX_FILE_SIZE_MB", "7")],
    );
    assert_eq!(rules.expect("sound"), [Rules::new("only-a-name", 7 << 20)]);
}

#[test]
fn every_field_is_read_and_types_and_headers_lose_their_case() {
    let text = r#"{"buckets": [{"name": "full", "public": true, "max_size_bytes": 5, "content_types": ["Image/*", "a/b"],
        "cors": {"origins": ["https://*.example.com"], "methods": ["PUT"], "headers": ["X-Amz-*"], "max_age_seconds": 9},
        "lifecycle": {"expire_after_days": {"a/b/": 2}, "abort_unfinished_uploads_after_days": null}}]}"#;
    let rules = of(text, &[]).expect("sound");
    let owned = |text: &str| vec![text.to_owned()];
    assert_eq!(
        rules,
        [Rules {
            name: "full".to_owned(),
            public: true,
            max_size_bytes: 5,
            content_types: vec!["image/*".to_owned(), "a/b".to_owned()],
            cors: Some(Cors {
                origins: owned("https://*.example.com"),
                methods: owned("PUT"),
                headers: owned("x-amz-*"),
                max_age_seconds: 9,
            }),
            lifecycle: Lifecycle {
                expire_after_days: BTreeMap::from([("a/b/".to_owned(), 2)]),
                abort_unfinished_uploads_after_days: None,
            },
        }]
    );
}

#[test]
fn the_named_bucket_comes_first_with_its_rules_from_the_file_or_the_usual_ones() {
    let two = r#"{"buckets": [{"name": "one"}, {"name": "two", "public": true}]}"#;
    assert_eq!(names(&of(two, &[]).expect("sound")), ["one", "two"]);
    let second = of(two, &[("S3_BUCKET", "two")]).expect("sound");
    assert_eq!(
        (names(&second), second[0].public),
        (vec!["two", "one"], true)
    );
    let third = of(two, &[("S3_BUCKET", "three")]).expect("sound");
    assert_eq!(names(&third), ["three", "one", "two"]);
}

#[test]
fn every_bad_entry_is_told_at_once_by_its_place() {
    let text = r#"{"buckets": [
        {"name": "Bad_Name", "max_size_bytes": 0, "content_types": ["image/png", "image", "*/*"]},
        {"name": "good-name", "colour": "red"},
        {"name": "twice", "cors": {"origins": ["example.com"], "methods": ["TRACE"], "headers": [], "max_age_seconds": 90000}},
        {"name": "twice", "lifecycle": {"expire_after_days": {"": 1, "temp": 1, "ok/": 0}, "abort_unfinished_uploads_after_days": 0}},
        {"public": true}]}"#;
    let told = of(text, &[]).expect_err("all are bad").to_string();
    for place in [
        "buckets[0].name: must be a bucket's name",
        "buckets[0].max_size_bytes: must be",
        "buckets[0].content_types[1]: must be",
        "buckets[0].content_types[2]: must be",
        "buckets[1]: unknown field `colour`",
        "buckets[2].cors.origins[0]: must be",
        "buckets[2].cors.methods[0]: must be",
        "buckets[2].cors.headers: must have an entry",
        "buckets[2].cors.max_age_seconds: must be",
        "buckets[3].name: must be distinct",
        "buckets[3].lifecycle.expire_after_days[\"\"]: must be a prefix",
        "buckets[3].lifecycle.expire_after_days[\"temp\"]: must be a prefix",
        "buckets[3].lifecycle.expire_after_days[\"ok/\"]: must be a number",
        "buckets[3].lifecycle.abort_unfinished_uploads_after_days: must be",
        "buckets[4]: missing field `name`",
    ] {
        assert!(
            told.contains(&format!("S3_BUCKETS_FILE: {place}")),
            "{place} is not in {told}"
        );
    }
    assert_eq!(told.lines().count(), 16, "{told}");
}

#[test]
fn a_file_that_is_absent_empty_or_no_json_is_told() {
    let absent = read(&[("S3_BUCKETS_FILE", "/absent/buckets.json")]).expect_err("absent");
    assert!(
        absent
            .to_string()
            .contains("S3_BUCKETS_FILE: cannot be read"),
        "{absent}"
    );
    for (text, told) in [
        ("", "must be"),
        ("[]", "must be"),
        (r#"{"buckets": []}"#, "must have an entry"),
        ("{", "must be"),
    ] {
        let problem = of(text, &[]).expect_err("bad").to_string();
        assert!(
            problem.contains("S3_BUCKETS_FILE") && problem.contains(told),
            "{text}: {problem}"
        );
    }
}
