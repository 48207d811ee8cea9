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
