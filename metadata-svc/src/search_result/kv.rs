//! How search results are kept: as attachments.

use contract::time::Time;
use prost::Message;
use prost_types::Value;
use uuid::Uuid;

use super::{NewSearchResult, SearchResult};
use crate::{
    attachment::{Attachment, demand_chat, kv::SEARCH_RESULTS},
    error::Result,
    message,
    store::{
        decode,
        kv::{Write, decode_id},
    },
};

#[derive(Clone, PartialEq, Message)]
struct SearchResultRecord {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    message_id: Vec<u8>,
    #[prost(string, tag = "3")]
    block_id: String,
    #[prost(int32, tag = "4")]
    page_number: i32,
    #[prost(string, tag = "5")]
    block_text: String,
    #[prost(message, optional, tag = "6")]
    coords_norm: Option<Value>,
    #[prost(message, optional, tag = "7")]
    coords_px: Option<Value>,
    #[prost(int64, tag = "8")]
    create_micros: i64,
}

impl Attachment for SearchResult {
    fn id(&self) -> Uuid {
        self.given.id
    }

    fn message_id(&self) -> Uuid {
        self.message_id
    }

    fn weight(&self) -> usize {
        let json = |value: &Option<Value>| value.as_ref().map_or(0, Message::encoded_len);
        self.given.block_text.len() + json(&self.given.coords_norm) + json(&self.given.coords_px)
    }

    fn encode(&self) -> Vec<u8> {
        let given = self.given.clone();
        let record = SearchResultRecord {
            id: given.id.into_bytes().into(),
            message_id: self.message_id.into_bytes().into(),
            block_id: given.block_id,
            page_number: given.page_number,
            block_text: given.block_text,
            coords_norm: given.coords_norm,
            coords_px: given.coords_px,
            create_micros: self.create_time.micros(),
        };
        record.encode_to_vec()
    }

    fn decode(chat: Uuid, record: &[u8]) -> Result<Self> {
        let record: SearchResultRecord = decode(record)?;
        Ok(Self {
            chat_id: chat,
            message_id: decode_id(&record.message_id)?,
            create_time: Time::from_micros(record.create_micros),
            given: NewSearchResult {
                id: decode_id(&record.id)?,
                block_id: record.block_id,
                page_number: record.page_number,
                block_text: record.block_text,
                coords_norm: record.coords_norm,
                coords_px: record.coords_px,
            },
        })
    }
}

/// Adds search results to a message that is there. `chats_said` are the chats that they say they belong to.
pub(crate) fn add(
    txn: &Write,
    message: Uuid,
    results: Vec<NewSearchResult>,
    chats_said: &[Option<Uuid>],
) -> Result<Vec<SearchResult>> {
    let (chat, _) = message::kv::find(txn, message)?;
    demand_chat("search_results", chats_said, chat)?;
    insert(txn, chat, message, results)
}

/// Adds search results to a message that is written in the same transaction, or is known to be there.
pub(crate) fn insert(
    txn: &Write,
    chat: Uuid,
    message: Uuid,
    results: Vec<NewSearchResult>,
) -> Result<Vec<SearchResult>> {
    let create = |result: NewSearchResult| result.create(chat, message, txn.now);
    let results: Vec<_> = results.into_iter().map(create).collect();
    SEARCH_RESULTS.add(txn, chat, message, &results)?;
    Ok(results)
}
