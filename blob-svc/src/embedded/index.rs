//! The index: which file is which object. redb, one commit per change, on disk before it returns.

use super::Error;
use super::record::{Content, Entry, Upload, now_ms};
use super::settings::SETTINGS;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use s3s::S3ErrorCode;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::path::Path;
use uuid::Uuid;

/// Buckets by name, with the time they were made.
pub(super) const BUCKETS: TableDefinition<&str, u64> = TableDefinition::new("buckets");
/// Objects by bucket and key: keys in the byte order that listings have.
pub(super) const OBJECTS: TableDefinition<(&str, &[u8]), &[u8]> = TableDefinition::new("objects");
/// Uploads under way by bucket, key and upload id.
pub(super) const UPLOADS: TableDefinition<(&str, &[u8], &str), &[u8]> =
    TableDefinition::new("uploads");
/// Their parts by upload id and number.
pub(super) const PARTS: TableDefinition<(&str, i32), &[u8]> = TableDefinition::new("parts");

pub(super) struct Index(Database);

impl Index {
    /// Opens or makes the index, and locks it against other processes.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let index = Self(Database::create(path)?);
        index.write(|tables| {
            tables.open_table(BUCKETS)?;
            tables.open_table(OBJECTS)?;
            tables.open_table(UPLOADS)?;
            tables.open_table(PARTS)?;
            tables.open_table(SETTINGS)?;
            Ok(())
        })?;
        Ok(index)
    }

    /// A consistent view of all tables.
    pub(super) fn view(&self) -> Result<redb::ReadTransaction, Error> {
        Ok(self.0.begin_read()?)
    }

    /// One change of all tables together, or of none when it fails.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let transaction = self.0.begin_write()?;
        let value = change(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Every file that an entry names.
    pub(super) fn named_files(&self) -> Result<HashSet<Uuid>, Error> {
        let view = self.view()?;
        let mut files = HashSet::new();
        for object in view.open_table(OBJECTS)?.range::<(&str, &[u8])>(..)? {
            files.insert(read::<Entry>(object?.1.value())?.content.file);
        }
        for part in view.open_table(PARTS)?.range::<(&str, i32)>(..)? {
            files.insert(read::<Content>(part?.1.value())?.file);
        }
        Ok(files)
    }

    /// The object under a key; refused when there is no such bucket.
    pub(super) fn object(&self, bucket: &str, key: &str) -> Result<Option<Entry>, Error> {
        let view = self.view()?;
        require_bucket(&view.open_table(BUCKETS)?, bucket)?;
        let objects = view.open_table(OBJECTS)?;
        objects
            .get((bucket, key.as_bytes()))?
            .map(|entry| read(entry.value()))
            .transpose()
    }

    /// Puts an object under a key, and gives back the file that is free now.
    pub(super) fn put_object(
        &self,
        bucket: &str,
        key: &str,
        entry: &Entry,
        only_new: bool,
    ) -> Result<Option<Uuid>, Error> {
        self.write(|tables| put_object(tables, bucket, key, entry, only_new))
    }

    /// Removes the objects under `keys`, as far as there are any, and gives back the files that are free now.
    pub(super) fn remove_objects(&self, bucket: &str, keys: &[String]) -> Result<Vec<Uuid>, Error> {
        self.write(|tables| {
            require_bucket(&tables.open_table(BUCKETS)?, bucket)?;
            let mut objects = tables.open_table(OBJECTS)?;
            let mut free = Vec::new();
            for key in keys {
                if let Some(entry) = objects.remove((bucket, key.as_bytes()))? {
                    free.push(read::<Entry>(entry.value())?.content.file);
                }
            }
            Ok(free)
        })
    }

    /// Makes a bucket; refused when it is there.
    pub(super) fn create_bucket(&self, bucket: &str) -> Result<(), Error> {
        self.write(|tables| {
            let taken = tables
                .open_table(BUCKETS)?
                .insert(bucket, now_ms())?
                .is_some();
            if taken {
                Err(S3ErrorCode::BucketAlreadyOwnedByYou.into())
            } else {
                Ok(())
            }
        })
    }

    /// Removes a bucket; refused while it holds anything.
    pub(super) fn remove_bucket(&self, bucket: &str) -> Result<(), Error> {
        self.write(|tables| {
            let objects = tables.open_table(OBJECTS)?;
            let object = objects.range((bucket, &b""[..])..)?.next().transpose()?;
            let uploads = tables.open_table(UPLOADS)?;
            let upload = uploads
                .range((bucket, &b""[..], "")..)?
                .next()
                .transpose()?;
            let held = object.is_some_and(|(key, _)| key.value().0 == bucket)
                || upload.is_some_and(|(key, _)| key.value().0 == bucket);
            if held {
                return Err(S3ErrorCode::BucketNotEmpty.into());
            }
            tables.open_table(SETTINGS)?.remove(bucket)?;
            let gone = tables.open_table(BUCKETS)?.remove(bucket)?.is_some();
            if gone {
                Ok(())
            } else {
                Err(S3ErrorCode::NoSuchBucket.into())
            }
        })
    }
}

/// Puts an object under a key as part of a change. With `only_new`, a taken key is refused.
pub(super) fn put_object(
    tables: &WriteTransaction,
    bucket: &str,
    key: &str,
    entry: &Entry,
    only_new: bool,
) -> Result<Option<Uuid>, Error> {
    require_bucket(&tables.open_table(BUCKETS)?, bucket)?;
    let mut objects = tables.open_table(OBJECTS)?;
    let place = (bucket, key.as_bytes());
    if only_new && objects.get(place)?.is_some() {
        return Err(S3ErrorCode::PreconditionFailed.into());
    }
    let replaced = objects.insert(place, write(entry)?.as_slice())?;
    replaced
        .map(|old| Ok(read::<Entry>(old.value())?.content.file))
        .transpose()
}

/// Refuses when there is no such upload.
pub(super) fn require_upload(
    uploads: &impl ReadableTable<(&'static str, &'static [u8], &'static str), &'static [u8]>,
    bucket: &str,
    key: &str,
    upload_id: &str,
) -> Result<Upload, Error> {
    let upload = uploads
        .get((bucket, key.as_bytes(), upload_id))?
        .ok_or(S3ErrorCode::NoSuchUpload)?;
    read(upload.value())
}

/// Refuses when there is no such bucket.
pub(super) fn require_bucket(
    buckets: &impl ReadableTable<&'static str, u64>,
    bucket: &str,
) -> Result<(), Error> {
    if buckets.get(bucket)?.is_some() {
        Ok(())
    } else {
        Err(S3ErrorCode::NoSuchBucket.into())
    }
}

pub(super) fn read<T: DeserializeOwned>(record: &[u8]) -> Result<T, Error> {
    Ok(serde_json::from_slice(record)?)
}

pub(super) fn write<T: serde::Serialize>(record: &T) -> Result<Vec<u8>, Error> {
    Ok(serde_json::to_vec(record)?)
}
