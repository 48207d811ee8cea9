//! The begin of an upload in parts.

use super::note::Note;
use super::request::Creation;
use crate::error::Error;
use crate::key::{self, Key};
use crate::object::Attributes;
use crate::presign::upload_id::UploadId;
use crate::s3;
use uuid::Uuid;

/// What parts are worth a request each; stores take no smaller ones than 5 MiB.
const MIN_PART: u64 = 8 << 20;
/// As many as one `PresignParts` signs, and a tenth of what stores take.
const MAX_PARTS: u64 = 1_000;

/// How an upload is cut.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::presign) struct Plan {
    /// The length of every part but the last.
    pub(in crate::presign) part_size_bytes: i64,
    pub(in crate::presign) part_count: i32,
}

impl Creation {
    /// Begins the upload. The same request id begins the same upload, as long as it has not ended.
    pub(in crate::presign) async fn run(&self) -> Result<UploadId, Error> {
        let store = &self.bucket.store;
        if store.find(self.key.as_str()).await?.is_some() {
            return Err(Error::KeyTaken(self.key.to_string()));
        }
        let token = self.request_id.unwrap_or_else(Uuid::now_v7);
        let staging = key::staging_of(&self.key, token);
        let store_id = match self.request_id {
            Some(_) => self.begin_once(&staging).await?,
            None => self.begin(&staging).await?.upload_id().to_owned(),
        };
        Ok(UploadId { token, store_id })
    }

    /// How the upload is to be cut.
    pub(in crate::presign) fn plan(&self) -> Plan {
        plan(self.size_bytes)
    }

    async fn begin(&self, staging: &Key) -> Result<s3::Multipart, s3::Error> {
        let store = &self.bucket.store;
        store.begin(staging.as_str(), &self.attributes()).await
    }

    /// The first note counts, and with it the upload that it names.
    async fn begin_once(&self, staging: &Key) -> Result<String, Error> {
        let store = &self.bucket.store;
        if let Some(first) = Note::read(store, staging).await? {
            return self.again(first);
        }
        let begun = self.begin(staging).await?;
        let note = Note {
            store_id: begun.upload_id().to_owned(),
            size_bytes: self.size_bytes,
        };
        match note.write(store, staging, &self.attributes()).await {
            Ok(()) => Ok(note.store_id),
            // Somebody was faster, or the first try of ours got through unheard.
            Err(s3::Error::ConditionFailed) => {
                let first = Note::read(store, staging).await?;
                let first = first.ok_or(s3::Error::Unavailable)?;
                if first.0.store_id != note.store_id
                    && let Err(error) = begun.abort().await
                {
                    tracing::warn!(%error, "an upload in parts is left for the sweep");
                }
                self.again(first)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The upload that a request id began, when this is the same request again.
    fn again(&self, (note, attributes): (Note, Attributes)) -> Result<String, Error> {
        if note.size_bytes == self.size_bytes && attributes == self.attributes() {
            Ok(note.store_id)
        } else {
            Err(Error::RequestIdReused)
        }
    }

    fn attributes(&self) -> Attributes {
        Attributes {
            content_type: self.content_type.clone(),
            sha256: None,
            original_name: self.original_name.clone(),
            request_id: self.request_id,
        }
    }
}

/// Equal parts of whole MiB, but for the last.
fn plan(size_bytes: u64) -> Plan {
    let least = size_bytes.div_ceil(MAX_PARTS).next_multiple_of(1 << 20);
    let part = least.max(MIN_PART);
    Plan {
        part_size_bytes: i64::try_from(part).unwrap_or(i64::MAX),
        part_count: i32::try_from(size_bytes.div_ceil(part)).unwrap_or(i32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_whole_within_what_stores_take() {
        const MIB: i64 = 1 << 20;
        let cut = |size: i64| plan(size.unsigned_abs());
        let of = |part_size_bytes, part_count| Plan {
            part_size_bytes,
            part_count,
        };
        assert_eq!(cut(1), of(8 * MIB, 1));
        assert_eq!(cut(8 * MIB), of(8 * MIB, 1));
        assert_eq!(cut(8 * MIB + 1), of(8 * MIB, 2));
        assert_eq!(cut(5 << 30), of(8 * MIB, 640));
        for size in [8_000 * MIB + 1, 50 << 30, (1 << 40) - 1, 1 << 40] {
            let plan = cut(size);
            let (part, count) = (plan.part_size_bytes, i64::from(plan.part_count));
            assert!(
                (5 * MIB..=5 << 30).contains(&part) && count <= 1_000,
                "{plan:?}"
            );
            assert!(
                part * count >= size && part * (count - 1) < size,
                "{plan:?}"
            );
        }
    }
}
