//! The check of the store, in the background: whether it answers, knows us, and has our buckets.

use crate::bucket::Buckets;
use crate::s3::Error;
use contract::health::Dependency;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Between two checks while all is well. Each is one `HeadBucket` a bucket, which stores charge as any request.
const EVERY: Duration = Duration::from_secs(5);
/// Between two checks while it is not: who waits for the store waits no longer than this.
const EVERY_WHILE_FAILING: Duration = Duration::from_secs(1);
/// A store that takes longer for the least of requests does not serve.
const TIME: Duration = Duration::from_secs(3);

/// Checks the store of `buckets` from now on, and leaves what it finds at `dependency`.
pub(crate) async fn keep_checking(buckets: Buckets, dependency: Dependency) -> Infallible {
    loop {
        know_what_it_does(&buckets).await;
        let pause = match timeout(TIME, all_exist(&buckets)).await {
            Ok(Ok(true)) => {
                dependency.ok();
                EVERY
            }
            found => {
                dependency.failing(reason(found.unwrap_or(Err(Error::Unavailable))));
                EVERY_WHILE_FAILING
            }
        };
        sleep(pause).await;
    }
}

/// Has the store tried before the first write comes, so that no caller waits for that. Where it cannot be tried, as with rights
/// to read alone, reads are served all the same, and a write tells why it cannot be.
async fn know_what_it_does(buckets: &Buckets) {
    if let Some(first) = buckets.named("")
        && let Err(error) = first.store.capabilities().await
    {
        tracing::info!(%error, "what the store does cannot be tried yet");
    }
}

async fn all_exist(buckets: &Buckets) -> Result<bool, Error> {
    for bucket in buckets.iter() {
        if !bucket.store.bucket_exists().await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is told of it. Answers to HEAD have no body: the status is all there is to go by.
fn reason(found: Result<bool, Error>) -> &'static str {
    match found {
        Ok(_) | Err(Error::NoSuchBucket) => "a bucket is absent",
        Err(Error::Forbidden) => "the store refuses the credentials",
        Err(Error::WrongPlace) => "the bucket lies in another region or at another endpoint",
        Err(Error::TooManyRequests) => "the store asks for fewer requests",
        Err(Error::Unavailable) => "the store cannot be reached, or does not answer in time",
        Err(
            Error::NoSuchKey
            | Error::NoSuchUpload
            | Error::NoSuchSetting
            | Error::BucketExists
            | Error::ConditionFailed
            | Error::InvalidRange
            | Error::Damaged
            | Error::TooLarge
            | Error::ClockSkew
            | Error::Unsupported
            | Error::Refused
            | Error::Malformed,
        ) => "the store does not answer as S3 does",
    }
}
