//! Whatever dies and whenever, the two services never disagree (P1 to P11): rounds of the fault harness, and that it notices what it
//! must. README tells how to play a thousand.

use std::process::Output;

use contract::protection::Protection;
use tests::command::{chaos, run};

/// Each protection is missed within ten rounds, as measured, and most within two.
const ROUNDS: &str = "30";

mod kv {
    mod embedded {
        #[test]
        fn promises_are_kept_whatever_dies() {
            crate::chaos::play("kv", "embedded", 1_000);
        }
    }
    mod seaweedfs {
        #[test]
        fn promises_are_kept_whatever_dies() {
            crate::chaos::play("kv", "seaweedfs", 2_000);
        }
    }
}

mod postgres {
    mod embedded {
        #[test]
        fn promises_are_kept_whatever_dies() {
            crate::chaos::play("postgres", "embedded", 3_000);
        }
    }
    mod seaweedfs {
        #[test]
        fn promises_are_kept_whatever_dies() {
            crate::chaos::play("postgres", "seaweedfs", 4_000);
        }
    }
}

/// Plays rounds in a world for a quarter of a minute.
fn play(storage: &str, store: &str, seed: u32) {
    let mut command = chaos();
    command.args(["--storage", storage, "--store", store]);
    let played = run(command.args(["--seed", &seed.to_string(), "--seconds", "15"]));
    let told = told(&played);
    assert!(played.status.success(), "{told}");
    // Else nothing was at stake.
    for what in [
        "flows",
        "kills",
        "sweeps",
        "objects swept",
        "objects judged",
    ] {
        assert!(counted(&told, what) > 0, "{what}: {told}");
    }
}

/// The first number in the line of the report that begins so.
fn counted(told: &str, what: &str) -> u64 {
    let mut lines = told.lines().filter_map(|line| line.strip_prefix(what));
    let rest = lines.next().unwrap_or_default();
    let numbers = rest.split(|c: char| !c.is_ascii_digit());
    numbers
        .filter_map(|number| number.parse().ok())
        .next()
        .unwrap_or_default()
}

#[test]
fn an_upload_without_its_commit_frame_is_noticed() {
    without(
        Protection::CommitFrame,
        &["without its commit frame", " bytes instead of "],
    );
}

#[test]
fn bytes_of_another_digest_are_noticed() {
    without(
        Protection::HashCheck,
        &["has other bytes", "was answered other objects"],
    );
}

#[test]
fn a_second_effect_of_a_request_id_is_noticed() {
    without(
        Protection::RequestId,
        &[
            "was not acknowledged to anybody",
            " first, and ",
            "does not end",
        ],
    );
}

#[test]
fn a_sweep_that_does_not_look_again_is_noticed() {
    without(Protection::SecondLook, LOSSES);
}

#[test]
fn a_row_that_names_what_a_sweep_removes_is_noticed() {
    without(Protection::Tombstone, LOSSES);
}

/// How a row without its object is told, and an object without its row.
const LOSSES: &[&str] = &[
    "the store has",
    "is lost",
    "the sweep finds something wrong",
];

/// Plays rounds of services that do without a protection: a violation of one of these kinds must be told.
fn without(protection: Protection, kinds: &[&str]) {
    let world = ["--storage", "kv", "--store", "embedded"];
    let mut command = chaos();
    command
        .args(world)
        .args(["--seed", "3000", "--rounds", ROUNDS]);
    let played = run(command.args(["--without", protection.name()]));
    let told = told(&played);
    assert_eq!(played.status.code(), Some(1), "{told}");
    let is_told = told.contains("VIOLATION") && kinds.iter().any(|kind| told.contains(kind));
    assert!(is_told, "{told}");
}

fn told(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}
