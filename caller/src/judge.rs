//! What metadata-svc would refuse, seen before anything is stored for it: the limits are the contract's, and the fields are
//! named as metadata-svc names them, so that it makes no difference who looked first.

use contract::{
    Violations,
    metadata::v1::{Chat, Image, Message, Role, SearchResult, Turn},
    status::invalid_argument,
    violation::Max,
};

use crate::{Error, Result};

const TITLE: Max = Max::Chars(255);
const IMAGE_NAME: Max = Max::Chars(512);
const KIND: Max = Max::Chars(50);
const CONTENT: Max = Max::Bytes(1 << 20);
const LONG_TEXT: Max = Max::Bytes(64 << 10);

/// Judges what `CreateChat` will be told.
pub(crate) fn chat(chat: &Chat) -> Result<()> {
    let mut v = Violations::default();
    v.within("chat", |v| {
        v.required_text("user_id", chat.user_id.clone(), TITLE);
        v.required_text("title", chat.title.clone(), TITLE);
        v.text("description", chat.description.clone(), LONG_TEXT);
        v.json_object("metadata", chat.metadata.clone());
    });
    refuse("CreateChat", v)
}

/// Judges what `AppendMessages` will be told of one turn.
pub(crate) fn turn(turn: &Turn) -> Result<()> {
    let mut v = Violations::default();
    v.within("turns[0]", |v| {
        v.required("message", turn.message.clone(), message);
        v.each("images", turn.images.clone(), image);
        v.each("search_results", turn.search_results.clone(), search_result);
    });
    refuse("AppendMessages", v)
}

fn message(v: &mut Violations, message: Message) -> Option<()> {
    if message.role() == Role::Unspecified {
        v.add("role", "is required: one of user, assistant, system, tool");
    }
    v.required_text("content", message.content, CONTENT);
    v.text("message_type", message.message_type, KIND);
    Some(())
}

fn image(v: &mut Violations, image: Image) -> Option<()> {
    v.required_text("image_name", image.image_name, IMAGE_NAME);
    v.text("image_type", image.image_type, KIND);
    v.text("description", image.description, LONG_TEXT);
    Some(())
}

fn search_result(v: &mut Violations, result: SearchResult) -> Option<()> {
    v.text("block_id", result.block_id, TITLE);
    v.non_negative("page_number", result.page_number);
    v.text("block_text", result.block_text, LONG_TEXT);
    v.json("coords_norm", result.coords_norm);
    v.json("coords_px", result.coords_px);
    Some(())
}

fn refuse(step: &'static str, violations: Violations) -> Result<()> {
    if violations.fields().is_empty() {
        return Ok(());
    }
    Err(Error::at(step)(invalid_argument(violations)))
}
