//! What a store does, found out by trying: not every store that speaks S3 does all of it, and no vendor's name tells.
//!
//! A trial asks for what must succeed and for what must be refused, and looks at what came of it. Trials write below
//! `uploads/temp/probe/` alone and remove what they made, also when they fail; settings of the whole bucket are read and never written.

mod bench;
mod bucket;
mod conditions;
mod digests;
mod form;
mod metadata;
mod reads;
mod report;
mod uploads;
mod urls;

pub use self::report::Report;

use self::bench::Bench;
use crate::s3::{Capabilities, Error, Store};
use futures::StreamExt;
use futures::future::BoxFuture;
use std::time::Duration;

/// Below this lies what trials make. The usual lifecycle removes what a crash leaves there.
const PREFIX: &str = "uploads/temp/probe/";
/// A trial that takes longer has failed.
const TIME: Duration = Duration::from_secs(60);
/// The same of those that a write waits for, and of removing what they made.
const TIME_OF_LEAST: Duration = Duration::from_secs(10);
/// How many trials run at once.
const AT_ONCE: usize = 4;

/// What a trial found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the store does it.
    pub supported: bool,
    /// What was seen, in words.
    pub detail: String,
}

/// What was found, unless the store failed to answer.
type Found = Result<Finding, Error>;
type Trial = for<'b> fn(&'b Bench) -> BoxFuture<'b, Found>;

/// Every trial, by name.
const TRIALS: [(&str, Trial); 17] = [
    ("bucket_policy", |bench| Box::pin(bench.bucket_policy())),
    ("checksums", |bench| Box::pin(bench.checksums())),
    ("clock_skew", |bench| Box::pin(bench.clock_skew())),
    ("conditional_complete", |bench| {
        Box::pin(bench.conditional_complete())
    }),
    ("conditional_copy", |bench| {
        Box::pin(bench.conditional_copy())
    }),
    ("conditional_put", |bench| Box::pin(bench.conditional_put())),
    ("content_md5", |bench| Box::pin(bench.content_md5())),
    ("cors", |bench| Box::pin(bench.cors())),
    ("delete_many", |bench| Box::pin(bench.delete_many())),
    ("lifecycle", |bench| Box::pin(bench.lifecycle())),
    ("list_v2", |bench| Box::pin(bench.list_v2())),
    ("multipart", |bench| Box::pin(bench.multipart())),
    ("post_policy", |bench| Box::pin(bench.post_policy())),
    ("presigned_put_bounds", |bench| {
        Box::pin(bench.presigned_put_bounds())
    }),
    ("ranges", |bench| Box::pin(bench.ranges())),
    ("unicode_metadata", |bench| {
        Box::pin(bench.unicode_metadata())
    }),
    ("virtual_host", |bench| Box::pin(bench.virtual_host())),
];

/// Tries everything, in a bucket that must be there.
pub async fn all(store: &Store) -> Result<Report, Error> {
    if !store.bucket_exists().await? {
        return Err(Error::NoSuchBucket);
    }
    let bench = Bench::new(store);
    let trials = TRIALS.map(|(name, trial)| {
        let bench = &bench;
        async move {
            let found = tokio::time::timeout(TIME, trial(bench)).await;
            let failed = |error| Finding {
                supported: false,
                detail: format!("the trial failed: {error}"),
            };
            (
                name,
                found
                    .unwrap_or(Err(Error::Unavailable))
                    .unwrap_or_else(failed),
            )
        }
    });
    let findings = futures::stream::iter(trials)
        .buffered(AT_ONCE)
        .collect()
        .await;
    bench.clear().await;
    Ok(Report {
        bucket: store.bucket().to_owned(),
        findings,
    })
}

/// Tries what our own behaviour depends on, and logs what the store lacks of it.
pub(crate) async fn least(store: &Store) -> Result<Capabilities, Error> {
    let bench = Bench::new(store);
    let tried = tokio::time::timeout(TIME_OF_LEAST, bench.least()).await;
    // A store that does not answer is not waited for once more.
    let _ = tokio::time::timeout(TIME_OF_LEAST, bench.clear()).await;
    tried.unwrap_or(Err(Error::Unavailable))
}

impl Bench {
    async fn least(&self) -> Result<Capabilities, Error> {
        // Where nothing can be written, what is refused proves nothing.
        self.given(&self.key("plain"), b"first").await?;
        let (put, copy, complete, checksums, post_policy) = tokio::join!(
            self.conditional_put(),
            self.conditional_copy(),
            self.conditional_complete(),
            self.checksums(),
            self.post_policy(),
        );
        Ok(Capabilities {
            conditional_put: known("conditional_put", put?),
            conditional_copy: known("conditional_copy", copy?),
            conditional_complete: known("conditional_complete", complete?),
            checksums: known("checksums", checksums?),
            post_policy: known("post_policy", post_policy?),
        })
    }
}

fn known(capability: &str, found: Finding) -> bool {
    if !found.supported {
        let detail = found.detail;
        tracing::warn!(
            capability,
            detail,
            "the store lacks a capability: what depends on it is left out"
        );
    }
    found.supported
}

fn yes(detail: impl Into<String>) -> Found {
    Ok(Finding {
        supported: true,
        detail: detail.into(),
    })
}

fn no(detail: impl Into<String>) -> Found {
    Ok(Finding {
        supported: false,
        detail: detail.into(),
    })
}

#[cfg(all(test, feature = "embedded"))]
mod tests;
