//! Search results: the text blocks of a document that a message refers to, with their places on the page.

pub(crate) mod kv;
pub(crate) mod rpc;
pub(crate) mod sql;

use contract::{Violations, id::Uuid, metadata::v1, time::Time, violation::Max};
use prost_types::Value;

use crate::attachment::{Said, message_text};

const MAX_BLOCK_ID: Max = Max::Chars(255);
const MAX_BLOCK_TEXT: Max = Max::Bytes(64 << 10);

/// A search result as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct SearchResult {
    pub(crate) chat_id: Uuid,
    /// Nil for none, as rows of an existing deployment may have.
    pub(crate) message_id: Uuid,
    pub(crate) create_time: Time,
    /// What its caller gave.
    pub(crate) given: NewSearchResult,
}

/// A search result to add.
#[derive(Clone, Debug)]
pub(crate) struct NewSearchResult {
    pub(crate) id: Uuid,
    pub(crate) block_id: String,
    /// Counted from 1; 0 means unknown.
    pub(crate) page_number: i32,
    pub(crate) block_text: String,
    pub(crate) coords_norm: Option<Value>,
    pub(crate) coords_px: Option<Value>,
}

impl NewSearchResult {
    /// Judges the fields of a search result to add; makes its id where there is none. What it says of its chat and message is
    /// for the caller to judge.
    pub(crate) fn judge(v: &mut Violations, result: v1::SearchResult) -> Option<Self> {
        Some(Self {
            id: v.id_or_new("id", &result.id),
            block_id: v.text("block_id", result.block_id, MAX_BLOCK_ID),
            page_number: v.non_negative("page_number", result.page_number),
            block_text: v.text("block_text", result.block_text, MAX_BLOCK_TEXT),
            coords_norm: v.json("coords_norm", result.coords_norm),
            coords_px: v.json("coords_px", result.coords_px),
        })
    }

    /// The search result that it becomes as a part of a message.
    pub(crate) fn create(self, chat_id: Uuid, message_id: Uuid, now: Time) -> SearchResult {
        SearchResult {
            chat_id,
            message_id,
            create_time: now,
            given: self,
        }
    }
}

impl Said for v1::SearchResult {
    fn id(&self) -> &str {
        &self.id
    }

    fn chat_id(&self) -> &str {
        &self.chat_id
    }

    fn message_id(&self) -> &str {
        &self.message_id
    }
}

impl From<SearchResult> for v1::SearchResult {
    fn from(result: SearchResult) -> Self {
        Self {
            id: result.given.id.to_string(),
            chat_id: result.chat_id.to_string(),
            message_id: message_text(result.message_id),
            block_id: result.given.block_id,
            page_number: result.given.page_number,
            block_text: result.given.block_text,
            coords_norm: result.given.coords_norm,
            coords_px: result.given.coords_px,
            create_time: Some(result.create_time.to_wire()),
        }
    }
}
