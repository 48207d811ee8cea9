//! How messages come, with what belongs to them, and with their chat where it is to be created.

use uuid::Uuid;

use super::{CONTENTS, HEADS, IDS, ONE, Place, encode};
use crate::{
    chat::{self, Chat, NewChat},
    error::{Error, Result},
    image,
    message::{Message, NewTurn, Turn},
    search::{self, kv::Lexemes},
    search_result,
    store::kv::{Tables as _, Write},
    usage::{self, Tally},
};

/// What is to be appended, and where.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) chat_id: Uuid,
    /// The chat to create when there is none.
    pub(crate) create: Option<NewChat>,
    pub(crate) turns: Vec<NewTurn>,
    /// The lexemes of each turn's content.
    pub(crate) lexemes: Vec<Lexemes>,
}

/// What was appended, the messages without their contents.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) chat: Chat,
    pub(crate) turns: Vec<Turn>,
    pub(crate) chat_created: bool,
}

/// Appends turns to a chat, which is created when it is absent and may be.
pub(crate) fn append(txn: &Write, append: Append) -> Result<Appended> {
    let found = chat::kv::find(txn, append.chat_id)?;
    let chat_created = found.is_none();
    let mut chat = match (found, append.create) {
        (Some(chat), _) => chat,
        (None, Some(new)) => chat::kv::create(txn, new)?,
        (None, None) => return Err(Error::no_chat(append.chat_id)),
    };
    let first = chat.last_seq + 1;
    let mut tally = Tally::default();
    let mut turns = Vec::with_capacity(append.turns.len());
    for (turn, seq) in append.turns.into_iter().zip(first..) {
        turns.push(insert(txn, (chat.id, seq), turn, &mut tally)?);
        chat.last_seq = seq;
    }
    search::kv::add(txn, chat.id, (first..).zip(&append.lexemes))?;
    usage::kv::apply(txn, &chat.user_id, tally)?;
    chat.update_time = txn.now;
    chat::kv::put(txn, &chat)?;
    txn.wake(chat.id);
    Ok(Appended {
        chat,
        turns,
        chat_created,
    })
}

fn insert(txn: &Write, place: Place, turn: NewTurn, tally: &mut Tally) -> Result<Turn> {
    let (chat_id, seq) = place;
    let mut given = turn.message;
    let id = given.id;
    if txn.table(IDS)?.insert(id, place)?.is_some() {
        return Err(Error::IdTaken("message", id));
    }
    let content = std::mem::take(&mut given.content);
    txn.table(CONTENTS)?.insert(place, content.as_str())?;
    let message = Message {
        chat_id,
        seq,
        create_time: txn.now,
        given,
    };
    txn.table(HEADS)?
        .insert(place, encode(&message).as_slice())?;
    tally.add(txn.now, ONE);
    Ok(Turn {
        message,
        images: image::kv::insert(txn, chat_id, id, turn.images, tally)?,
        search_results: search_result::kv::insert(txn, chat_id, id, turn.search_results)?,
    })
}
