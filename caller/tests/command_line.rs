//! `chatctl` as a script meets it. That this suite lies beside the binary also has cargo build it for the suites that run it.

use std::process::Command;

#[test]
fn an_unknown_flag_is_refused_with_exit_code_2_and_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_chatctl"))
        .env_clear()
        .args(["demo", "--no-such-flag"])
        .output()
        .expect("the binary can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--no-such-flag"), "{said}");
}

#[test]
fn a_sweep_that_is_asked_for_what_it_cannot_do_is_refused_with_exit_code_2_and_named() {
    for bad in [
        ["--grace", "yesterday"],
        ["--grace", "366d"],
        ["--max-share", "101"],
        ["--max-share", "-1"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_chatctl"))
            .env_clear()
            .arg("sweep")
            .args(bad)
            .output()
            .expect("the binary can be run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{bad:?}: {said}");
        let named = bad[0].trim_start_matches("--");
        assert!(said.contains(named) || bad[1] == "-1", "{said}");
    }
}
