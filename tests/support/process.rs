//! What Linux tells of processes.

use std::fs;

/// The processes that `parent` has started, from `/proc/PID/stat`: `pid (name) state parent ...`.
pub(crate) fn children(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_child = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        behind_name.split_whitespace().nth(1) == Some(parent)
    };
    processes
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(is_child)
        .collect()
}

/// Whether a process is there, and no zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let state = behind_name.split_whitespace().next();
    !matches!(state, None | Some("Z" | "X"))
}
