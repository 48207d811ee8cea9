//! How messages go, with what belongs to them.

use contract::metadata::v1::pending_delete::Target;
use uuid::Uuid;

use super::{CONTENTS, HEADS, IDS, ONE, content, decode_head, find, head};
use crate::{
    attachment::kv::{IMAGES, SEARCH_RESULTS, all},
    blob_ledger::{self, PendingDelete},
    chat,
    error::Result,
    image::{self, Image},
    search,
    store::kv::{Tables as _, Write},
    usage::{self, Tally},
};

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
        pending: blob_ledger::kv::pending::pend(txn, free.into_iter().map(Target::Key))?,
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
