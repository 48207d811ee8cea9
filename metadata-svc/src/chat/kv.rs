//! How chats are kept: a record by id, and an index by user, newest last.

mod delete;

use contract::{blob::v1::BlobRef, metadata::v1::ChatState, time::Time};
use prost::Message;
use prost_types::Struct;
use redb::{ReadTransaction, ReadableTable as _, TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

pub(crate) use self::delete::{Deleted, delete};
use super::{Chat, ChatPatch, NewChat};
use crate::{
    blob_ledger,
    error::{Error, Result},
    page::Page,
    store::{
        decode,
        kv::{Record, Tables, Write},
    },
    usage::{self, Tally, Usage},
};

const CHATS: TableDefinition<Uuid, Record> = TableDefinition::new("chats");
/// (user id, whether archived, created micros, chat id)
const BY_USER: TableDefinition<(&str, bool, i64, Uuid), ()> = TableDefinition::new("chats_by_user");
/// The ids of deleted chats. They stay taken, because the keys under their prefixes do: what removes those objects may run
/// late, and run again.
const DELETED: TableDefinition<Uuid, ()> = TableDefinition::new("deleted_chats");

#[derive(Clone, PartialEq, Message)]
struct ChatRecord {
    #[prost(string, tag = "1")]
    user_id: String,
    #[prost(string, tag = "2")]
    title: String,
    #[prost(string, tag = "3")]
    description: String,
    #[prost(message, optional, tag = "4")]
    document: Option<BlobRef>,
    #[prost(message, optional, tag = "5")]
    metadata: Option<Struct>,
    #[prost(bool, tag = "6")]
    is_archived: bool,
    #[prost(int64, tag = "7")]
    last_seq: i64,
    #[prost(int64, tag = "8")]
    create_micros: i64,
    #[prost(int64, tag = "9")]
    update_micros: i64,
    #[prost(int64, tag = "10")]
    revision: i64,
}

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(CHATS)?;
    txn.open_table(BY_USER)?;
    txn.open_table(DELETED)?;
    Ok(())
}

/// Creates a chat. Its id may be taken, also by a chat that was deleted.
pub(crate) fn create(txn: &Write, new: NewChat) -> Result<Chat> {
    let chat = new.create(txn.now);
    if find(txn, chat.id)?.is_some() || txn.table(DELETED)?.get(chat.id)?.is_some() {
        // Told first: whoever had to take another key may have made this chat by it, and goes on to ask for that.
        name_document(txn, &chat)?;
        return Err(Error::IdTaken("chat", chat.id));
    }
    put(txn, &chat)?;
    index(txn, &chat)?;
    name_document(txn, &chat)?;
    let mut tally = Tally::default();
    tally.add(chat.create_time, usage_of(&chat));
    usage::kv::apply(txn, &chat.user_id, tally)?;
    Ok(chat)
}

/// Reads a chat that may be absent.
pub(crate) fn find(txn: &impl Tables, id: Uuid) -> Result<Option<Chat>> {
    let chats = txn.table(CHATS)?;
    let record = chats.get(id)?;
    record.map(|record| read(id, record.value())).transpose()
}

/// Reads a chat.
pub(crate) fn get(txn: &impl Tables, id: Uuid) -> Result<Chat> {
    find(txn, id)?.ok_or_else(|| Error::no_chat(id))
}

/// Reads all chats, in order of their ids.
pub(crate) fn all(txn: &ReadTransaction) -> Result<impl Iterator<Item = Result<Chat>> + use<>> {
    let chats = txn.table(CHATS)?.range::<Uuid>(..)?;
    Ok(chats.map(|entry| {
        let (id, record) = entry?;
        read(id.value(), record.value())
    }))
}

/// Reads the ids of all deleted chats, in their order.
pub(crate) fn deleted(txn: &ReadTransaction) -> Result<impl Iterator<Item = Result<Uuid>> + use<>> {
    let deleted = txn.table(DELETED)?.range::<Uuid>(..)?;
    Ok(deleted.map(|entry| Ok(entry?.0.value())))
}

/// Reads a page of a user's chats, the newest first, behind (micros, id).
pub(crate) fn list(
    txn: &impl Tables,
    user: &str,
    state: ChatState,
    after: Option<(i64, Uuid)>,
    size: usize,
) -> Result<Page<Chat>> {
    let states: &[bool] = match state {
        ChatState::Unspecified | ChatState::Active => &[false],
        ChatState::Archived => &[true],
        ChatState::All => &[false, true],
    };
    let (micros, id) = after.unwrap_or((i64::MAX, Uuid::max()));
    let by_user = txn.table(BY_USER)?;
    let mut places = Vec::new();
    for archived in states {
        let range = (user, *archived, i64::MIN, Uuid::nil())..(user, *archived, micros, id);
        for entry in by_user.range(range)?.rev().take(size + 1) {
            let (_, _, micros, id) = entry?.0.value();
            places.push((micros, id));
        }
    }
    places.sort_unstable_by(|a, b| b.cmp(a));
    let chats = places.into_iter().map(|(_, id)| get(txn, id));
    Page::fill(chats, size, |chat| {
        chat.description.len() + chat.metadata.as_ref().map_or(0, Message::encoded_len)
    })
}

/// The ids of all of a user's chats.
pub(crate) fn ids_of_user(txn: &impl Tables, user: &str) -> Result<Vec<Uuid>> {
    let by_user = txn.table(BY_USER)?;
    let first = (user, false, i64::MIN, Uuid::nil());
    let last = (user, true, i64::MAX, Uuid::max());
    let ids = by_user.range(first..=last)?;
    ids.map(|entry| Ok(entry?.0.value().3)).collect()
}

/// Changes the fields of a chat that `patch` has.
pub(crate) fn update(txn: &Write, id: Uuid, etag: &str, patch: ChatPatch) -> Result<Chat> {
    let before = get(txn, id)?;
    before.demand_etag(etag)?;
    let after = before.patched(patch, txn.now);
    put(txn, &after)?;
    if before.document != after.document {
        let [old, new] = [&before, &after].map(|chat| named(chat).map(|(key, _)| key));
        blob_ledger::kv::name_instead(txn, id, old, new)?;
        let mut tally = Tally::default();
        tally.take(before.create_time, usage_of(&before));
        tally.add(after.create_time, usage_of(&after));
        usage::kv::apply(txn, &after.user_id, tally)?;
    }
    Ok(after)
}

/// Archives a chat, or brings it back.
pub(crate) fn archive(txn: &Write, id: Uuid, etag: &str, is_archived: bool) -> Result<Chat> {
    let before = get(txn, id)?;
    before.demand_etag(etag)?;
    let after = before.archived(is_archived, txn.now);
    unindex(txn, &before)?;
    index(txn, &after)?;
    put(txn, &after)?;
    Ok(after)
}

/// Keeps a chat's record; its place in the index stays as it is.
pub(crate) fn put(txn: &Write, chat: &Chat) -> Result<()> {
    let record = record(chat.clone()).encode_to_vec();
    txn.table(CHATS)?.insert(chat.id, record.as_slice())?;
    Ok(())
}

fn index(txn: &Write, chat: &Chat) -> Result<()> {
    txn.table(BY_USER)?.insert(place(chat), ())?;
    Ok(())
}

fn unindex(txn: &Write, chat: &Chat) -> Result<()> {
    txn.table(BY_USER)?.remove(place(chat))?;
    Ok(())
}

fn place(chat: &Chat) -> (&str, bool, i64, Uuid) {
    (
        &chat.user_id,
        chat.is_archived,
        chat.create_time.micros(),
        chat.id,
    )
}

/// Its document's key, and the row that names it: itself.
fn named(chat: &Chat) -> Option<(&str, Uuid)> {
    Some((&chat.document.as_ref()?.key, chat.id))
}

fn name_document(txn: &Write, chat: &Chat) -> Result<()> {
    match named(chat) {
        Some(named) => blob_ledger::kv::name(txn, [named]),
        None => Ok(()),
    }
}

fn usage_of(chat: &Chat) -> Usage {
    Usage {
        chats: 1,
        blob_bytes: chat.document_bytes(),
        ..Usage::default()
    }
}

fn record(chat: Chat) -> ChatRecord {
    ChatRecord {
        user_id: chat.user_id,
        title: chat.title,
        description: chat.description,
        document: chat.document,
        metadata: chat.metadata,
        is_archived: chat.is_archived,
        last_seq: chat.last_seq,
        create_micros: chat.create_time.micros(),
        update_micros: chat.update_time.micros(),
        revision: chat.revision,
    }
}

fn read(id: Uuid, record: &[u8]) -> Result<Chat> {
    let record: ChatRecord = decode(record)?;
    Ok(Chat {
        id,
        user_id: record.user_id,
        title: record.title,
        description: record.description,
        document: record.document,
        metadata: record.metadata,
        is_archived: record.is_archived,
        last_seq: record.last_seq,
        create_time: Time::from_micros(record.create_micros),
        update_time: Time::from_micros(record.update_micros),
        revision: record.revision,
    })
}
