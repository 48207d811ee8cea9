//! Chats as lines.

use contract::{Violations, metadata::v1};
use serde_json::{Value, json};

use super::fields::{self, Fields, put_text};
use crate::{
    chat::{Chat, NewChat},
    postgres::value::json_object,
};

pub(super) fn write(chat: &Chat) -> Value {
    let mut fields = json!({
        "create_time": fields::time(chat.create_time),
        "id": chat.id.to_string(),
        "is_archived": chat.is_archived,
        "last_seq": chat.last_seq,
        "revision": chat.revision,
        "title": chat.title,
        "update_time": fields::time(chat.update_time),
        "user_id": chat.user_id,
    });
    put_text(&mut fields, "description", &chat.description);
    if let Some(document) = &chat.document {
        fields["document"] = fields::blob_ref(document);
    }
    if let Some(metadata) = &chat.metadata {
        fields["metadata"] = json_object(metadata.clone());
    }
    fields
}

pub(super) fn read(v: &mut Violations, fields: &mut Fields) -> Chat {
    let id = fields.id(v, "id");
    let wire = v1::Chat {
        id: id.to_string(),
        user_id: fields.text(v, "user_id"),
        title: fields.text(v, "title"),
        description: fields.text(v, "description"),
        document: fields.blob_ref(v, "document"),
        metadata: fields.json_object(v, "metadata"),
        ..v1::Chat::default()
    };
    let created = fields.time(v, "create_time");
    let chat = Chat {
        is_archived: fields.flag(v, "is_archived"),
        last_seq: fields.whole(v, "last_seq"),
        update_time: fields.time(v, "update_time"),
        revision: fields.whole(v, "revision"),
        ..NewChat::judge(v, wire).create(created)
    };
    v.non_negative("last_seq", chat.last_seq);
    if chat.revision < 1 {
        v.add("revision", "must be 1 or more");
    }
    chat
}
