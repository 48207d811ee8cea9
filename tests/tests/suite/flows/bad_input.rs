//! What is refused when it is saved, before anything is stored for it.

use caller::Source;
use contract::metadata::v1::{AppendMessagesRequest, Message, Role, Turn};
use tests::Pair;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::{a_document, a_turn, caller, carried, objects, saved_chat};

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
async fn every_bad_field_is_named_before_a_byte_is_stored() {
    let (pair, mut save) = (Pair::start().await, a_document());
    save.title = "ж".repeat(256);
    save.user_id = String::new();
    let error = caller(&pair).save_document(&save).await;
    let error = error.expect_err("two bad fields");
    assert_eq!(fields(&error), ["chat.title", "chat.user_id"]);
    assert_eq!(objects(&pair).await, []);

    let (_, chat_id) = saved_chat(&pair).await;
    let mut save = a_turn(chat_id);
    save.role = Role::Unspecified;
    save.content = "\0".into();
    save.pictures[1].image_type = "x".repeat(51);
    save.search_results[0].page_number = -1;
    let error = caller(&pair).save_turn(&save).await;
    let expected = [
        "turns[0].images[1].image_type",
        "turns[0].message.content",
        "turns[0].message.role",
        "turns[0].search_results[0].page_number",
    ];
    assert_eq!(fields(&error.expect_err("four bad fields")), expected);
    assert_eq!(objects(&pair).await.len(), 1);
}

/// The service judges again, and must name the same: a caller in another language relies on it alone.
#[tokio::test]
async fn the_caller_names_bad_fields_as_metadata_svc_does() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let mut save = a_turn(chat_id);
    save.pictures.clear();
    save.role = Role::Unspecified;
    save.content = String::new();
    save.message_type = "x".repeat(51);
    save.search_results[0].block_id = "x".repeat(256);
    let error = caller(&pair).save_turn(&save).await;
    let seen_here = error.expect_err("four bad fields");
    let message = Message {
        content: save.content,
        message_type: save.message_type,
        ..Default::default()
    };
    let turn = Turn {
        message: Some(message),
        images: Vec::new(),
        search_results: save.search_results,
    };
    let request = AppendMessagesRequest {
        chat_id: chat_id.to_string(),
        turns: vec![turn],
        ..Default::default()
    };
    let refused = pair.messages().append_messages(request).await;
    let refused = refused.expect_err("four bad fields");
    let details = refused.get_details_bad_request();
    let mut seen_there: Vec<_> = details
        .expect("it names fields")
        .field_violations
        .into_iter()
        .map(|f| f.field)
        .collect();
    seen_there.sort();
    assert_eq!(fields(&seen_here), seen_there);
}

fn fields(error: &caller::Error) -> Vec<String> {
    let mut fields: Vec<_> = error.fields().into_iter().map(|f| f.field).collect();
    fields.sort();
    fields
}
