//! Uploads in parts, as the protocol has them.

use super::digest::Claims;
use super::index::{BUCKETS, PARTS, UPLOADS, require_bucket, require_upload, write};
use super::object::{length, trailer};
use super::parts::{parts_of, take_upload};
use super::record::{Attributes, Content, Upload, now_ms, timestamp};
use super::{Backend, Disk};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Checksum, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    ETagCondition, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, Part, UploadPartInput, UploadPartOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Result};
use uuid::Uuid;

const MAX_LISTED: i32 = 1_000;

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

fn listed_part(number: i32, content: Content) -> Part {
    Part {
        part_number: Some(number),
        size: length(content.size),
        e_tag: Some(ETag::Strong(content.etag)),
        last_modified: Some(timestamp(content.modified_ms)),
        ..Part::default()
    }
}
