//! README is true: its lines work as pasted.

use std::{env, fs, path::PathBuf};

use tempfile::TempDir;
use tests::{
    Pair,
    command::{program, run, stdout},
    rpc,
};

/// Where `chatctl up` serves when nothing is set, and so what README's lines name.
const METADATA_ADDRESS: &str = "localhost:50051";
const BLOB_ADDRESS: &str = "localhost:50052";
const METADATA_ADMIN: &str = "localhost:50061";
const BLOB_ADMIN: &str = "localhost:50062";

#[tokio::test]
async fn curl_and_grpcurl_lines_of_the_readme_work_as_pasted_with_no_proto_files_at_hand() {
    let pair = Pair::start().await;
    let moved = [
        (METADATA_ADDRESS, pair.metadata.address()),
        (BLOB_ADDRESS, pair.blob.address()),
        (METADATA_ADMIN, pair.metadata.admin_address()),
        (BLOB_ADMIN, pair.blob.admin_address()),
    ];
    let empty = TempDir::new().expect("a temporary folder can be made");
    let blocks: Vec<_> = shell_blocks()
        .into_iter()
        .filter(|block| block.contains("curl -"))
        .collect();
    assert_eq!(blocks.len(), 2, "README has grpcurl lines, and curl lines");
    for block in blocks {
        assert!(
            moved.iter().any(|(readme, _)| block.contains(readme)),
            "README names other addresses:\n{block}"
        );
        let script = moved
            .iter()
            .fold(block, |block, (readme, here)| block.replace(readme, here));
        stdout(program("sh").args(["-euc", &script]).current_dir(&empty));
    }
}

#[tokio::test]
async fn grpcurl_lists_and_describes_every_method_by_reflection_alone() {
    let pair = Pair::start().await;
    let served = [
        (pair.metadata.address(), "chatstore.metadata.v1"),
        (pair.blob.address(), "chatstore.blob.v1"),
    ];
    for (address, package) in served {
        let listed = stdout(program("grpcurl").args(["-plaintext", &address, "list"]));
        for rpc in rpc::all_of(package) {
            assert!(
                listed.lines().any(|line| line == rpc.service),
                "{} is not listed:\n{listed}",
                rpc.service
            );
            let name = format!("{}.{}", rpc.service, rpc.method);
            let described =
                stdout(program("grpcurl").args(["-plaintext", &address, "describe", &name]));
            assert!(
                described.contains(&format!("rpc {}", rpc.method)),
                "{described}"
            );
        }
    }
}

#[tokio::test]
async fn grpcurl_shows_the_details_of_a_refusal_in_words() {
    let pair = Pair::start().await;
    let refused = run(program("grpcurl").args([
        "-plaintext",
        "-d",
        r#"{"user_id": ""}"#,
        &pair.metadata.address(),
        "chatstore.metadata.v1.ChatService/ListChats",
    ]));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("fieldViolations"), "{told}");
    assert!(told.contains(r#""field":"user_id""#), "{told}");
}

#[test]
fn the_test_command_of_the_readme_is_what_ci_runs() {
    let commands: Vec<_> = shell_blocks()
        .concat()
        .lines()
        .filter(|l| l.contains("cargo test --workspace"))
        .map(str::to_owned)
        .collect();
    let [command] = commands.as_slice() else {
        panic!("README has one test command, not {commands:?}")
    };
    let ci = fs::read_to_string(repository().join(".ci/run")).expect(".ci/run can be read");
    assert!(
        ci.lines().any(|line| line.trim() == command),
        ".ci/run does not call `{command}`"
    );
}

/// The fenced blocks of README that are for a shell.
fn shell_blocks() -> Vec<String> {
    let readme = fs::read_to_string(repository().join("README.md")).expect("README.md can be read");
    readme
        .split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix("sh\n"))
        .map(str::to_owned)
        .collect()
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
