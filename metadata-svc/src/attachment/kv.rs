//! How attachments are kept: numbered through the chat in the order they came, found by id and by message.

use std::marker::PhantomData;

use contract::page::MAX_SIZE;
use redb::{
    ReadTransaction, ReadableTable as _, Table, TableDefinition, TableError, WriteTransaction,
};
use uuid::Uuid;

use super::Attachment;
use crate::{
    error::{Error, Result},
    image::Image,
    page::Page,
    search_result::SearchResult,
    store::kv::{Record, Tables, Write},
};

/// The images.
pub(crate) const IMAGES: Attachments<Image> = Attachments {
    noun: "image",
    rows: TableDefinition::new("images"),
    by_message: TableDefinition::new("images_by_message"),
    ids: TableDefinition::new("image_ids"),
    row: PhantomData,
};
/// The search results.
pub(crate) const SEARCH_RESULTS: Attachments<SearchResult> = Attachments {
    noun: "search_result",
    rows: TableDefinition::new("search_results"),
    by_message: TableDefinition::new("search_results_by_message"),
    ids: TableDefinition::new("search_result_ids"),
    row: PhantomData,
};

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    IMAGES.make_tables(txn)?;
    SEARCH_RESULTS.make_tables(txn)
}

/// (chat or message, number in the chat)
type Place = (Uuid, i64);

/// All attachments of a kind.
pub(crate) struct Attachments<T> {
    noun: &'static str,
    /// By chat.
    rows: TableDefinition<'static, Place, Record>,
    by_message: TableDefinition<'static, Place, ()>,
    /// id -> (chat, number)
    ids: TableDefinition<'static, Uuid, Place>,
    row: PhantomData<T>,
}

impl<T: Attachment> Attachments<T> {
    fn make_tables(&self, txn: &WriteTransaction) -> std::result::Result<(), TableError> {
        txn.open_table(self.rows)?;
        txn.open_table(self.by_message)?;
        txn.open_table(self.ids)?;
        Ok(())
    }

    /// Adds rows to one message of `chat`, at most 1,000 in all.
    pub(crate) fn add(&self, txn: &Write, chat: Uuid, message: Uuid, rows: &[T]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut by_number = txn.table(self.rows)?;
        let mut by_message = txn.table(self.by_message)?;
        let mut ids = txn.table(self.ids)?;
        if rows.len() + by_message.range(all(message))?.count() > MAX_SIZE {
            let subject = format!("message {message}");
            return Err(Error::OverLimit(subject, "has at most 1,000 of each kind"));
        }
        let last = by_number.range(all(chat))?.next_back().transpose()?;
        let last = last.map_or(0, |(place, _)| place.value().1);
        for (number, row) in (last + 1..).zip(rows) {
            if ids.insert(row.id(), (chat, number))?.is_some() {
                return Err(Error::IdTaken(self.noun, row.id()));
            }
            by_number.insert((chat, number), row.encode().as_slice())?;
            by_message.insert((message, number), ())?;
        }
        Ok(())
    }

    /// Reads a row.
    pub(crate) fn get(&self, txn: &impl Tables, id: Uuid) -> Result<T> {
        let row = self.find(txn, id)?;
        row.ok_or_else(|| Error::Absent(self.noun, id.to_string()))
    }

    /// Reads a row that may be absent.
    pub(crate) fn find(&self, txn: &impl Tables, id: Uuid) -> Result<Option<T>> {
        Ok(self.find_all(txn, [id])?.pop().flatten())
    }

    /// Reads rows that may be absent, each in the place of its id.
    pub(crate) fn find_all(
        &self,
        txn: &impl Tables,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<Vec<Option<T>>> {
        let (places, rows) = (txn.table(self.ids)?, txn.table(self.rows)?);
        let find = |id| {
            let place = places.get(id)?.map(|place| place.value());
            place.map(|place| self.at(&rows, place)).transpose()
        };
        ids.into_iter().map(find).collect()
    }

    /// Reads a page of the rows behind `after`, each with its number; `chat` is the message's where they are a message's.
    pub(crate) fn list(
        &self,
        txn: &impl Tables,
        chat: Uuid,
        message: Option<Uuid>,
        after: i64,
        size: usize,
    ) -> Result<Page<(i64, T)>> {
        let rows = txn.table(self.rows)?;
        let weigh = |(_, row): &(i64, T)| row.weight();
        match message {
            None => {
                let found = rows.range(behind(chat, after))?.map(|entry| {
                    let (place, record) = entry?;
                    Ok((place.value().1, T::decode(chat, record.value())?))
                });
                Page::fill(found, size, weigh)
            }
            Some(message) => {
                let by_message = txn.table(self.by_message)?;
                let found = by_message.range(behind(message, after))?.map(|entry| {
                    let number = entry?.0.value().1;
                    Ok((number, self.at(&rows, (chat, number))?))
                });
                Page::fill(found, size, weigh)
            }
        }
    }

    /// Reads all rows, those of a chat together and in the order they came.
    pub(crate) fn all(
        &self,
        txn: &ReadTransaction,
    ) -> Result<impl Iterator<Item = Result<T>> + use<T>> {
        let rows = txn.table(self.rows)?.range::<Place>(..)?;
        Ok(rows.map(|entry| {
            let (place, record) = entry?;
            T::decode(place.value().0, record.value())
        }))
    }

    /// Reads all rows of a message of `chat`, in the order they came.
    pub(crate) fn of_message(
        &self,
        txn: &impl Tables,
        chat: Uuid,
        message: Uuid,
    ) -> Result<Vec<T>> {
        let by_message = txn.table(self.by_message)?;
        let mut places = by_message.range(all(message))?.peekable();
        if places.peek().is_none() {
            return Ok(Vec::new());
        }
        let rows = txn.table(self.rows)?;
        places
            .map(|entry| self.at(&rows, (chat, entry?.0.value().1)))
            .collect()
    }

    /// Removes a row, and gives it back.
    pub(crate) fn remove(&self, txn: &Write, id: Uuid) -> Result<T> {
        let place = txn.table(self.ids)?.remove(id)?.map(|place| place.value());
        let place = place.ok_or_else(|| Error::Absent(self.noun, id.to_string()))?;
        let row = self.take(&mut txn.table(self.rows)?, place)?;
        txn.table(self.by_message)?
            .remove((row.message_id(), place.1))?;
        Ok(row)
    }

    /// Removes all rows of a message of `chat`, and gives them back.
    pub(crate) fn remove_of_message(
        &self,
        txn: &Write,
        chat: Uuid,
        message: Uuid,
    ) -> Result<Vec<T>> {
        let mut rows = txn.table(self.rows)?;
        let mut by_message = txn.table(self.by_message)?;
        let mut ids = txn.table(self.ids)?;
        let mut removed = Vec::new();
        for entry in by_message.extract_from_if(all(message), |_, ()| true)? {
            let number = entry?.0.value().1;
            let row = self.take(&mut rows, (chat, number))?;
            ids.remove(row.id())?;
            removed.push(row);
        }
        Ok(removed)
    }

    /// Removes all rows of a chat, and gives them back.
    pub(crate) fn remove_of_chat(&self, txn: &Write, chat: Uuid) -> Result<Vec<T>> {
        let mut rows = txn.table(self.rows)?;
        let mut by_message = txn.table(self.by_message)?;
        let mut ids = txn.table(self.ids)?;
        let mut removed = Vec::new();
        for entry in rows.extract_from_if(all(chat), |_, _| true)? {
            let (place, record) = entry?;
            let row = T::decode(chat, record.value())?;
            ids.remove(row.id())?;
            by_message.remove((row.message_id(), place.value().1))?;
            removed.push(row);
        }
        Ok(removed)
    }

    fn at(&self, rows: &impl redb::ReadableTable<Place, Record>, place: Place) -> Result<T> {
        match rows.get(place)? {
            Some(record) => T::decode(place.0, record.value()),
            None => Err(self.broken(place)),
        }
    }

    fn take(&self, rows: &mut Table<Place, Record>, place: Place) -> Result<T> {
        match rows.remove(place)? {
            Some(record) => T::decode(place.0, record.value()),
            None => Err(self.broken(place)),
        }
    }

    fn broken(&self, (chat, number): Place) -> Error {
        Error::Broken(format!("no {} {number} in chat {chat}", self.noun))
    }
}

/// Every place of a chat or message.
pub(crate) fn all(id: Uuid) -> std::ops::RangeInclusive<Place> {
    (id, i64::MIN)..=(id, i64::MAX)
}

/// The places of a chat or message behind a number.
pub(crate) fn behind(id: Uuid, after: i64) -> std::ops::RangeInclusive<Place> {
    (id, after.saturating_add(1))..=(id, i64::MAX)
}
