//! curl, as the suite runs it.

use std::fs;

use contract::blob::v1::PresignedUrl;
use tempfile::TempDir;
use tests::command::{program, stdout};

/// What curl saw.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// Runs curl in a folder of its own, with `input` in the file `input` beside it.
pub(super) fn curl(url: &str, arguments: &[&str], input: &[u8]) -> Answer {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("input"), input).expect("a file can be written");
    let mut command = program("curl");
    command.current_dir(&folder).args([
        "-sS",
        "--max-time",
        "60",
        "-D",
        "head",
        "-o",
        "body",
        "-w",
        "%{http_code}",
    ]);
    let status = stdout(command.args(arguments).arg(url));
    Answer {
        status: status.parse().expect("curl prints a status"),
        head: fs::read_to_string(file("head")).expect("curl writes the head"),
        body: fs::read(file("body")).unwrap_or_default(),
    }
}

/// Sends `content` as `signed` says, with `changes` in the place of its own headers of that name.
pub(super) fn curl_put(signed: &PresignedUrl, content: &[u8], changes: &[(&str, &str)]) -> Answer {
    let changed = |name: &str| {
        changes
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    };
    let headers: Vec<_> = signed
        .headers
        .iter()
        // curl counts by itself what it sends.
        .filter(|(name, _)| *name != "content-length")
        .map(|(name, value)| format!("{name}: {}", changed(name).unwrap_or(value)))
        .collect();
    let headers = headers.iter().flat_map(|header| ["-H", header.as_str()]);
    let arguments: Vec<_> = ["-X", "PUT", "--data-binary", "@input"]
        .into_iter()
        .chain(headers)
        .collect();
    curl(&signed.url, &arguments, content)
}
