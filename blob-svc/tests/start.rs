//! The binary's start. That this suite lies beside the binary also has cargo build it for the suites that run it.

use std::{net::TcpListener, process::Command};

#[test]
fn an_admin_port_that_is_taken_ends_the_start_and_the_setting_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address");
    let said = refused(&[("ADMIN_ADDR", &address.to_string())]);
    assert!(
        said.contains(&format!("ADMIN_ADDR: cannot listen on {address}")),
        "{said}"
    );
}

#[test]
fn a_malformed_setting_ends_the_start_and_is_named() {
    let said = refused(&[("LISTEN_ADDR", "nowhere")]);
    assert!(said.contains("LISTEN_ADDR"), "{said}");
}

/// Starts it with settings that it must refuse; what it said.
fn refused(settings: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_blob-svc"))
        .env_clear()
        .envs(settings.iter().copied())
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the binary can be run");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success(), "it started");
    assert!(!said.contains("panicked"), "{said}");
    said
}
