//! `chatctl up`: both services with one command, and the lines it gives to try.

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpStream},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tests::{
    command::{chatctl, program, stdout},
    free_address,
};

/// How long services may take to end without their parent.
const END_LIMIT: Duration = Duration::from_secs(30);

/// `chatctl up`, killed when it is dropped.
struct Up {
    process: Child,
    addresses: [SocketAddr; 2],
    printed: Vec<String>,
    _folder: TempDir,
}

#[test]
fn lines_that_up_prints_work_as_printed() {
    let up = start();
    let lines: Vec<_> = up
        .printed
        .iter()
        .map(|line| line.trim())
        .filter(|line| line.starts_with("grpcurl"))
        .collect();
    assert_eq!(lines.len(), 3, "{:?}", up.printed);
    for line in lines {
        stdout(program("sh").args(["-euc", line]));
    }
}

#[test]
fn services_end_when_up_is_killed() {
    let mut up = start();
    assert!(up.addresses.iter().all(serves));
    up.process.kill().expect("an own child can be killed");
    let deadline = Instant::now() + END_LIMIT;
    while up.addresses.iter().any(serves) {
        assert!(Instant::now() < deadline, "a service outlives chatctl");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Starts it, and reads what it prints until it is up.
fn start() -> Up {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let addresses = [free_address(), free_address()];
    let [metadata, blob] = addresses.map(|address| address.to_string());
    let process = chatctl()
        .args(["up", "--metadata-listen", &metadata, "--blob-listen", &blob])
        .arg("--data")
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("chatctl can be started");
    let mut up = Up {
        process,
        addresses,
        printed: Vec::new(),
        _folder: folder,
    };
    let mut output = BufReader::new(up.process.stdout.take().expect("it is piped")).lines();
    while !up
        .printed
        .last()
        .is_some_and(|line| line.contains("Ctrl-C"))
    {
        let line = output
            .next()
            .unwrap_or_else(|| panic!("it ended before it was up: {:?}", up.printed));
        up.printed.push(line.expect("it prints UTF-8"));
    }
    up
}

fn serves(address: &SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

impl Drop for Up {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
