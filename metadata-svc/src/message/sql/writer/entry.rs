//! A call as a part of a batch.

use std::mem::take;

use contract::{
    id::Uuid,
    metadata::v1::{self, AppendMessagesResponse},
    time::Time,
};

use prost::Message as _;
use prost_types::{Struct, Value};

use super::{Answer, Item};
use crate::{
    chat::{Chat, NewChat},
    message::{Message, NewTurn, Turn, kv::Append},
    request_id::Call,
};

/// What a row takes beside its free texts.
const ROW_BYTES: usize = 512;

/// A call as it becomes rows.
pub(super) struct Entry {
    pub(super) call: Call,
    pub(super) chat_id: Uuid,
    pub(super) create: Option<NewChat>,
    /// The messages without their numbers, which are given in the database, and without their contents.
    pub(super) turns: Vec<Turn>,
    pub(super) contents: Vec<String>,
    pub(super) answer: Answer,
}

impl Item {
    /// How many rows it becomes.
    pub(super) fn rows(&self) -> usize {
        let turns = self.append.turns.iter();
        turns
            .map(|turn| 1 + turn.images.len() + turn.search_results.len())
            .sum()
    }

    /// The ids that are to be new, of whatever kind.
    pub(super) fn ids(&self) -> impl Iterator<Item = Uuid> {
        let of_turn = |turn: &NewTurn| {
            let images = turn.images.iter().map(|row| row.id);
            let results = turn.search_results.iter().map(|row| row.id);
            let ids = [turn.message.id].into_iter().chain(images).chain(results);
            ids.collect::<Vec<_>>()
        };
        let request_id = self.call.request_id().into_iter();
        request_id.chain(self.append.turns.iter().flat_map(of_turn))
    }
}

/// The bytes of an append, as far as its caller decides how many.
pub(super) fn weigh(append: &Append) -> usize {
    let of_turn = |turn: &NewTurn| {
        let images = turn.images.iter();
        let images = images.map(|row| row.description.len() + row.blob.encoded_len());
        let results = turn.search_results.iter();
        let json = |json: &Option<Value>| json.as_ref().map_or(0, Value::encoded_len);
        let results =
            results.map(|row| row.block_text.len() + json(&row.coords_norm) + json(&row.coords_px));
        let own = turn.message.content.len();
        own + images.map(with_own).sum::<usize>() + results.map(with_own).sum::<usize>()
    };
    let create = append.create.as_ref().map_or(0, |new| {
        new.description.len() + new.metadata.as_ref().map_or(0, Struct::encoded_len)
    });
    append
        .turns
        .iter()
        .map(of_turn)
        .map(with_own)
        .sum::<usize>()
        + create
}

/// What a row weighs whose free texts have `bytes`.
fn with_own(bytes: usize) -> usize {
    ROW_BYTES + bytes
}

impl Entry {
    pub(super) fn of(item: Item, now: Time) -> Self {
        let chat_id = item.append.chat_id;
        let turns = item.append.turns.into_iter();
        let (turns, contents) = turns.map(|turn| become_rows(turn, chat_id, now)).unzip();
        Self {
            call: item.call,
            chat_id,
            create: item.append.create,
            turns,
            contents,
            answer: item.answer,
        }
    }

    /// Whether it is messages and nothing else.
    pub(super) fn is_plain(&self) -> bool {
        let has_none = |turn: &Turn| turn.images.is_empty() && turn.search_results.is_empty();
        self.create.is_none() && self.turns.iter().all(has_none)
    }

    /// What is answered when it was written to `chat` behind `before` messages.
    pub(super) fn answered(
        &self,
        chat: &Chat,
        before: i64,
        chat_created: bool,
    ) -> AppendMessagesResponse {
        let turns = self.turns.iter().cloned().zip(before + 1..);
        let turns: Vec<_> = turns
            .map(|(mut turn, seq)| {
                turn.message.seq = seq;
                v1::Turn::from(turn)
            })
            .collect();
        let last_seq = before + i64::try_from(turns.len()).unwrap_or_default();
        let chat = Chat {
            last_seq,
            ..chat.clone()
        };
        AppendMessagesResponse {
            chat: Some(chat.into()),
            turns,
            chat_created,
        }
    }
}

fn become_rows(turn: NewTurn, chat: Uuid, now: Time) -> (Turn, String) {
    let mut given = turn.message;
    let content = take(&mut given.content);
    let images = turn.images.into_iter();
    let results = turn.search_results.into_iter();
    let turn = Turn {
        images: images
            .map(|image| image.create(chat, given.id, now))
            .collect(),
        search_results: results
            .map(|result| result.create(chat, given.id, now))
            .collect(),
        message: Message {
            chat_id: chat,
            seq: 0,
            create_time: now,
            given,
        },
    };
    (turn, content)
}
