//! Uploads in parts. Each part is a file of its own; completing them writes one file and commits once.

use super::digest::Claims;
use super::index::{
    BUCKETS, PARTS, UPLOADS, put_object, read, require_bucket, require_upload, write,
};
use super::object::{length, trailer};
use super::record::{Attributes, Content, Entry, Upload, now_ms, timestamp};
use super::{Backend, Disk, Error};
use redb::{ReadableTable, WriteTransaction};
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Checksum, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, ETagCondition, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Result};
use uuid::Uuid;

/// The least size of a part that is not the last ("Amazon S3 multipart upload limits").
const MIN_PART: u64 = 5 << 20;
const MAX_LISTED: i32 = 1_000;

/// Parts as the index has them: number and content.
type Parts = Vec<(i32, Content)>;

impl Backend {
    pub(super) async fn begin(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let attributes = Attributes {
            content_type: input.content_type,
            metadata: input.metadata.unwrap_or_default(),
        };
        let upload_id = Uuid::now_v7().simple().to_string();
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), upload_id.clone());
        self.disk(move |disk| {
            disk.index.write(|tables| {
                require_bucket(&tables.open_table(BUCKETS)?, &bucket)?;
                let upload = write(&Upload {
                    initiated_ms: now_ms(),
                    attributes,
                })?;
                let place = (bucket.as_str(), key.as_bytes(), id.as_str());
                tables
                    .open_table(UPLOADS)?
                    .insert(place, upload.as_slice())?;
                Ok(())
            })
        })
        .await?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload_id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<UploadPartOutput> {
        let trailer = trailer(&request);
        let input = request.input;
        let (bucket, key, id, number) =
            (input.bucket, input.key, input.upload_id, input.part_number);
        if !(1..=10_000).contains(&number) {
            return Err(S3ErrorCode::InvalidArgument.into());
        }
        let place = (bucket.clone(), key.clone(), id.clone());
        self.disk(move |disk| {
            let (bucket, key, id) = place;
            require_upload(&disk.index.view()?.open_table(UPLOADS)?, &bucket, &key, &id)
        })
        .await?;
        let checksum = Checksum {
            checksum_crc32: input.checksum_crc32,
            checksum_crc32c: input.checksum_crc32c,
            checksum_crc64nvme: input.checksum_crc64nvme,
            checksum_sha1: input.checksum_sha1,
            checksum_sha256: input.checksum_sha256,
            checksum_type: None,
        };
        let claims = Claims {
            length: input.content_length,
            md5: input.content_md5,
            checksum,
            trailer,
        };
        let received = self.receive(input.body, claims).await?;
        let store = move |disk: &Disk| {
            let content = received.keep(&disk.files)?;
            disk.put_part(&bucket, &key, &id, number, &content)?;
            Ok(content.etag)
        };
        let etag = self.disk(store).await?;
        Ok(UploadPartOutput {
            e_tag: Some(ETag::Strong(etag)),
            ..UploadPartOutput::default()
        })
    }

    pub(super) async fn complete(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let only_new = input.if_none_match == Some(ETagCondition::Any);
        let wished = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default();
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
        let etag = self
            .disk(move |disk| disk.complete(&bucket, &key, &id, &wished, only_new))
            .await?;
        Ok(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(etag)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    pub(super) async fn abort(
        &self,
        input: AbortMultipartUploadInput,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
        self.disk(move |disk| {
            let parts = disk.index.write(|tables| {
                require_upload(&tables.open_table(UPLOADS)?, &bucket, &key, &id)?;
                take_upload(tables, &bucket, &key, &id)
            })?;
            disk.files
                .remove(parts.into_iter().map(|(_, part)| part.file));
            Ok(())
        })
        .await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    pub(super) async fn list_parts(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let (bucket, key, id) = (
            input.bucket.clone(),
            input.key.clone(),
            input.upload_id.clone(),
        );
        let behind = input.part_number_marker.unwrap_or(0);
        let mut parts = self
            .disk(move |disk| {
                let view = disk.index.view()?;
                require_upload(&view.open_table(UPLOADS)?, &bucket, &key, &id)?;
                parts_of(&view.open_table(PARTS)?, &id, behind.saturating_add(1))
            })
            .await?;
        let max = input.max_parts.unwrap_or(MAX_LISTED).clamp(1, MAX_LISTED);
        let is_truncated = parts.len() > max as usize;
        parts.truncate(max as usize);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            max_parts: Some(max),
            part_number_marker: input.part_number_marker,
            next_part_number_marker: parts
                .last()
                .filter(|_| is_truncated)
                .map(|(number, _)| *number),
            is_truncated: Some(is_truncated),
            parts: Some(
                parts
                    .into_iter()
                    .map(|(number, content)| listed_part(number, content))
                    .collect(),
            ),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn list_uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        if input
            .delimiter
            .as_ref()
            .is_some_and(|delimiter| !delimiter.is_empty())
        {
            return Err(S3ErrorCode::NotImplemented.into());
        }
        let max = input.max_uploads.unwrap_or(MAX_LISTED).clamp(1, MAX_LISTED);
        let (bucket, prefix) = (
            input.bucket.clone(),
            input.prefix.clone().unwrap_or_default(),
        );
        let marker = (input.key_marker.clone(), input.upload_id_marker.clone());
        let mut found = self
            .disk(move |disk| disk.uploads(&bucket, &prefix, marker, max as usize + 1))
            .await?;
        let is_truncated = found.len() > max as usize;
        found.truncate(max as usize);
        let last = found.last().filter(|_| is_truncated);
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            max_uploads: Some(max),
            is_truncated: Some(is_truncated),
            next_key_marker: last.and_then(|upload| upload.key.clone()),
            next_upload_id_marker: last.and_then(|upload| upload.upload_id.clone()),
            uploads: Some(found),
            ..ListMultipartUploadsOutput::default()
        })
    }
}

impl Disk {
    fn put_part(
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

    fn complete(
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

    fn uploads(
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
fn take_upload(
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

fn parts_of(
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

fn listed_part(number: i32, content: Content) -> Part {
    Part {
        part_number: Some(number),
        size: length(content.size),
        e_tag: Some(ETag::Strong(content.etag)),
        last_modified: Some(timestamp(content.modified_ms)),
        ..Part::default()
    }
}
