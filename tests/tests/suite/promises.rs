//! The table of promises in `docs/reference.md` is true: each promise names tests, and each test is there.

use std::{collections::BTreeSet, env, fs, path::Path};

use tests::command::stdout;

/// How many promises there are.
const PROMISES: usize = 14;
/// The modules that a claim's tests lie in, one for each storage.
const STORAGES: [&str; 8] = [
    "kv",
    "postgres",
    "pgbouncer",
    "embedded",
    "seaweedfs",
    "kv_embedded",
    "postgres_embedded",
    "kv_seaweedfs",
];

#[test]
fn every_promise_names_its_tests_and_every_test_that_is_named_is_there() {
    let there = tests();
    let table = table();
    let numbers: Vec<_> = table.iter().map(|(number, _)| number.as_str()).collect();
    let expected: Vec<_> = (1..=PROMISES).map(|number| format!("P{number}")).collect();
    assert_eq!(numbers, expected, "one row per promise, in their order");
    for (number, named) in table {
        assert!(!named.is_empty(), "{number} names no test");
        let missing: Vec<_> = named.iter().filter(|test| !there.contains(*test)).collect();
        assert!(
            missing.is_empty(),
            "{number} names tests that are not there: {missing:?}"
        );
    }
}

/// The number of each promise, and what its row has in back quotes: tests without the storages that they run on.
fn table() -> Vec<(String, Vec<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference.md");
    let page = fs::read_to_string(page).expect("the reference is there");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| P")?.split('|');
        let number = format!("P{}", cells.next()?.trim());
        let tests = cells.nth(1)?.split('`').skip(1).step_by(2);
        Some((number, tests.map(str::to_owned).collect()))
    });
    rows.collect()
}

/// The tests of this binary, without the storages that they run on.
fn tests() -> BTreeSet<String> {
    let mut list = std::process::Command::new(env::current_exe().expect("a test knows its file"));
    let list = stdout(list.args(["--list", "--format", "terse"]));
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let without_storage = names.map(|name| {
        let parts = name.split("::").filter(|part| !STORAGES.contains(part));
        parts.collect::<Vec<_>>().join("::")
    });
    without_storage.collect()
}
