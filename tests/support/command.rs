//! The commands that people use, run as they run them: `chatctl` of this build, and what `tests/install` installs.

use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use crate::{Pair, service::binary};

/// `chatctl` of this build.
#[must_use]
pub fn chatctl() -> Command {
    let mut command = Command::new(binary("chatctl"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// `chatctl --json` of this build, pointed at `pair`.
#[must_use]
pub fn chatctl_on(pair: &Pair) -> Command {
    let mut command = chatctl();
    command.args([
        "--json",
        "--metadata",
        &pair.metadata.url(),
        "--blob",
        &pair.blob.url(),
    ]);
    command
}

/// `metadata-svc` of this build, for its commands.
#[must_use]
pub fn metadata_svc() -> Command {
    let mut command = Command::new(binary("metadata-svc"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// `blob-svc` of this build, for its commands.
#[must_use]
pub fn blob_svc() -> Command {
    let mut command = Command::new(binary("blob-svc"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// `chaos` of this build, the fault harness.
#[must_use]
pub fn chaos() -> Command {
    let mut command = Command::new(binary("chaos"));
    command.stdin(Stdio::null());
    command
}

/// `grpcurl`, `curl`, `sh` or another program, with the tools of `tests/install` in front of PATH.
#[must_use]
pub fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", path()).stdin(Stdio::null());
    command
}

/// Runs a command to its end, however it ends.
///
/// # Panics
/// When there is no such program.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; `tests/install` installs what is missing")
    })
}

/// Runs a command that must succeed, and gives its standard output.
///
/// # Panics
/// When it fails, with all that it printed.
pub fn stdout(command: &mut Command) -> String {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{text}{complaint}",
        output.status
    );
    text
}

/// PATH with the folder of `tests/install` in front.
pub(crate) fn path() -> OsString {
    let cache = env::var_os("XDG_CACHE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    let cache = cache
        .unwrap_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache"));
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(cache.join("chatstore-tools/bin")).chain(env::split_paths(&rest));
    env::join_paths(folders).expect("folders of a PATH make a PATH")
}
