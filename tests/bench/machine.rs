//! The machine and the server that figures are of.

use std::{fs, path::Path, thread};

use tests::Postgres;

/// A paragraph about both.
pub(crate) fn told(server: &Postgres) -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let ask = |sql: &str| server.ask("postgres", sql);
    let settings = [
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "shared_buffers",
        "max_connections",
    ];
    let settings = settings.map(|name| format!("{name}={}", ask(&format!("show {name}"))));
    format!(
        "{cores} cores of {}, {}; data on {}; Postgres {}, {}; load average at the start {}.",
        line("/proc/cpuinfo", "model name"),
        fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap_or_default()
            .trim(),
        filesystem(server.folder()),
        ask("show server_version"),
        settings.join(", "),
        fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim(),
    )
}

/// The value of the first line of `file` that begins with `name`.
fn line(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_once(':'));
    found.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

/// The type of the file system that holds `folder`, as `/proc/mounts` has it; of what is mounted there, the deepest.
fn filesystem(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let holding = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    holding
        .max_by_key(|(length, _)| *length)
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}
