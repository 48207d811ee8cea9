//! `metadata-svc kv export` and `kv import`: a service on the embedded store is stopped, moved, and started on Postgres.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use contract::metadata::v1::{AppendMessagesRequest, Chat, ChatState, ListChatsRequest, Turn};
use tempfile::TempDir;
use tests::{Database, Service, Storage, command::run};

use crate::metadata::{Metadata, USER, found, id, image, turn};

/// How long an import may take to come to a place.
const LIMIT: Duration = Duration::from_secs(60);

/// `metadata-svc` with arguments, and nothing of the environment of the tests but `settings`.
fn metadata_svc(settings: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = tests::command::metadata_svc();
    command.envs(settings.iter().copied()).args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn export(data: &str, file: &str) -> Output {
    run(&mut metadata_svc(
        &[("DATA_DIR", data)],
        &["kv", "export", file],
    ))
}

fn import(url: &str, mode: &str, file: &str) -> Output {
    let settings = [("DATABASE_URL", url), ("DATABASE_POOL_MODE", mode)];
    run(&mut metadata_svc(&settings, &["kv", "import", file]))
}

fn data_dir(service: &Service) -> String {
    let folder = service.setting("DATA_DIR");
    folder
        .expect("each service has a folder of its own")
        .to_owned()
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// A service on the embedded store with `chats` chats of `messages` messages, some with rows of their own.
async fn filled(chats: usize, messages: usize) -> Metadata {
    let metadata = Metadata::start(Storage::Kv).await;
    for number in 0..chats {
        let chat = metadata.chat(&format!("chat {number}")).await;
        let mut turns: Vec<_> = (0..messages)
            .map(|at| turn(&format!("насос {number} {at}")))
            .collect();
        let key = |at: usize| format!("chats/{}/images/{at}.png", chat.id);
        turns[0].images = vec![image(&key(0)), image(&key(1))];
        turns[0].search_results = vec![found("block"); 3];
        metadata
            .append(&chat.id, turns)
            .await
            .expect("it is appended");
    }
    metadata
}

/// What a service answers about the chats of [`USER`].
async fn answers(metadata: &Metadata) -> Vec<(Chat, Vec<Turn>)> {
    let request = ListChatsRequest {
        user_id: USER.into(),
        state: ChatState::All.into(),
        page_size: 1_000,
        ..ListChatsRequest::default()
    };
    let chats = metadata.chats().list_chats(request).await;
    let mut answers = Vec::new();
    for chat in chats.expect("they are listed").into_inner().chats {
        let turns = metadata.history(&chat.id, 0).await;
        answers.push((chat, turns.expect("it is streamed")));
    }
    answers
}

#[tokio::test]
async fn a_moved_service_answers_what_it_answered_before() {
    let mut before = filled(3, 4).await;
    let chat = answers(&before).await[0].0.clone();
    // A call whose answer was lost: it is repeated after the move.
    let repeated = AppendMessagesRequest {
        chat_id: chat.id.clone(),
        turns: vec![turn("once")],
        request_id: id(),
        ..AppendMessagesRequest::default()
    };
    let first = before.messages().append_messages(repeated.clone()).await;
    let first = first.expect("it is appended").into_inner();
    let (kept, data) = (answers(&before).await, data_dir(&before.service));
    before.service.kill_9();

    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = path(&folder, "store.jsonl");
    let exported = export(&data, &file);
    assert!(exported.status.success(), "{}", text(&exported.stderr));

    let store = Arc::new(Storage::Postgres.fresh());
    let database = store.database().expect("it is one");
    let imported = import(&database.pooled_url(), "transaction", &file);
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    for line in text(&exported.stdout).lines().skip(1) {
        let hash = line
            .split_whitespace()
            .last()
            .expect("a line ends in a hash");
        let equal = text(&imported.stdout).matches(hash).count();
        assert!(equal >= 2, "{line} in {}", text(&imported.stdout));
    }

    let after = Metadata::join(&store, &[]).await;
    assert_eq!(answers(&after).await, kept);
    let again = after.messages().append_messages(repeated).await;
    assert_eq!(again.expect("it is answered").into_inner(), first);
    assert_eq!(answers(&after).await, kept, "it had its effect before");
    let next = after.say(&chat.id, "next").await;
    assert_eq!(next.seq, 6);
}

#[tokio::test]
async fn an_import_that_is_killed_is_finished_by_running_it_again() {
    let mut before = filled(8, 500).await;
    let data = data_dir(&before.service);
    before.service.kill_9();
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = path(&folder, "store.jsonl");
    assert!(export(&data, &file).status.success());
    let database = Database::migrated();
    let url = database.url();

    let lines = fs::read_to_string(&file).expect("it was exported");
    let mut import_of_half = metadata_svc(&[("DATABASE_URL", &url)], &["kv", "import", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the binary can be run");
    let mut input = import_of_half.stdin.take().expect("it is piped");
    input
        .write_all(&lines.as_bytes()[..lines.len() / 2])
        .expect("it reads all of it");
    let deadline = Instant::now() + LIMIT;
    let some = "select count(*) from chat_messages";
    while database.ask(some) == "0" {
        assert!(Instant::now() < deadline, "no batch was committed");
    }
    import_of_half.kill().expect("an own child can be killed");
    import_of_half.wait().expect("it can be waited for");
    let there: u32 = database.ask(some).parse().expect("it is a count");
    assert!(
        (500..4_000).contains(&there) && there.is_multiple_of(500),
        "{there}"
    );

    for _ in 0..2 {
        let finished = import(&url, "session", &file);
        assert!(finished.status.success(), "{}", text(&finished.stderr));
    }
    let counts = "select (select count(*) from chats), (select count(*) from chat_messages), \
                  (select count(*) from chat_images), (select count(*) from search_results)";
    assert_eq!(database.ask(counts), "8|4000|16|24");
    let usage = "select sum(chats), sum(messages), sum(images) from usage_days";
    assert_eq!(database.ask(usage), "8|4000|16");
}

#[tokio::test]
async fn an_export_takes_no_store_in_use_and_no_name_that_is_taken() {
    let mut metadata = filled(1, 1).await;
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = path(&folder, "store.jsonl");
    let data = data_dir(&metadata.service);
    let refused = export(&data, &file);
    assert!(!refused.status.success());
    let told = text(&refused.stderr);
    assert!(told.contains("is open in another process"), "{told}");
    metadata.service.kill_9();

    fs::write(&file, "mine").expect("a file can be written");
    let refused = export(&data, &file);
    assert!(!refused.status.success());
    let told = text(&refused.stderr);
    assert!(told.contains("is there already"), "{told}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    let names = fs::read_dir(folder.path()).expect("it is there").count();
    assert_eq!(names, 1, "nothing is left behind");

    let none = export(&path(&folder, "nowhere"), &path(&folder, "other"));
    assert!(!none.status.success());
    assert!(text(&none.stderr).contains("there is no embedded store"));
    assert!(
        !Path::new(&path(&folder, "nowhere")).exists(),
        "none is made"
    );

    let piped = export(&data, "-");
    assert!(piped.status.success());
    assert!(text(&piped.stdout).starts_with("{\"chatstore_export\""));
    assert!(text(&piped.stderr).contains("request_ids"));
}

#[test]
fn an_import_demands_a_current_schema_and_tells_why_a_database_is_not_reached() {
    let database = Database::empty();
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file: PathBuf = folder.path().join("store.jsonl");
    fs::write(&file, "").expect("a file can be written");
    let file = file.display().to_string();
    let old = import(&database.url(), "session", &file);
    assert!(!old.status.success());
    assert!(
        text(&old.stderr).contains("db upgrade"),
        "{}",
        text(&old.stderr)
    );
    let wrong = "postgres://nobody:not-a-real-password@127.0.0.1:1/x";
    let unreached = import(wrong, "session", &file);
    assert!(!unreached.status.success());
    let told = text(&unreached.stderr);
    assert!(told.contains("connecting to 127.0.0.1:1/x"), "{told}");
    assert!(!told.contains("not-a-real-password"), "{told}");
}
