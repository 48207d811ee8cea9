//! The rows that are moved. What can be made anew from them (indexes, usage) is not.

use uuid::Uuid;

use crate::{
    blob_ledger::Tombstone, chat::Chat, image::Image, message::Message, request_id::Kept,
    search_result::SearchResult,
};

/// The tables, in the order in which they are moved: what rows belong to comes before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Chats,
    Messages,
    Images,
    SearchResults,
    RequestIds,
    PendingDeletes,
    DeletedChats,
}

impl Table {
    pub(super) const ALL: [Self; 7] = [
        Self::Chats,
        Self::Messages,
        Self::Images,
        Self::SearchResults,
        Self::RequestIds,
        Self::PendingDeletes,
        Self::DeletedChats,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chats => "chats",
            Self::Messages => "messages",
            Self::Images => "images",
            Self::SearchResults => "search_results",
            Self::RequestIds => "request_ids",
            Self::PendingDeletes => "pending_deletes",
            Self::DeletedChats => "deleted_chats",
        }
    }

    /// What one row is called.
    pub(super) fn noun(self) -> &'static str {
        self.name().trim_end_matches('s')
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(super) enum Row {
    Chat(Chat),
    Message(Message),
    Image(Image),
    SearchResult(SearchResult),
    RequestId(Kept),
    PendingDelete(Tombstone),
    DeletedChat(Uuid),
}

impl Row {
    pub(super) fn table(&self) -> Table {
        match self {
            Self::Chat(_) => Table::Chats,
            Self::Message(_) => Table::Messages,
            Self::Image(_) => Table::Images,
            Self::SearchResult(_) => Table::SearchResults,
            Self::RequestId(_) => Table::RequestIds,
            Self::PendingDelete(_) => Table::PendingDeletes,
            Self::DeletedChat(_) => Table::DeletedChats,
        }
    }

    pub(super) fn id(&self) -> Uuid {
        match self {
            Self::Chat(chat) => chat.id,
            Self::Message(message) => message.given.id,
            Self::Image(image) => image.given.id,
            Self::SearchResult(result) => result.given.id,
            Self::RequestId(kept) => kept.id,
            Self::PendingDelete(pending) => pending.delete.id,
            Self::DeletedChat(id) => *id,
        }
    }
}
