//! Copies: a second name for the bytes, and an entry of its own.

use super::Backend;
use super::object::judge;
use super::record::{Attributes, Content, Entry, now_ms, timestamp};
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective,
};
use s3s::{S3ErrorCode, S3Request, S3Result};

impl Backend {
    pub(super) async fn copy(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<CopyObjectOutput> {
        // The protocol layer has no field for it.
        let only_new = request
            .headers
            .get(http::header::IF_NONE_MATCH)
            .is_some_and(|value| value == "*");
        let input = request.input;
        let CopySource::Bucket {
            bucket: from_bucket,
            key: from_key,
            version_id: None,
        } = input.copy_source
        else {
            return Err(S3ErrorCode::NotImplemented.into());
        };
        let replace = input
            .metadata_directive
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let attributes = replace.then(|| Attributes {
            content_type: input.content_type,
            metadata: input.metadata.unwrap_or_default(),
        });
        let (bucket, key, if_match) = (input.bucket, input.key, input.copy_source_if_match);
        let content = self
            .disk(move |disk| {
                let source = disk.entry(&from_bucket, &from_key)?;
                judge(&source.content, if_match.as_ref(), None)?;
                let file = disk.files.duplicate(source.content.file)?;
                let content = Content {
                    file,
                    modified_ms: now_ms(),
                    ..source.content
                };
                let attributes = attributes.unwrap_or(source.attributes);
                disk.put(
                    &bucket,
                    &key,
                    Entry {
                        content: content.clone(),
                        attributes,
                    },
                    only_new,
                )?;
                Ok(content)
            })
            .await?;
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(content.etag)),
            last_modified: Some(timestamp(content.modified_ms)),
            ..CopyObjectResult::default()
        };
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            ..CopyObjectOutput::default()
        })
    }
}
