//! Saving a document into a new chat.

use caller::{Progress, Source};
use contract::metadata::v1::GetChatRequest;
use tests::{
    Pair, Service,
    command::{chatctl_on, stdout},
};
use tonic::Code;

use super::{BLOB, METADATA, a_document, caller, carried, die_before, objects, saved_chat};

#[tokio::test]
async fn a_saved_document_is_read_back_byte_for_byte_under_its_own_name() {
    let pair = Pair::start().await;
    let (chat, chat_id) = saved_chat(&pair).await;
    let document = chat.document.expect("the chat names its document");
    assert!(
        document
            .key
            .starts_with(&format!("chats/{chat_id}/documents/")),
        "{}",
        document.key
    );
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("план.pdf");
    let object = caller(&pair)
        .download(&document.key, &path)
        .await
        .expect("it is there");
    assert_eq!(object.original_name, "План насосной.pdf");
    assert_eq!(object.content_type, "application/pdf");
    let bytes = |path| std::fs::read(path).expect("a file can be read");
    assert_eq!(bytes(path), bytes(carried("pump_station.pdf")));
}

#[tokio::test]
async fn saving_a_document_again_answers_the_same_and_stores_nothing_more() {
    let (pair, save) = (Pair::start().await, a_document());
    let first = caller(&pair)
        .save_document(&save)
        .await
        .expect("a first run");
    let again = caller(&pair).save_document(&save).await.expect("a rerun");
    assert_eq!(first, again);
    assert_eq!(objects(&pair).await.len(), 1);
}

#[tokio::test]
async fn saving_a_document_is_finished_by_a_rerun_wherever_it_died() {
    for place in [
        (METADATA, "ReserveKeys"),
        (BLOB, "PutObject"),
        (METADATA, "CreateChat"),
    ] {
        let save = a_document();
        let pair = Pair::start().await;
        let pair = die_before(pair, place, async |caller| {
            caller.save_document(&save).await
        })
        .await;
        let request = GetChatRequest {
            chat_id: save.chat_id().to_string(),
        };
        let absent = pair
            .chats()
            .get_chat(request)
            .await
            .expect_err("not created yet");
        assert_eq!(absent.code(), Code::NotFound);

        let chat = caller(&pair).save_document(&save).await.expect("a rerun");
        let stored = objects(&pair).await;
        assert_eq!(stored.len(), 1, "{}", place.1);
        assert_eq!(chat.document.map(|d| d.key), Some(stored[0].key.clone()));
    }
}

#[tokio::test]
async fn a_document_that_changes_while_it_is_saved_is_refused_and_nothing_is_stored() {
    let (pair, mut save) = (Pair::start().await, a_document());
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), b"before").expect("it can be written");
    save.document = Source::File(file.path().to_owned());
    let path = file.path().to_owned();
    let caller = caller(&pair).observed(move |progress| {
        if progress == Progress::Step("PutObject") {
            std::fs::write(&path, b"behind").expect("it can be written");
        }
    });
    let error = caller
        .save_document(&save)
        .await
        .expect_err("other bytes were hashed");
    assert_eq!(error.code(), Some(Code::InvalidArgument), "{error}");
    assert_eq!(objects(&pair).await, []);
}

#[tokio::test]
async fn one_trace_runs_through_both_services() {
    let pair = Pair::start().await;
    let mut command = chatctl_on(&pair);
    command
        .arg("save-document")
        .arg(carried("pump_station.pdf"));
    stdout(command.args(["--user", "анна"]));
    let trace = trace_of(&pair.blob, "ObjectService/PutObject");
    assert_eq!(trace, trace_of(&pair.metadata, "ChatService/CreateChat"));
    assert!(trace.bytes().any(|b| b != b'0'), "{trace}");
}

/// The trace id in the log's line about a call of `rpc`.
fn trace_of(service: &Service, rpc: &str) -> String {
    let log = service.log();
    let line = log
        .lines()
        .find(|l| l.contains(rpc) && l.contains("trace_id"));
    let line = line.unwrap_or_else(|| panic!("no line about {rpc} in\n{log}"));
    let (_, id) = line.split_once("\"trace_id\":\"").expect("JSON");
    id.chars().take_while(char::is_ascii_hexdigit).collect()
}
