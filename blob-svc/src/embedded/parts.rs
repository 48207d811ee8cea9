//! Uploads in parts, on the disk: each part is a file of its own; completing them writes one file and commits once.

use super::index::{
    BUCKETS, PARTS, UPLOADS, put_object, read, require_bucket, require_upload, write,
};
use super::record::{Content, Entry, Upload, now_ms, timestamp};
use super::{Disk, Error};
use redb::{ReadableTable, WriteTransaction};
use s3s::S3ErrorCode;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{CompletedPart, MultipartUpload};

/// The least size of a part that is not the last ("Amazon S3 multipart upload limits").
const MIN_PART: u64 = 5 << 20;

/// Parts as the index has them: number and content.
type Parts = Vec<(i32, Content)>;

impl Disk {
    /// Makes a kept file a part of an upload.
    pub(super) fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: i32,
        content: &Content,
    ) -> Result<(), Error> {
        let replaced = self.index.write(|tables| {
            // It may have been completed or aborted while the part was on its way.
            require_upload(&tables.open_table(UPLOADS)?, bucket, key, id)?;
            let mut parts = tables.open_table(PARTS)?;
            let replaced = parts.insert((id, number), write(content)?.as_slice())?;
            replaced.map(|old| read::<Content>(old.value())).transpose()
        });
        match replaced {
            Ok(replaced) => self.files.remove(replaced.map(|part| part.file)),
            Err(Error::Refused(code)) => {
                self.files.remove([content.file]);
                return Err(code.into());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes an object of an upload and ends the upload, both in one commit.
    pub(super) fn complete(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        wished: &[CompletedPart],
        only_new: bool,
    ) -> Result<String, Error> {
        let view = self.index.view()?;
        let upload = require_upload(&view.open_table(UPLOADS)?, bucket, key, id)?;
        let stored = parts_of(&view.open_table(PARTS)?, id, 0)?;
        let chosen = choose(wished, &stored)?;
        let content = self.join(&chosen)?;
        let entry = Entry {
            content: content.clone(),
            attributes: upload.attributes,
        };
        let committed = self.index.write(|tables| {
            let freed = take_upload(tables, bucket, key, id)?;
            // A part that was replaced while the file was written is not the part that was chosen.
            if freed != stored {
                return Err(S3ErrorCode::InvalidPart.into());
            }
            let replaced = put_object(tables, bucket, key, &entry, only_new)?;
            Ok(freed
                .into_iter()
                .map(|(_, part)| part.file)
                .chain(replaced)
                .collect::<Vec<_>>())
        });
        match committed {
            Ok(freed) => self.files.remove(freed),
            Err(Error::Refused(code)) => {
                self.files.remove([content.file]);
                return Err(code.into());
            }
            Err(error) => return Err(error),
        }
        Ok(content.etag)
    }

    /// One file of all parts. Its tag is the MD5 of theirs and their number, as S3 has it.
    fn join(&self, parts: &[&Content]) -> Result<Content, Error> {
        let mut incoming = self.files.create()?;
        let mut tags = Md5::new();
        let mut size = 0;
        for part in parts {
            size += incoming.append(self.files.read(part.file)?)?;
            tags.update(&hex::decode(&part.etag).unwrap_or_default());
        }
        let file = incoming.name;
        self.files.keep(incoming)?;
        let etag = format!("{}-{}", hex::encode(tags.finalize()), parts.len());
        Ok(Content {
            file,
            size,
            etag,
            modified_ms: now_ms(),
        })
    }

    /// The uploads of a bucket behind a marker, by key and id.
    pub(super) fn uploads(
        &self,
        bucket: &str,
        prefix: &str,
        (key_marker, id_marker): (Option<String>, Option<String>),
        limit: usize,
    ) -> Result<Vec<MultipartUpload>, Error> {
        let view = self.index.view()?;
        require_bucket(&view.open_table(BUCKETS)?, bucket)?;
        let uploads = view.open_table(UPLOADS)?;
        let marker = key_marker.unwrap_or_default();
        // Behind the marked upload, or behind all of the marked key.
        let passed = |key: &[u8], id: &str| match &id_marker {
            Some(id_marker) => (key, id) <= (marker.as_bytes(), id_marker.as_str()),
            None => !marker.is_empty() && key <= marker.as_bytes(),
        };
        let mut found = Vec::new();
        for upload in uploads.range((bucket, marker.as_str().max(prefix).as_bytes(), "")..)? {
            let (place, upload) = upload?;
            let (owner, key, id) = place.value();
            if owner != bucket || !key.starts_with(prefix.as_bytes()) || found.len() == limit {
                break;
            }
            if !passed(key, id) {
                let upload: Upload = read(upload.value())?;
                found.push(MultipartUpload {
                    key: Some(String::from_utf8_lossy(key).into_owned()),
                    upload_id: Some(id.to_owned()),
                    initiated: Some(timestamp(upload.initiated_ms)),
                    ..MultipartUpload::default()
                });
            }
        }
        Ok(found)
    }
}

/// The parts that the caller names, in its order: rising numbers, their tags, and no small one but the last.
fn choose<'s>(wished: &[CompletedPart], stored: &'s Parts) -> Result<Vec<&'s Content>, Error> {
    if wished.is_empty() {
        return Err(S3ErrorCode::MalformedXML.into());
    }
    if !wished.is_sorted_by(|a, b| a.part_number < b.part_number) {
        return Err(S3ErrorCode::InvalidPartOrder.into());
    }
    let find = |part: &CompletedPart| {
        let (_, content) = stored
            .iter()
            .find(|(number, _)| Some(*number) == part.part_number)?;
        part.e_tag
            .as_ref()
            .is_some_and(|tag| tag.value() == content.etag)
            .then_some(content)
    };
    let chosen: Vec<_> = wished
        .iter()
        .map(|part| find(part).ok_or(S3ErrorCode::InvalidPart))
        .collect::<Result<_, _>>()?;
    let (_, rest) = chosen.split_last().ok_or(S3ErrorCode::MalformedXML)?;
    if rest.iter().any(|part| part.size < MIN_PART) {
        return Err(S3ErrorCode::EntityTooSmall.into());
    }
    Ok(chosen)
}

/// Removes an upload and its parts as part of a change; refused when there is none.
pub(super) fn take_upload(
    tables: &WriteTransaction,
    bucket: &str,
    key: &str,
    id: &str,
) -> Result<Parts, Error> {
    tables
        .open_table(UPLOADS)?
        .remove((bucket, key.as_bytes(), id))?
        .ok_or(S3ErrorCode::NoSuchUpload)?;
    let mut table = tables.open_table(PARTS)?;
    let parts = parts_of(&table, id, 0)?;
    for (number, _) in &parts {
        table.remove((id, *number))?;
    }
    Ok(parts)
}

/// The parts of an upload from a number on.
pub(super) fn parts_of(
    parts: &impl ReadableTable<(&'static str, i32), &'static [u8]>,
    id: &str,
    from: i32,
) -> Result<Parts, Error> {
    let parts = parts.range((id, from)..=(id, i32::MAX))?;
    parts
        .map(|part| {
            let (place, content) = part?;
            Ok((place.value().1, read(content.value())?))
        })
        .collect()
}
