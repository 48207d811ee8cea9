//! Ends servers that all tests of a process share, with that process: statics are never dropped, and a killed process drops
//! nothing.

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Waits for the end of its standard input, which is the end of the tests' process, and ends the servers, of each the signal,
/// the process and the folder, in this order.
const SCRIPT: &str = r#"
read -r _
while [ "$#" -gt 0 ]; do
    kill "$1" "$2"
    for _ in $(seq 100); do kill -0 "$2" && sleep 0.1 || break; done
    rm -rf "$3"
    shift 3
done
"#;

/// One server: what ends it at once, its process, and the folder that is its own.
pub(crate) struct Kept<'a> {
    pub(crate) signal: &'static str,
    pub(crate) pid: u32,
    pub(crate) folder: &'a Path,
}

/// Keeps `servers` until this process ends.
pub(crate) fn keep(servers: &[Kept<'_>]) -> Child {
    let mut keeper = Command::new("/bin/sh");
    keeper.args(["-c", SCRIPT, "keeper"]);
    for server in servers {
        keeper.arg(server.signal).arg(server.pid.to_string());
        keeper.arg(server.folder);
    }
    keeper
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C goes to the whole group of the tests, and is not for it.
        .process_group(0);
    keeper.spawn().expect("a shell can be started")
}
