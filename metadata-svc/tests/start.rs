//! The binary's start. That this suite lies beside the binary also has cargo build it for the suites that run it.

use std::process::Command;

#[test]
fn a_malformed_setting_ends_the_start_and_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_metadata-svc"))
        .env_clear()
        .env("LISTEN_ADDR", "nowhere")
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the binary can be run");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success(), "it started");
    assert!(
        said.contains("LISTEN_ADDR") && !said.contains("panicked"),
        "{said}"
    );
}
