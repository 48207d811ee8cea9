//! Images and search results as lines. They stand in the order of their numbers; the numbers themselves are each storage's own.

use contract::{Violations, metadata::v1};
use serde_json::{Value, json};

use super::fields::{self, Fields, put_json, put_text};
use crate::{
    image::{Image, NewImage},
    search_result::{NewSearchResult, SearchResult},
};

pub(super) fn write_image(image: &Image) -> Value {
    let given = &image.given;
    let mut fields = json!({
        "blob": fields::blob_ref(&given.blob),
        "chat_id": image.chat_id.to_string(),
        "height": given.height,
        "id": given.id.to_string(),
        "image_name": given.image_name,
        "message_id": image.message_id.to_string(),
        "upload_time": fields::time(image.upload_time),
        "width": given.width,
    });
    put_text(&mut fields, "image_type", &given.image_type);
    put_text(&mut fields, "description", &given.description);
    fields
}

pub(super) fn read_image(v: &mut Violations, fields: &mut Fields) -> Option<Image> {
    let id = fields.id(v, "id");
    let wire = v1::Image {
        id: id.to_string(),
        image_name: fields.text(v, "image_name"),
        blob: fields.blob_ref(v, "blob"),
        image_type: fields.text(v, "image_type"),
        description: fields.text(v, "description"),
        width: fields.small(v, "width"),
        height: fields.small(v, "height"),
        ..v1::Image::default()
    };
    let given = NewImage::judge(v, wire);
    let (chat, message) = (fields.id(v, "chat_id"), fields.id(v, "message_id"));
    let uploaded = fields.time(v, "upload_time");
    Some(given?.create(chat, message, uploaded))
}

pub(super) fn write_search_result(result: &SearchResult) -> Value {
    let given = &result.given;
    let mut fields = json!({
        "chat_id": result.chat_id.to_string(),
        "create_time": fields::time(result.create_time),
        "id": given.id.to_string(),
        "message_id": result.message_id.to_string(),
        "page_number": given.page_number,
    });
    put_text(&mut fields, "block_id", &given.block_id);
    put_text(&mut fields, "block_text", &given.block_text);
    put_json(&mut fields, "coords_norm", given.coords_norm.as_ref());
    put_json(&mut fields, "coords_px", given.coords_px.as_ref());
    fields
}

pub(super) fn read_search_result(v: &mut Violations, fields: &mut Fields) -> Option<SearchResult> {
    let id = fields.id(v, "id");
    let wire = v1::SearchResult {
        id: id.to_string(),
        block_id: fields.text(v, "block_id"),
        page_number: fields.small(v, "page_number"),
        block_text: fields.text(v, "block_text"),
        coords_norm: fields.json("coords_norm"),
        coords_px: fields.json("coords_px"),
        ..v1::SearchResult::default()
    };
    let given = NewSearchResult::judge(v, wire);
    let (chat, message) = (fields.id(v, "chat_id"), fields.id(v, "message_id"));
    let created = fields.time(v, "create_time");
    Some(given?.create(chat, message, created))
}
