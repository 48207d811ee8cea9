//! JSON of what the services answer, for exports and scripts: names as in the contract, ids and enums as text, times as
//! RFC 3339, numbers as numbers. An unset message is `null`.

use contract::{
    blob::v1::{BlobRef, PresignedUrl},
    metadata::v1::{Chat, Image, Message, Role, SearchHit, SearchResult, Turn},
};
use prost_types::{ListValue, Struct, Timestamp, Value as WireValue, value::Kind};
use serde_json::{Map, Number, Value, json};

/// The largest whole number that a double holds exactly, and every smaller one.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A chat.
#[must_use]
pub fn chat(chat: &Chat) -> Value {
    json!({
        "id": chat.id,
        "user_id": chat.user_id,
        "title": chat.title,
        "description": chat.description,
        "document": chat.document.as_ref().map(blob),
        "metadata": chat.metadata.as_ref().map(object),
        "is_archived": chat.is_archived,
        "last_seq": chat.last_seq,
        "create_time": time(chat.create_time.as_ref()),
        "update_time": time(chat.update_time.as_ref()),
        "etag": chat.etag,
    })
}

/// A turn: its message, with `images` and `search_results` beside the message's own fields.
#[must_use]
pub fn turn(turn: &Turn) -> Value {
    let mut value = turn.message.as_ref().map_or(Value::Null, message);
    value["images"] = turn.images.iter().map(image).collect();
    value["search_results"] = turn.search_results.iter().map(search_result).collect();
    value
}

/// A message.
#[must_use]
pub fn message(message: &Message) -> Value {
    json!({
        "id": message.id,
        "chat_id": message.chat_id,
        "seq": message.seq,
        "role": role(message.role()),
        "content": message.content,
        "message_type": message.message_type,
        "create_time": time(message.create_time.as_ref()),
    })
}

/// An image's row.
#[must_use]
pub fn image(image: &Image) -> Value {
    json!({
        "id": image.id,
        "image_name": image.image_name,
        "image_type": image.image_type,
        "description": image.description,
        "width": image.width,
        "height": image.height,
        "blob": image.blob.as_ref().map(blob),
        "upload_time": time(image.upload_time.as_ref()),
    })
}

/// A search result.
#[must_use]
pub fn search_result(result: &SearchResult) -> Value {
    json!({
        "id": result.id,
        "block_id": result.block_id,
        "page_number": result.page_number,
        "block_text": result.block_text,
        "coords_norm": result.coords_norm.as_ref().map(free),
        "coords_px": result.coords_px.as_ref().map(free),
        "create_time": time(result.create_time.as_ref()),
    })
}

/// A message that was found.
#[must_use]
pub fn search_hit(hit: &SearchHit) -> Value {
    let runs = hit.snippet.iter();
    let snippet: Vec<_> = runs
        .map(|run| json!({"text": run.text, "matched": run.matched}))
        .collect();
    json!({
        "chat_id": hit.chat_id,
        "message_id": hit.message_id,
        "seq": hit.seq,
        "role": role(hit.role()),
        "create_time": time(hit.create_time.as_ref()),
        "score": hit.score,
        "snippet": snippet,
    })
}

/// A stored object.
#[must_use]
pub fn blob(blob: &BlobRef) -> Value {
    json!({
        "key": blob.key,
        "size_bytes": blob.size_bytes,
        "sha256": blob.sha256,
        "content_type": blob.content_type,
    })
}

/// A signed URL.
#[must_use]
pub fn url(url: &PresignedUrl) -> Value {
    json!({
        "key": url.key,
        "url": url.url,
        "expire_time": time(url.expire_time.as_ref()),
    })
}

/// A role as the tables spell it: `user`, `assistant`, `system`, `tool`.
#[must_use]
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Unspecified => "unspecified",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Tool => "tool",
    }
}

fn time(time: Option<&Timestamp>) -> Value {
    time.map_or(Value::Null, |t| t.to_string().into())
}

/// Free JSON, as the application gave it.
fn object(object: &Struct) -> Value {
    let fields = object.fields.iter();
    Value::Object(
        fields
            .map(|(name, value)| (name.clone(), free(value)))
            .collect::<Map<_, _>>(),
    )
}

fn free(value: &WireValue) -> Value {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => (*value).into(),
        Some(Kind::NumberValue(value)) => number(*value),
        Some(Kind::StringValue(value)) => value.as_str().into(),
        Some(Kind::ListValue(list)) => list.values.iter().map(free).collect(),
        Some(Kind::StructValue(fields)) => object(fields),
    }
}

/// Free JSON, as the services take it.
#[must_use]
pub fn to_wire(value: Value) -> WireValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        Value::String(value) => Kind::StringValue(value),
        Value::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(to_wire).collect(),
        }),
        Value::Object(fields) => Kind::StructValue(to_struct(fields)),
    };
    WireValue { kind: Some(kind) }
}

/// A free JSON object, as the services take it.
#[must_use]
pub fn to_struct(fields: Map<String, Value>) -> Struct {
    let fields = fields.into_iter();
    Struct {
        fields: fields.map(|(name, value)| (name, to_wire(value))).collect(),
    }
}

/// Whole numbers without a decimal point: `582`, not `582.0`.
#[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= MAX_WHOLE {
        return Value::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_json_comes_back_as_it_went_in() {
        let text = r#"{"координаты":[582,0.3667,null,true,"x",{"a":-1}]}"#;
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(free(&to_wire(value)).to_string(), text);
    }

    #[test]
    fn a_turn_is_one_object_with_its_images_inside() {
        let wire = Turn {
            message: Some(Message {
                role: Role::User.into(),
                content: "line\nbreak \u{2028} \"quoted\"".into(),
                seq: 3,
                create_time: Some(Timestamp {
                    seconds: 0,
                    nanos: 0,
                }),
                ..Default::default()
            }),
            images: vec![Image::default()],
            search_results: Vec::new(),
        };
        let value = turn(&wire);
        assert_eq!(value["role"], "user");
        assert_eq!(value["create_time"], "1970-01-01T00:00:00Z");
        assert_eq!(value["images"][0]["blob"], Value::Null);
        assert_eq!(value.to_string().lines().count(), 1);
    }
}
