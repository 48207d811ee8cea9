//! Messages as lines.

use contract::{
    Violations,
    metadata::v1::{self, Role},
};
use serde_json::{Value, json};

use super::fields::{self, Fields};
use crate::message::{Message, NewMessage};

pub(super) fn write(message: &Message) -> Value {
    json!({
        "chat_id": message.chat_id.to_string(),
        "content": message.given.content,
        "create_time": fields::time(message.create_time),
        "id": message.given.id.to_string(),
        "message_type": message.given.message_type,
        "role": message.given.role.as_str_name(),
        "seq": message.seq,
    })
}

pub(super) fn read(v: &mut Violations, fields: &mut Fields) -> Option<Message> {
    let id = fields.id(v, "id");
    // A name that there is not becomes a role that there is not.
    let role = Role::from_str_name(&fields.text(v, "role")).unwrap_or_default();
    let wire = v1::Message {
        id: id.to_string(),
        role: role.into(),
        content: fields.text(v, "content"),
        message_type: fields.text(v, "message_type"),
        ..v1::Message::default()
    };
    let given = NewMessage::judge(v, wire);
    let (chat_id, seq) = (fields.id(v, "chat_id"), fields.whole(v, "seq"));
    if seq < 1 {
        v.add("seq", "must be 1 or more");
    }
    let create_time = fields.time(v, "create_time");
    Some(Message {
        chat_id,
        seq,
        create_time,
        given: given?,
    })
}
