//! Servers that refuse to run as root run as `nobody` where the tests run as root, and else as who runs the tests.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt},
        process::CommandExt as _,
    },
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// `nobody`, and its group.
const UNPRIVILEGED: u32 = 65_534;

/// A temporary folder that the unprivileged user may write to.
pub(crate) fn folder() -> TempDir {
    let folder = TempDir::with_prefix("postgres").expect("a temporary folder can be made");
    own(folder.path());
    folder
}

/// Gives `path` to the unprivileged user, for whom alone it is; nothing to do where the tests are unprivileged themselves.
pub(crate) fn own(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED))
            .expect("root may give away files");
    }
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, PermissionsExt::from_mode(mode))
        .expect("an own file's mode can be set");
}

/// A server's command: run without privileges, in `folder`, logging there.
pub(crate) fn unprivileged(program: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log file can be opened");
    command
        .env_clear()
        .env("LC_ALL", "C")
        .current_dir(folder)
        .stdin(Stdio::null());
    command
        .stdout(log.try_clone().expect("a file handle can be cloned"))
        .stderr(log);
    if is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
