//! Messages: appended to a chat, numbered in order, never rewritten; written and read together with their images and search
//! results as turns.

mod judge_append;
pub(crate) mod kv;
pub(crate) mod rpc;
pub(crate) mod sql;

use contract::{
    Violations,
    id::Uuid,
    metadata::v1::{self, Role},
    time::Time,
    violation::Max,
};

use crate::{
    image::{Image, NewImage},
    search_result::{NewSearchResult, SearchResult},
};

const MAX_CONTENT: Max = Max::Bytes(1 << 20);
const MAX_TYPE: Max = Max::Chars(50);
/// What an empty `message_type` means.
const TEXT: &str = "text";

/// A message as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) chat_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) create_time: Time,
    /// What its caller gave.
    pub(crate) given: NewMessage,
}

/// A message to append.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) id: Uuid,
    pub(crate) role: Role,
    /// Empty where it is not asked for; no message is kept without.
    pub(crate) content: String,
    pub(crate) message_type: String,
}

/// A message with what belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) message: Message,
    pub(crate) images: Vec<Image>,
    pub(crate) search_results: Vec<SearchResult>,
}

/// A turn to append.
#[derive(Clone, Debug)]
pub(crate) struct NewTurn {
    pub(crate) message: NewMessage,
    pub(crate) images: Vec<NewImage>,
    pub(crate) search_results: Vec<NewSearchResult>,
}

impl NewMessage {
    /// Judges the fields of a message to append; makes its id where there is none. What it says of its chat is for the caller
    /// to judge.
    pub(crate) fn judge(v: &mut Violations, message: v1::Message) -> Option<Self> {
        let role = judge_role(v, "role", message.role);
        let message_type = if message.message_type.is_empty() {
            TEXT.to_owned()
        } else {
            message.message_type
        };
        Some(Self {
            id: v.id_or_new("id", &message.id),
            content: v.required_text("content", message.content, MAX_CONTENT),
            message_type: v.text("message_type", message_type, MAX_TYPE),
            role: role?,
        })
    }
}

/// Judges a role that must be set.
pub(crate) fn judge_role(v: &mut Violations, field: &str, role: i32) -> Option<Role> {
    let role = Role::try_from(role)
        .ok()
        .filter(|role| *role != Role::Unspecified);
    if role.is_none() {
        v.add(
            field,
            "must be ROLE_USER, ROLE_ASSISTANT, ROLE_SYSTEM or ROLE_TOOL",
        );
    }
    role
}

impl From<Message> for v1::Message {
    fn from(message: Message) -> Self {
        Self {
            id: message.given.id.to_string(),
            chat_id: message.chat_id.to_string(),
            seq: message.seq,
            role: message.given.role.into(),
            content: message.given.content,
            message_type: message.given.message_type,
            create_time: Some(message.create_time.to_wire()),
        }
    }
}

impl From<Turn> for v1::Turn {
    fn from(turn: Turn) -> Self {
        Self {
            message: Some(turn.message.into()),
            images: turn.images.into_iter().map(Into::into).collect(),
            search_results: turn.search_results.into_iter().map(Into::into).collect(),
        }
    }
}
