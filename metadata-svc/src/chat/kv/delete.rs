//! How a chat goes, with all that belongs to it.

use uuid::Uuid;

use super::{CHATS, DELETED, get, named, unindex, usage_of};
use crate::{
    attachment::kv::{IMAGES, SEARCH_RESULTS},
    blob_ledger::{self, PendingDelete},
    chat::Chat,
    error::Result,
    image::{self, Image},
    message, search,
    store::kv::{Tables as _, Write},
    usage::{self, Tally},
};

/// What went with a chat.
#[derive(Debug)]
pub(crate) struct Deleted {
    pub(crate) messages: usize,
    pub(crate) images: usize,
    pub(crate) search_results: usize,
    pub(crate) pending: Vec<PendingDelete>,
}

/// Deletes a chat with all that belongs to it, and records what is to be removed from the store.
pub(crate) fn delete(txn: &Write, id: Uuid, etag: &str) -> Result<Deleted> {
    let chat = get(txn, id)?;
    chat.demand_etag(etag)?;
    let mut tally = Tally::default();
    tally.take(chat.create_time, usage_of(&chat));
    let messages = message::kv::remove_of_chat(txn, id, &mut tally)?;
    let search_results = SEARCH_RESULTS.remove_of_chat(txn, id)?.len();
    let images = IMAGES.remove_of_chat(txn, id)?;
    for image in &images {
        tally.take(image.upload_time, image::kv::usage_of(image));
    }
    search::kv::remove_of_chat(txn, id)?;
    unindex(txn, &chat)?;
    txn.table(CHATS)?.remove(id)?;
    txn.table(DELETED)?.insert(id, ())?;
    usage::kv::apply(txn, &chat.user_id, tally)?;

    let names = images.iter().map(Image::named).chain(named(&chat));
    let free = blob_ledger::kv::release(txn, names)?;
    txn.wake(id);
    Ok(Deleted {
        messages,
        images: images.len(),
        search_results,
        pending: blob_ledger::kv::pend_chat(txn, Chat::prefix(id), free)?,
    })
}
