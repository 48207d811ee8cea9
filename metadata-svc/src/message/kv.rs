//! How messages are kept: their heads and their contents apart, by chat and sequence number, and found by id.

use std::ops::Bound;

use contract::{
    metadata::v1::{MessageOrder, Role, pending_delete::Target},
    time::Time,
};
use prost::Message as _;
use redb::{ReadableTable, TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

use super::{Message, NewMessage, NewTurn, Turn};
use crate::{
    attachment::{
        Attachment as _,
        kv::{IMAGES, SEARCH_RESULTS, all, behind},
    },
    blob_ledger::{self, PendingDelete},
    chat::{self, Chat, NewChat},
    error::{Error, Result},
    image::{self, Image},
    page::Page,
    search::{self, kv::Lexemes},
    search_result,
    store::{Record, Tables, Write, decode, decode_id},
    usage::{self, Tally, Usage},
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

/// What is to be appended, and where.
#[derive(Debug)]
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

/// What a message adds to its user's usage.
const ONE: Usage = Usage {
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

/// What went with a message.
#[derive(Debug)]
pub(crate) struct Deleted {
    pub(crate) images: usize,
    pub(crate) search_results: usize,
    pub(crate) pending: Vec<PendingDelete>,
}

/// Deletes a message with what belongs to it, and records the keys that no row names any more for removal.
pub(crate) fn delete(txn: &Write, id: Uuid) -> Result<Deleted> {
    let place = find(txn, id)?;
    let (chat_id, seq) = place;
    let message = head(&txn.table(HEADS)?, place)?;
    let content = content(&txn.table(CONTENTS)?, place)?;
    search::kv::remove(txn, chat_id, seq, &search::lexemes(&content))?;
    txn.table(HEADS)?.remove(place)?;
    txn.table(CONTENTS)?.remove(place)?;
    txn.table(IDS)?.remove(id)?;
    let search_results = SEARCH_RESULTS.remove_of_message(txn, chat_id, id)?.len();
    let images = IMAGES.remove_of_message(txn, chat_id, id)?;

    let mut tally = Tally::default();
    tally.take(message.create_time, ONE);
    for image in &images {
        tally.take(image.upload_time, image::kv::usage_of(image));
    }
    let user = chat::kv::get(txn, chat_id)?.user_id;
    usage::kv::apply(txn, &user, tally)?;
    let free = blob_ledger::kv::release(txn, images.iter().map(Image::named))?;
    Ok(Deleted {
        images: images.len(),
        search_results,
        pending: blob_ledger::kv::pend(txn, free.into_iter().map(Target::Key))?,
    })
}

/// Removes all messages of a chat; tells how many there were.
pub(crate) fn remove_of_chat(txn: &Write, chat: Uuid, tally: &mut Tally) -> Result<usize> {
    let mut ids = txn.table(IDS)?;
    let mut heads = txn.table(HEADS)?;
    let mut count = 0;
    for entry in heads.extract_from_if(all(chat), |_, _| true)? {
        let (place, record) = entry?;
        let message = decode_head(place.value(), record.value())?;
        ids.remove(message.given.id)?;
        tally.take(message.create_time, ONE);
        count += 1;
    }
    txn.table(CONTENTS)?.retain_in(all(chat), |_, _| false)?;
    Ok(count)
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
