//! Buckets: head, create, delete, list.

use super::index::{BUCKETS, require_bucket};
use super::record::timestamp;
use super::{Backend, REGION};
use redb::ReadableTable;
use s3s::S3Result;
use s3s::dto::{
    Bucket, CreateBucketOutput, DeleteBucketOutput, HeadBucketOutput, ListBucketsOutput,
};

impl Backend {
    pub(super) async fn head_bucket(&self, bucket: String) -> S3Result<HeadBucketOutput> {
        self.disk(move |disk| require_bucket(&disk.index.view()?.open_table(BUCKETS)?, &bucket))
            .await?;
        Ok(HeadBucketOutput {
            bucket_region: Some(REGION.to_owned()),
            ..HeadBucketOutput::default()
        })
    }

    pub(super) async fn create_bucket(&self, bucket: String) -> S3Result<CreateBucketOutput> {
        let location = Some(format!("/{bucket}"));
        self.disk(move |disk| disk.index.create_bucket(&bucket))
            .await?;
        Ok(CreateBucketOutput { location })
    }

    pub(super) async fn delete_bucket(&self, bucket: String) -> S3Result<DeleteBucketOutput> {
        self.disk(move |disk| disk.index.remove_bucket(&bucket))
            .await?;
        Ok(DeleteBucketOutput::default())
    }

    pub(super) async fn list_buckets(&self) -> S3Result<ListBucketsOutput> {
        let buckets = self
            .disk(|disk| {
                let buckets = disk.index.view()?.open_table(BUCKETS)?;
                buckets
                    .iter()?
                    .map(|bucket| {
                        let (name, made_ms) = bucket?;
                        Ok(Bucket {
                            name: Some(name.value().to_owned()),
                            creation_date: Some(timestamp(made_ms.value())),
                            ..Bucket::default()
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        Ok(ListBucketsOutput {
            buckets: Some(buckets),
            ..ListBucketsOutput::default()
        })
    }
}
