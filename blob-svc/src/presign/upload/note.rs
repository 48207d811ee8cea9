//! The note of an upload's begin, in the store: by it the same request id begins the same upload, whichever process it reaches.

use crate::key::Key;
use crate::object::{Attributes, Span};
use crate::s3::{Condition, Error, Store};
use bytes::BytesMut;
use futures::TryStreamExt;

/// A note is some 150 bytes long.
const MAX_LENGTH: u64 = 4 << 10;

/// What was begun. Written as two lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// The store's id of the upload.
    pub(super) store_id: String,
    /// The length that was declared.
    pub(super) size_bytes: u64,
}

/// Where the note of an upload lies.
pub(super) fn key_of(staging: &Key) -> String {
    format!("{staging}_begun")
}

impl Note {
    /// Writes the note, with the attributes that were declared; [`Error::ConditionFailed`] when there is one.
    pub(super) async fn write(
        &self,
        store: &Store,
        staging: &Key,
        attributes: &Attributes,
    ) -> Result<(), Error> {
        let text = format!("{}\n{}\n", self.store_id, self.size_bytes);
        store
            .put(&key_of(staging), attributes, &[text.into()])
            .await
    }

    /// Reads the note, if there is one, and the attributes that were declared.
    pub(super) async fn read(
        store: &Store,
        staging: &Key,
    ) -> Result<Option<(Self, Attributes)>, Error> {
        let key = key_of(staging);
        let found = match store.get(&key, Span::WHOLE, &Condition::default()).await {
            Ok(found) if found.length <= MAX_LENGTH => found,
            Ok(_) => return Err(Error::Malformed),
            Err(Error::NoSuchKey) => return Ok(None),
            Err(error) => return Err(error),
        };
        let text: BytesMut = found
            .body
            .try_collect()
            .await
            .map_err(|_| Error::Unavailable)?;
        let note = Self::parse(&text).ok_or(Error::Malformed)?;
        Ok(Some((note, found.stored.attributes)))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (store_id, size) = str::from_utf8(text).ok()?.split_once('\n')?;
        Some(Self {
            store_id: store_id.to_owned(),
            size_bytes: size.strip_suffix('\n')?.parse().ok()?,
        })
    }
}
