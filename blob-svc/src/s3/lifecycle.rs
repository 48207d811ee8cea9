//! What the store removes by itself ("Managing the lifecycle of objects", Amazon S3 User Guide).

use super::call::retried;
use super::settings::present;
use super::{Error, Store};
use crate::bucket::Lifecycle;
use rusoto_s3::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, DeleteBucketLifecycleRequest,
    GetBucketLifecycleConfigurationRequest, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, PutBucketLifecycleConfigurationRequest, S3,
};
use std::collections::BTreeMap;

/// How the names of our rules begin.
const OURS: &str = "chatstore-";

/// The rules that a bucket has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What they do, as far as it can be configured here.
    pub lifecycle: Lifecycle,
    /// Whether somebody else made a rule. rusoto 0.48 does not know every condition that a rule may have: writing such a one
    /// again could make it remove more than it did.
    pub foreign: bool,
}

impl Store {
    /// Reads the rules.
    pub async fn lifecycle(&self) -> Result<Kept, Error> {
        let request = || {
            self.plain
                .get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationRequest {
                    bucket: self.bucket.clone(),
                    ..GetBucketLifecycleConfigurationRequest::default()
                })
        };
        let answer = present(retried("s3.GetBucketLifecycleConfiguration", request).await)?;
        let rules = answer.and_then(|answer| answer.rules).unwrap_or_default();
        Ok(Kept::of(&rules))
    }

    /// Replaces all rules.
    pub async fn put_lifecycle(&self, lifecycle: &Lifecycle) -> Result<(), Error> {
        let rules = rules(lifecycle);
        if rules.is_empty() {
            let request = || {
                self.plain
                    .delete_bucket_lifecycle(DeleteBucketLifecycleRequest {
                        bucket: self.bucket.clone(),
                        ..DeleteBucketLifecycleRequest::default()
                    })
            };
            return retried("s3.DeleteBucketLifecycle", request).await;
        }
        let request = || {
            self.plain
                .put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationRequest {
                    bucket: self.bucket.clone(),
                    lifecycle_configuration: Some(BucketLifecycleConfiguration {
                        rules: rules.clone(),
                    }),
                    ..PutBucketLifecycleConfigurationRequest::default()
                })
        };
        retried("s3.PutBucketLifecycleConfiguration", request).await
    }
}

impl Kept {
    fn of(rules: &[LifecycleRule]) -> Self {
        let mut kept = Self {
            lifecycle: Lifecycle {
                expire_after_days: BTreeMap::new(),
                abort_unfinished_uploads_after_days: None,
            },
            foreign: false,
        };
        for rule in rules {
            kept.add(rule);
            kept.foreign |= !rule.id.as_ref().is_some_and(|id| id.starts_with(OURS));
        }
        kept
    }

    fn add(&mut self, rule: &LifecycleRule) {
        if rule.status != "Enabled" {
            return;
        }
        let number = |days: i64| u32::try_from(days).ok();
        let prefix = rule
            .filter
            .as_ref()
            .and_then(|filter| filter.prefix.clone());
        let days = rule
            .expiration
            .as_ref()
            .and_then(|expiration| expiration.days);
        if let (Some(prefix), Some(days)) = (prefix, days.and_then(number)) {
            self.lifecycle.expire_after_days.insert(prefix, days);
        }
        let abort = rule.abort_incomplete_multipart_upload.as_ref();
        if let Some(days) = abort.and_then(|abort| abort.days_after_initiation) {
            self.lifecycle.abort_unfinished_uploads_after_days = number(days);
        }
    }
}

fn rules(lifecycle: &Lifecycle) -> Vec<LifecycleRule> {
    let rule = |name: String, prefix: &str| LifecycleRule {
        id: Some(format!("{OURS}{name}")),
        status: "Enabled".to_owned(),
        filter: Some(LifecycleRuleFilter {
            prefix: Some(prefix.to_owned()),
            ..LifecycleRuleFilter::default()
        }),
        ..LifecycleRule::default()
    };
    let expirations = lifecycle.expire_after_days.iter().enumerate();
    let mut rules: Vec<_> = expirations
        .map(|(i, (prefix, days))| LifecycleRule {
            expiration: Some(LifecycleExpiration {
                days: Some(i64::from(*days)),
                ..LifecycleExpiration::default()
            }),
            ..rule(format!("expire-{}", i + 1), prefix)
        })
        .collect();
    let abort = lifecycle.abort_unfinished_uploads_after_days;
    rules.extend(abort.map(|days| LifecycleRule {
        abort_incomplete_multipart_upload: Some(AbortIncompleteMultipartUpload {
            days_after_initiation: Some(i64::from(days)),
        }),
        ..rule("abort-unfinished".to_owned(), "")
    }));
    rules
}
