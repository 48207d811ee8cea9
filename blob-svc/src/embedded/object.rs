//! Single objects: put, get, head, copy, delete.

use super::digest::Claims;
use super::files;
use super::record::{Attributes, Content, Entry, timestamp};
use super::{Backend, Disk, Error};
use s3s::dto::{
    Checksum, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
    DeletedObject, ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{S3ErrorCode, S3Request, S3Result, TrailingHeaders};
use std::ops::Range;

impl Backend {
    pub(super) async fn put(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<PutObjectOutput> {
        let trailer = trailer(&request);
        self.store(request.input, trailer).await
    }

    pub(super) async fn store(
        &self,
        input: PutObjectInput,
        trailer: Option<(String, TrailingHeaders)>,
    ) -> S3Result<PutObjectOutput> {
        let only_new = input.if_none_match == Some(ETagCondition::Any);
        let (bucket, key) = (input.bucket, input.key);
        self.expect_place(&bucket, &key, only_new).await?;
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
        let attributes = Attributes {
            content_type: input.content_type,
            metadata: input.metadata.unwrap_or_default(),
        };
        let store = move |disk: &Disk| {
            let content = received.keep(&disk.files)?;
            let etag = content.etag.clone();
            disk.put(
                &bucket,
                &key,
                Entry {
                    content,
                    attributes,
                },
                only_new,
            )?;
            Ok(etag)
        };
        let etag = self.disk(store).await?;
        Ok(PutObjectOutput {
            e_tag: Some(ETag::Strong(etag)),
            ..PutObjectOutput::default()
        })
    }

    /// Refuses early what would be refused in the end, before the body is read.
    pub(super) async fn expect_place(
        &self,
        bucket: &str,
        key: &str,
        only_new: bool,
    ) -> S3Result<()> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let taken = self
            .disk(move |disk| Ok(disk.index.object(&bucket, &key)?.is_some()))
            .await?;
        if only_new && taken {
            Err(S3ErrorCode::PreconditionFailed.into())
        } else {
            Ok(())
        }
    }

    pub(super) async fn get(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        let (bucket, key) = (input.bucket, input.key);
        // Opened in the same step, so that a removal in between cannot come first and last.
        let (entry, file) = self
            .disk(move |disk| {
                let entry = disk.entry(&bucket, &key)?;
                let file = disk.files.read(entry.content.file)?;
                Ok((entry, file))
            })
            .await?;
        let (content, attributes) = (entry.content, entry.attributes);
        judge(
            &content,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        let range = match input.range {
            None => 0..content.size,
            Some(range) => range.check(content.size)?,
        };
        Ok(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(range.end - range.start),
            content_range: input.range.map(|_| content_range(&range, content.size)),
            body: Some(StreamingBlob::wrap(files::stream(file, range))),
            content_type: attributes.content_type,
            metadata: Some(attributes.metadata),
            e_tag: Some(ETag::Strong(content.etag)),
            last_modified: Some(timestamp(content.modified_ms)),
            ..GetObjectOutput::default()
        })
    }

    pub(super) async fn head(&self, input: HeadObjectInput) -> S3Result<HeadObjectOutput> {
        let (bucket, key) = (input.bucket, input.key);
        let entry = self.disk(move |disk| disk.entry(&bucket, &key)).await?;
        let (content, attributes) = (entry.content, entry.attributes);
        judge(
            &content,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        Ok(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(content.size),
            content_type: attributes.content_type,
            metadata: Some(attributes.metadata),
            e_tag: Some(ETag::Strong(content.etag)),
            last_modified: Some(timestamp(content.modified_ms)),
            ..HeadObjectOutput::default()
        })
    }

    pub(super) async fn delete(&self, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
        let (bucket, key) = (input.bucket, input.key);
        self.disk(move |disk| disk.remove(&bucket, &[key])).await?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_many(
        &self,
        input: DeleteObjectsInput,
    ) -> S3Result<DeleteObjectsOutput> {
        let (bucket, delete) = (input.bucket, input.delete);
        let keys: Vec<String> = delete
            .objects
            .into_iter()
            .map(|object| object.key)
            .collect();
        if keys.is_empty() || keys.len() > 1_000 {
            return Err(S3ErrorCode::MalformedXML.into());
        }
        let gone = |key: &String| DeletedObject {
            key: Some(key.clone()),
            ..DeletedObject::default()
        };
        let deleted = (delete.quiet != Some(true)).then(|| keys.iter().map(gone).collect());
        self.disk(move |disk| disk.remove(&bucket, &keys)).await?;
        Ok(DeleteObjectsOutput {
            deleted,
            ..DeleteObjectsOutput::default()
        })
    }
}

impl Disk {
    /// The object under a key; refused when there is none.
    pub(super) fn entry(&self, bucket: &str, key: &str) -> Result<Entry, Error> {
        self.index
            .object(bucket, key)?
            .ok_or_else(|| S3ErrorCode::NoSuchKey.into())
    }

    /// Makes a kept file the object under a key. Refused or replaced, the file that nothing names goes.
    pub(super) fn put(
        &self,
        bucket: &str,
        key: &str,
        entry: Entry,
        only_new: bool,
    ) -> Result<(), Error> {
        match self.index.put_object(bucket, key, &entry, only_new) {
            Ok(replaced) => {
                self.files.remove(replaced);
                Ok(())
            }
            Err(error) => {
                // A failed commit may still have reached the disk: only a refusal is certain.
                if matches!(error, Error::Refused(_)) {
                    self.files.remove([entry.content.file]);
                }
                Err(error)
            }
        }
    }

    fn remove(&self, bucket: &str, keys: &[String]) -> Result<(), Error> {
        let free = self.index.remove_objects(bucket, keys)?;
        self.files.remove(free);
        Ok(())
    }
}

/// The digests that follow a body, when the request announces any.
pub(super) fn trailer<T>(request: &S3Request<T>) -> Option<(String, TrailingHeaders)> {
    let names = request
        .headers
        .get("x-amz-trailer")?
        .to_str()
        .ok()?
        .to_owned();
    Some((names, request.trailing_headers.clone()?))
}

/// Preconditions of RFC 9110, sections 13.1.1 and 13.1.2.
pub(super) fn judge(
    content: &Content,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> Result<(), Error> {
    let holds = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(tag) => tag.value() == content.etag,
    };
    if if_match.is_some_and(|condition| !holds(condition)) {
        return Err(S3ErrorCode::PreconditionFailed.into());
    }
    if if_none_match.is_some_and(holds) {
        return Err(S3ErrorCode::NotModified.into());
    }
    Ok(())
}

pub(super) fn length(bytes: u64) -> Option<i64> {
    i64::try_from(bytes).ok()
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}
