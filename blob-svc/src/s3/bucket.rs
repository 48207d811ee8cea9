//! The bucket itself: whether it is there, and making it.

use super::call::retried;
use super::{Error, Store};
use rusoto_core::Region;
use rusoto_s3::{CreateBucketConfiguration, CreateBucketRequest, HeadBucketRequest, S3};

impl Store {
    /// Whether the bucket is there and ours to use.
    pub async fn bucket_exists(&self) -> Result<bool, Error> {
        let request = || {
            self.plain.head_bucket(HeadBucketRequest {
                bucket: self.bucket.clone(),
                ..HeadBucketRequest::default()
            })
        };
        match retried("s3.HeadBucket", request).await {
            Ok(()) => Ok(true),
            Err(Error::NoSuchBucket) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the bucket unless it is there.
    pub async fn ensure_bucket(&self) -> Result<(), Error> {
        if self.bucket_exists().await? {
            return Ok(());
        }
        // AWS makes buckets of other regions only when they are named once more; some stores know no such names.
        let region = Some(self.client.region.name())
            .filter(|name| *name != Region::UsEast1.name())
            .map(str::to_owned);
        match self.create(region.clone()).await {
            Err(Error::Refused) if region.is_some() => self.create(None).await,
            made => made,
        }
    }

    async fn create(&self, region: Option<String>) -> Result<(), Error> {
        let request = || {
            self.plain.create_bucket(CreateBucketRequest {
                bucket: self.bucket.clone(),
                create_bucket_configuration: region.clone().map(|region| {
                    CreateBucketConfiguration {
                        location_constraint: Some(region),
                    }
                }),
                ..CreateBucketRequest::default()
            })
        };
        match retried("s3.CreateBucket", request).await {
            Ok(_) | Err(Error::BucketExists) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
