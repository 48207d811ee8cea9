//! Saving documents and turns.

use caller::{Picture, Progress, Source, contract::id::new_id};
use contract::metadata::v1::GetChatRequest;
use sha2::{Digest as _, Sha256};
use tests::{
    Pair, Service,
    command::{chatctl_on, stdout},
};
use tonic::Code;

use super::{
    BLOB, METADATA, a_document, a_turn, caller, carried, die_before, messages, objects, saved_chat,
};

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
    for place in [(BLOB, "PutObject"), (METADATA, "CreateChat")] {
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
async fn other_content_under_a_request_id_that_was_used_is_refused() {
    let (pair, mut save) = (Pair::start().await, a_document());
    caller(&pair)
        .save_document(&save)
        .await
        .expect("a first run");
    save.title = "Другой чертёж".into();
    let error = caller(&pair)
        .save_document(&save)
        .await
        .expect_err("another title");
    assert_eq!(
        error.reason().as_deref(),
        Some("REQUEST_ID_REUSED"),
        "{error}"
    );

    let (_, chat_id) = saved_chat(&pair).await;
    let mut turn = a_turn(chat_id);
    caller(&pair).save_turn(&turn).await.expect("a first run");
    turn.pictures[0].source = Source::File(carried("viewport_step_2.png"));
    let error = caller(&pair)
        .save_turn(&turn)
        .await
        .expect_err("another picture");
    assert_eq!(error.code(), Some(Code::AlreadyExists), "{error}");
}

#[tokio::test]
async fn the_rows_of_a_turn_tell_what_its_pictures_are() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let turn = caller(&pair)
        .save_turn(&a_turn(chat_id))
        .await
        .expect("a turn is saved");
    assert_eq!(turn.search_results.len(), 1);
    let names: Vec<_> = turn.images.iter().map(|i| i.image_name.as_str()).collect();
    assert_eq!(names, ["viewport_step_1.png", "zoom_crop_1.png"]);
    for image in turn.images {
        let bytes = std::fs::read(carried(&image.image_name)).expect("a picture of the demo");
        let blob = image.blob.expect("a row names an object");
        assert_eq!(blob.sha256, hex(&Sha256::digest(&bytes)));
        assert_eq!(
            blob.size_bytes,
            i64::try_from(bytes.len()).expect("a small file")
        );
        assert_eq!(blob.content_type, "image/png");
        // PNG (ISO/IEC 15948): width and height stand at 16 and 20, most significant byte first.
        let pixels = |at| i32::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        assert_eq!((image.width, image.height), (pixels(16), pixels(20)));
    }
}

#[tokio::test]
async fn saving_a_turn_again_answers_the_same_and_adds_nothing() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let save = a_turn(chat_id);
    let first = caller(&pair).save_turn(&save).await.expect("a first run");
    let again = caller(&pair).save_turn(&save).await.expect("a rerun");
    assert_eq!(first, again);
    assert_eq!(messages(&pair, chat_id).await.len(), 1);
    assert_eq!(objects(&pair).await.len(), 1 + save.pictures.len());
}

#[tokio::test]
async fn saving_a_turn_is_finished_by_a_rerun_wherever_it_died() {
    for place in [
        (METADATA, "GetChat"),
        (BLOB, "PutObject"),
        (METADATA, "AppendMessages"),
    ] {
        let pair = Pair::start().await;
        let (_, chat_id) = saved_chat(&pair).await;
        let save = a_turn(chat_id);
        let pair = die_before(pair, place, async |caller| caller.save_turn(&save).await).await;
        assert_eq!(messages(&pair, chat_id).await, [], "{}", place.1);

        let turn = caller(&pair).save_turn(&save).await.expect("a rerun");
        assert_eq!(turn.images.len(), save.pictures.len());
        assert_eq!(messages(&pair, chat_id).await.len(), 1, "{}", place.1);
        assert_eq!(
            objects(&pair).await.len(),
            1 + save.pictures.len(),
            "{}",
            place.1
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_named_by_its_place_and_nothing_is_stored() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let mut save = a_turn(chat_id);
    save.pictures.push(Picture {
        source: Source::File(carried("conversation.json")),
        name: String::new(),
        image_type: String::new(),
        description: String::new(),
    });
    let error = caller(&pair)
        .save_turn(&save)
        .await
        .expect_err("JSON is no picture");
    assert_eq!(error.fields()[0].field, "pictures[2].source");
    assert_eq!(messages(&pair, chat_id).await, []);
    assert_eq!(objects(&pair).await.len(), 1);
}

#[tokio::test]
async fn a_turn_of_a_chat_that_is_not_there_stores_no_picture() {
    let pair = Pair::start().await;
    let error = caller(&pair)
        .save_turn(&a_turn(new_id()))
        .await
        .expect_err("no such chat");
    assert_eq!(error.code(), Some(Code::NotFound), "{error}");
    assert_eq!(objects(&pair).await, []);
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

#[tokio::test]
async fn every_bad_field_of_a_document_is_named() {
    let (pair, mut save) = (Pair::start().await, a_document());
    save.title = "ж".repeat(256);
    save.user_id = String::new();
    let error = caller(&pair)
        .save_document(&save)
        .await
        .expect_err("two bad fields");
    let mut fields: Vec<_> = error.fields().into_iter().map(|f| f.field).collect();
    fields.sort();
    assert_eq!(fields, ["chat.title", "chat.user_id"]);
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
