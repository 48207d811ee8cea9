//! How messages are kept: their heads and their contents apart, by chat and sequence number, and found by id.

mod append;
mod delete;

use std::ops::Bound;

use contract::{
    metadata::v1::{MessageOrder, Role},
    time::Time,
};
use prost::Message as _;
use redb::{ReadTransaction, ReadableTable, TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

pub(crate) use self::{
    append::{Append, Appended, append},
    delete::{Deleted, delete, remove_of_chat},
};
use super::{Message, NewMessage, Turn};
use crate::{
    attachment::{
        Attachment as _,
        kv::{IMAGES, SEARCH_RESULTS, behind},
    },
    chat,
    error::{Error, Result},
    image::Image,
    page::Page,
    store::{
        decode,
        kv::{Record, Tables, decode_id},
    },
    usage::Usage,
};

/// (chat, sequence number)
pub(crate) type Place = (Uuid, i64);

/// The messages without their contents.
pub(crate) const HEADS: TableDefinition<Place, Record> = TableDefinition::new("messages");
/// Their contents.
pub(crate) const CONTENTS: TableDefinition<Place, &str> = TableDefinition::new("message_contents");
const IDS: TableDefinition<Uuid, Place> = TableDefinition::new("message_ids");

/// How many turns are read at once.
const TURNS: usize = 32;
/// What they may weigh together, in bytes; one turn is read whatever it weighs.
const TURNS_BYTES: usize = 1 << 20;

#[derive(Clone, PartialEq, prost::Message)]
struct HeadRecord {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(enumeration = "Role", tag = "2")]
    role: i32,
    #[prost(string, tag = "3")]
    message_type: String,
    #[prost(int64, tag = "4")]
    create_micros: i64,
}

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(HEADS)?;
    txn.open_table(CONTENTS)?;
    txn.open_table(IDS)?;
    Ok(())
}

/// What a message adds to its user's usage.
pub(crate) const ONE: Usage = Usage {
    chats: 0,
    messages: 1,
    images: 0,
    blob_bytes: 0,
};

/// Finds the place of a message.
pub(crate) fn find(txn: &impl Tables, id: Uuid) -> Result<Place> {
    let place = txn.table(IDS)?.get(id)?.map(|place| place.value());
    place.ok_or_else(|| Error::Absent("message", id.to_string()))
}

/// Reads a message.
pub(crate) fn get(txn: &impl Tables, id: Uuid) -> Result<Message> {
    let place = find(txn, id)?;
    let mut message = head(&txn.table(HEADS)?, place)?;
    message.given.content = content(&txn.table(CONTENTS)?, place)?;
    Ok(message)
}

/// Reads all messages, those of a chat together and in their order.
pub(crate) fn all(txn: &ReadTransaction) -> Result<impl Iterator<Item = Result<Message>> + use<>> {
    let contents = txn.table(CONTENTS)?;
    let heads = txn.table(HEADS)?.range::<Place>(..)?;
    Ok(heads.map(move |entry| {
        let (place, record) = entry?;
        let mut message = decode_head(place.value(), record.value())?;
        message.given.content = content(&contents, place.value())?;
        Ok(message)
    }))
}

/// Reads a page of a chat's messages behind `after`, in `order`.
pub(crate) fn list(
    txn: &impl Tables,
    chat: Uuid,
    order: MessageOrder,
    after: Option<i64>,
    size: usize,
) -> Result<Page<Message>> {
    chat::kv::get(txn, chat)?;
    let heads = txn.table(HEADS)?;
    let contents = txn.table(CONTENTS)?;
    let read = |entry: std::result::Result<_, redb::StorageError>| {
        let (place, record): (redb::AccessGuard<Place>, redb::AccessGuard<Record>) = entry?;
        let mut message = decode_head(place.value(), record.value())?;
        message.given.content = content(&contents, place.value())?;
        Ok(message)
    };
    let weigh = |message: &Message| message.given.content.len();
    match order {
        MessageOrder::Unspecified | MessageOrder::OldestFirst => {
            let rows = heads.range(behind(chat, after.unwrap_or_default()))?;
            Page::fill(rows.map(read), size, weigh)
        }
        MessageOrder::NewestFirst => {
            let end = (chat, after.unwrap_or(i64::MAX));
            let rows = heads.range::<Place>((Bound::Included((chat, 0)), Bound::Excluded(end)))?;
            Page::fill(rows.rev().map(read), size, weigh)
        }
    }
}

/// Reads the next turns of a chat behind `after`: some, unless there is none.
pub(crate) fn turns(txn: &impl Tables, chat: Uuid, after: i64) -> Result<Vec<Turn>> {
    let messages = list(txn, chat, MessageOrder::OldestFirst, Some(after), TURNS)?;
    let mut turns = Vec::new();
    let mut bytes = 0;
    for message in messages.rows {
        let id = message.given.id;
        let turn = Turn {
            images: IMAGES.of_message(txn, chat, id)?,
            search_results: SEARCH_RESULTS.of_message(txn, chat, id)?,
            message,
        };
        bytes += weight(&turn);
        turns.push(turn);
        if bytes > TURNS_BYTES {
            break;
        }
    }
    Ok(turns)
}

fn weight(turn: &Turn) -> usize {
    let images = turn.images.iter().map(Image::weight);
    let results = turn.search_results.iter().map(|result| result.weight());
    turn.message.given.content.len() + images.chain(results).sum::<usize>()
}

/// Reads the message at `place` without its content.
pub(crate) fn head(heads: &impl ReadableTable<Place, Record>, place: Place) -> Result<Message> {
    match heads.get(place)? {
        Some(record) => decode_head(place, record.value()),
        None => Err(broken("message", place)),
    }
}

/// Reads the content of the message at `place`.
pub(crate) fn content(
    contents: &impl ReadableTable<Place, &'static str>,
    place: Place,
) -> Result<String> {
    match contents.get(place)? {
        Some(content) => Ok(content.value().to_owned()),
        None => Err(broken("content", place)),
    }
}

fn broken(noun: &str, (chat, seq): Place) -> Error {
    Error::Broken(format!("no {noun} {seq} in chat {chat}"))
}

fn encode(message: &Message) -> Vec<u8> {
    let record = HeadRecord {
        id: message.given.id.into_bytes().into(),
        role: message.given.role.into(),
        message_type: message.given.message_type.clone(),
        create_micros: message.create_time.micros(),
    };
    record.encode_to_vec()
}

fn decode_head((chat_id, seq): Place, record: &[u8]) -> Result<Message> {
    let record: HeadRecord = decode(record)?;
    Ok(Message {
        chat_id,
        seq,
        create_time: Time::from_micros(record.create_micros),
        given: NewMessage {
            id: decode_id(&record.id)?,
            role: record.role(),
            content: String::new(),
            message_type: record.message_type,
        },
    })
}
