//! The bucket itself: whether it is there, and making it.

use super::call::retried;
use super::{Error, Store};
use rusoto_s3::{CreateBucketRequest, HeadBucketRequest, S3};

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
        let request = || {
            self.plain.create_bucket(CreateBucketRequest {
                bucket: self.bucket.clone(),
                ..CreateBucketRequest::default()
            })
        };
        match retried("s3.CreateBucket", request).await {
            Ok(_) | Err(Error::BucketExists) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
