//! curl, which knows nothing of us.

use std::fs;

use tempfile::TempDir;

use crate::command::{program, run};

/// What curl saw.
#[derive(Debug)]
pub struct Answer {
    /// The status; 0 where there was no answer.
    pub status: u16,
    /// The lines before the body.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Runs curl with `arguments` in a folder of its own, with `input` in the file `input` beside it.
///
/// # Panics
/// When there is no curl.
#[must_use]
pub fn curl(url: &str, arguments: &[&str], input: &[u8]) -> Answer {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("input"), input).expect("a file can be written");
    let mut command = program("curl");
    command
        .current_dir(&folder)
        .args(["-q", "-sS", "--max-time", "60"]);
    command.args(["-D", "head", "-o", "body", "-w", "%{http_code}"]);
    let output = run(command.args(arguments).arg(url));
    let status = String::from_utf8_lossy(&output.stdout);
    Answer {
        status: status.parse().expect("curl prints a status"),
        head: fs::read_to_string(file("head")).unwrap_or_default(),
        body: fs::read(file("body")).unwrap_or_default(),
    }
}
