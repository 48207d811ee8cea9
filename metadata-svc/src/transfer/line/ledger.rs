//! What is known beside the rows as lines: answers to request ids, pending deletes, and the ids of deleted chats.

use contract::{Violations, id::Uuid, key, metadata::v1::pending_delete::Target};
use serde_json::{Value, json};

use super::fields::{self, Fields};
use crate::{
    blob_ledger::{PendingDelete, Tombstone},
    request_id::Kept,
};

/// The answer is a protobuf message of the contract, as it was sent.
pub(super) fn write_request_id(kept: &Kept) -> Value {
    json!({
        "answer": fields::bytes(&kept.answer),
        "create_time": fields::time(kept.create_time),
        "digest": hex::encode(&kept.digest),
        "id": kept.id.to_string(),
    })
}

pub(super) fn read_request_id(v: &mut Violations, fields: &mut Fields) -> Kept {
    let digest = fields.text(v, "digest");
    Kept {
        id: fields.id(v, "id"),
        // Judged to be hexadecimal.
        digest: hex::decode(v.sha256("digest", digest)).unwrap_or_default(),
        answer: fields.bytes(v, "answer"),
        create_time: fields.time(v, "create_time"),
    }
}

pub(super) fn write_pending_delete(pending: &Tombstone) -> Value {
    let delete = &pending.delete;
    let (name, target) = match &delete.target {
        Target::Key(key) => ("key", key),
        Target::Prefix(prefix) => ("prefix", prefix),
    };
    let mut fields = json!({
        "create_time": fields::time(delete.create_time),
        "id": delete.id.to_string(),
        name: target,
    });
    if pending.is_removed {
        fields["is_removed"] = true.into();
    }
    fields
}

pub(super) fn read_pending_delete(v: &mut Violations, fields: &mut Fields) -> Option<Tombstone> {
    let id = fields.id(v, "id");
    let is_removed = fields.flag(v, "is_removed");
    let create_time = fields.time(v, "create_time");
    let (key, prefix) = (fields.text(v, "key"), fields.text(v, "prefix"));
    let target = match (key.is_empty(), prefix.is_empty()) {
        (false, true) => Target::Key(key),
        (true, false) => Target::Prefix(prefix),
        (true, true) | (false, false) => {
            v.add("key", "exactly one of key and prefix is required");
            return None;
        }
    };
    judge_target(v, &target);
    let delete = PendingDelete {
        id,
        target,
        create_time,
    };
    Some(Tombstone { delete, is_removed })
}

fn judge_target(v: &mut Violations, target: &Target) {
    let (name, judged) = match target {
        Target::Key(key) => ("key", key::judge(key)),
        Target::Prefix(prefix) => ("prefix", judge_prefix(prefix)),
    };
    if let Err(problem) = judged {
        v.add(name, problem);
    }
}

fn judge_prefix(prefix: &str) -> Result<(), &'static str> {
    key::judge_prefix(prefix)?;
    if !prefix.ends_with('/') {
        Err("must end in /")
    } else if prefix.matches('/').count() != 2 {
        Err("must be two folders deep, as those of chats are")
    } else {
        Ok(())
    }
}

pub(super) fn write_deleted_chat(id: Uuid) -> Value {
    json!({"id": id.to_string()})
}

pub(super) fn read_deleted_chat(v: &mut Violations, fields: &mut Fields) -> Uuid {
    fields.id(v, "id")
}
