//! What is known of a batch before it is written, in its transaction: which of its appends cannot be, and why.

use std::collections::{HashMap, HashSet};

use contract::id::Uuid;
use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;

use super::{
    batch::{Batch, Stop},
    entry::Entry,
};
use crate::{
    attachment::sql::demand_room,
    blob_ledger, chat,
    error::{Error, Result},
    message::Turn,
    postgres::Connection,
    request_id,
    schema::{chat_images, chat_messages, chats, search_results},
};

/// Creates the chats that are absent and may be created, and makes sure that nothing known is in the way of any entry. Tells
/// which chats it created. What is known of ids it asks only when it is `careful`.
pub(super) async fn check(
    connection: &mut Connection,
    batch: &Batch,
    careful: bool,
) -> std::result::Result<HashSet<Uuid>, Stop> {
    let known = Known::of(connection, batch, careful).await?;
    let mut settled = Vec::new();
    let mut creating = known.created.clone();
    let mut answered = HashMap::new();
    if careful {
        let calls = batch.entries.iter().map(|entry| &entry.call);
        answered = request_id::sql::recall_all(connection, calls).await?;
    }
    for (place, entry) in batch.entries.iter().enumerate() {
        let id = entry.call.request_id();
        if let Some(answer) = id.and_then(|id| answered.remove(&id)) {
            settled.push((place, answer));
        } else if let Err(error) = known.judge(entry, creating.remove(&entry.chat_id)) {
            settled.push((place, Err(error)));
        }
    }
    if settled.is_empty() {
        Ok(known.created)
    } else {
        Err(Stop::Settled(settled))
    }
}

/// What the database says.
struct Known {
    /// The chats that are there.
    present: HashSet<Uuid>,
    /// Those of them that were just created, and those of these that were deleted before.
    created: HashSet<Uuid>,
    deleted: HashSet<Uuid>,
    /// Keys that no row may name.
    used_up: HashSet<String>,
    messages: HashSet<Uuid>,
    images: HashSet<Uuid>,
    search_results: HashSet<Uuid>,
}

impl Known {
    async fn of(connection: &mut Connection, batch: &Batch, careful: bool) -> Result<Self> {
        // Locks in the order that everybody keeps: chats by their ids, then the ledger.
        let created = insert_absent(connection, batch).await?;
        let present = lock(connection, batch).await?;
        let deleted = chat::sql::insert::deleted(connection, &created).await?;
        let keys: Vec<_> = batch
            .entries
            .iter()
            .flat_map(|e| keys(e, &created))
            .collect();
        let used_up = blob_ledger::sql::used_up(connection, &keys).await?;
        let mut known = Self {
            present,
            created,
            deleted,
            used_up: used_up.into_iter().map(str::to_owned).collect(),
            messages: HashSet::new(),
            images: HashSet::new(),
            search_results: HashSet::new(),
        };
        if careful {
            known.look_for_ids(connection, batch).await?;
        }
        Ok(known)
    }

    async fn look_for_ids(&mut self, connection: &mut Connection, batch: &Batch) -> Result<()> {
        let turns = || batch.entries.iter().flat_map(|entry| &entry.turns);
        let ids: Vec<_> = turns().map(|turn| turn.message.given.id).collect();
        let messages = chat_messages::table.select(chat_messages::id);
        let messages = messages.filter(chat_messages::id.eq_any(ids));
        self.messages = messages.load(connection).await?.into_iter().collect();
        let ids = turns().flat_map(|turn| turn.images.iter().map(|image| image.given.id));
        let ids: Vec<_> = ids.collect();
        let images = chat_images::table.select(chat_images::id);
        let images = images.filter(chat_images::id.eq_any(ids));
        self.images = images.load(connection).await?.into_iter().collect();
        let ids = turns().flat_map(|turn| turn.search_results.iter().map(|row| row.given.id));
        let ids: Vec<_> = ids.collect();
        let results = search_results::table.select(search_results::id);
        let results = results.filter(search_results::id.eq_any(ids));
        self.search_results = results.load(connection).await?.into_iter().collect();
        Ok(())
    }

    /// What is wrong with an entry, in the order in which the embedded store finds it.
    fn judge(&self, entry: &Entry, creates: bool) -> Result<()> {
        if !self.present.contains(&entry.chat_id) {
            return Err(Error::no_chat(entry.chat_id));
        }
        let document = entry.create.as_ref().filter(|_| creates);
        if let Some(document) = document.and_then(|new| new.document.as_ref()) {
            self.demand_free_key(&document.key)?;
        }
        if creates && self.deleted.contains(&entry.chat_id) {
            return Err(Error::IdTaken("chat", entry.chat_id));
        }
        entry
            .turns
            .iter()
            .try_for_each(|turn| self.judge_turn(turn))
    }

    fn judge_turn(&self, turn: &Turn) -> Result<()> {
        let id = turn.message.given.id;
        demand_free("message", &self.messages, [id])?;
        demand_room(id, 0, turn.images.len())?;
        demand_free(
            "image",
            &self.images,
            turn.images.iter().map(|row| row.given.id),
        )?;
        for image in &turn.images {
            self.demand_free_key(image.named().0)?;
        }
        demand_room(id, 0, turn.search_results.len())?;
        let ids = turn.search_results.iter().map(|row| row.given.id);
        demand_free("search_result", &self.search_results, ids)
    }

    fn demand_free_key(&self, key: &str) -> Result<()> {
        if self.used_up.contains(key) {
            Err(Error::KeyUsedUp(key.to_owned()))
        } else {
            Ok(())
        }
    }
}

fn demand_free(
    noun: &'static str,
    taken: &HashSet<Uuid>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    match ids.into_iter().find(|id| taken.contains(id)) {
        Some(id) => Err(Error::IdTaken(noun, id)),
        None => Ok(()),
    }
}

/// Creates the absent chats that entries may create, each as the first who may wants it.
async fn insert_absent(connection: &mut Connection, batch: &Batch) -> Result<HashSet<Uuid>> {
    let mut seen = HashSet::new();
    let new = batch
        .entries
        .iter()
        .filter_map(|entry| entry.create.as_ref());
    let new = new.filter(|new| seen.insert(new.id)).cloned();
    chat::sql::insert::insert_absent(connection, new.collect(), batch.now).await
}

/// Locks the chats that are there, and tells which they are.
async fn lock(connection: &mut Connection, batch: &Batch) -> Result<HashSet<Uuid>> {
    let ids: Vec<_> = batch.entries.iter().map(|entry| entry.chat_id).collect();
    let locked = chats::table
        .select(chats::id)
        .filter(chats::id.eq_any(ids))
        .order(chats::id)
        .for_no_key_update();
    let locked: Vec<Uuid> = locked.load(connection).await?;
    Ok(locked.into_iter().collect())
}

/// The keys that an entry's rows will name.
fn keys<'e>(entry: &'e Entry, created: &HashSet<Uuid>) -> impl Iterator<Item = &'e str> + use<'e> {
    let new = entry
        .create
        .as_ref()
        .filter(|new| created.contains(&new.id));
    let document = new.and_then(|new| new.document.as_ref());
    let images = entry.turns.iter().flat_map(|turn| &turn.images);
    let document = document.map(|document| document.key.as_str());
    document
        .into_iter()
        .chain(images.map(|image| image.named().0))
}
