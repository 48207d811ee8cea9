//! The servers that the tests of a process share leave nothing behind, however the process ends.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tests::{Database, Seaweed};

/// Set for a process of tests that is there to be killed.
const IS_VICTIM: &str = "CHATSTORE_TESTS_VICTIM";
/// What it prints before where each of its servers listens.
const LISTENS: &str = "A server listens on ";
/// How long the servers may take to end; far above what they take.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_servers_of_the_tests_end_with_their_process_also_when_it_is_killed() {
    if env::var_os(IS_VICTIM).is_some() {
        return wait_to_be_killed();
    }
    let folder = TempDir::new().expect("a temporary folder can be made");
    // The servers are another user's where root runs the tests.
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777))
        .expect("an own folder's mode can be set");
    let mut victim = Command::new(env::current_exe().expect("a test knows its own file"))
        .args(["--exact", "--nocapture"])
        .arg("servers::the_servers_of_the_tests_end_with_their_process_also_when_it_is_killed")
        .env(IS_VICTIM, "yes")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tests can be run again");
    let lines = BufReader::new(victim.stdout.take().expect("it is piped")).lines();
    let addresses: Vec<_> = lines
        .map_while(Result::ok)
        .filter_map(|line| Some(line.split_once(LISTENS)?.1.to_owned()))
        .take(2)
        .collect();
    assert_eq!(addresses.len(), 2, "it tells of both");
    let anybody_listens = || {
        addresses
            .iter()
            .any(|address| TcpStream::connect(address).is_ok())
    };
    assert!(anybody_listens() && !is_empty(folder.path()));

    victim.kill().expect("an own child can be killed");
    victim.wait().expect("a killed child can be waited for");
    let deadline = Instant::now() + LIMIT;
    while anybody_listens() || !is_empty(folder.path()) {
        assert!(Instant::now() < deadline, "a server outlives its tests");
        thread::sleep(Duration::from_millis(20));
    }
}

fn wait_to_be_killed() {
    let database = Database::migrated();
    println!("{LISTENS}127.0.0.1:{}", database.pooled_port());
    println!("{LISTENS}{}", Seaweed::shared().address());
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
}

fn is_empty(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).expect("a folder can be read");
    entries.next().is_none()
}
