//! What buckets are set to: who may read without credentials, which origins browsers let in, and what is removed by itself.
//!
//! Only what is acted upon is kept: a setting that this endpoint could not honour is refused with `NotImplemented`.

use super::index::{BUCKETS, read, require_bucket, write};
use super::{Backend, Disk, Error};
use crate::bucket::lets_everybody_read_and_no_more;
use redb::{ReadableTable, TableDefinition};
use s3s::dto::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, CORSRule, ExpirationStatus,
    GetBucketCorsOutput, GetBucketLifecycleConfigurationOutput, GetBucketPolicyOutput,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
};
use s3s::{S3ErrorCode, S3Result};
use serde::{Deserialize, Serialize};

/// Settings by bucket; absent where none was ever made.
pub(super) const SETTINGS: TableDefinition<&str, &[u8]> = TableDefinition::new("settings");

/// What one bucket is set to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Settings {
    /// As it was put; it lets everybody read, or it would not have been taken.
    pub(super) policy: Option<String>,
    pub(super) cors: Vec<CorsRule>,
    pub(super) removals: Vec<Removal>,
}

/// What pages of some origins may do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct CorsRule {
    pub(super) id: Option<String>,
    pub(super) origins: Vec<String>,
    pub(super) methods: Vec<String>,
    pub(super) headers: Vec<String>,
    pub(super) exposed: Vec<String>,
    pub(super) max_age_seconds: Option<i32>,
}

/// What is removed by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Removal {
    pub(super) id: Option<String>,
    pub(super) enabled: bool,
    pub(super) prefix: String,
    pub(super) expire_after_days: Option<i32>,
    pub(super) abort_uploads_after_days: Option<i32>,
}

impl Disk {
    /// What a bucket is set to; refused when there is no such bucket.
    pub(super) fn settings(&self, bucket: &str) -> Result<Settings, Error> {
        let view = self.index.view()?;
        require_bucket(&view.open_table(BUCKETS)?, bucket)?;
        let settings = view.open_table(SETTINGS)?;
        let kept = settings.get(bucket)?;
        kept.map_or_else(|| Ok(Settings::default()), |kept| read(kept.value()))
    }

    fn change(&self, bucket: &str, change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        self.index.write(|tables| {
            require_bucket(&tables.open_table(BUCKETS)?, bucket)?;
            let mut settings = tables.open_table(SETTINGS)?;
            let kept = settings.get(bucket)?.map(|kept| read(kept.value()));
            let mut kept = kept.transpose()?.unwrap_or_default();
            change(&mut kept);
            settings.insert(bucket, write(&kept)?.as_slice())?;
            Ok(())
        })
    }
}

impl Backend {
    async fn settings(&self, bucket: String) -> S3Result<Settings> {
        self.disk(move |disk| disk.settings(&bucket)).await
    }

    async fn change(
        &self,
        bucket: String,
        change: impl FnOnce(&mut Settings) + Send + 'static,
    ) -> S3Result<()> {
        self.disk(move |disk| disk.change(&bucket, change)).await
    }

    pub(super) async fn policy(&self, bucket: String) -> S3Result<GetBucketPolicyOutput> {
        let policy = self.settings(bucket).await?.policy;
        let policy = Some(policy.ok_or(S3ErrorCode::NoSuchBucketPolicy)?);
        Ok(GetBucketPolicyOutput { policy })
    }

    pub(super) async fn put_policy(&self, bucket: String, policy: String) -> S3Result<()> {
        let read = serde_json::from_str(&policy).map_err(|_| S3ErrorCode::MalformedPolicy)?;
        if !lets_everybody_read_and_no_more(&read, &bucket) {
            return Err(S3ErrorCode::NotImplemented.into());
        }
        self.change(bucket, |settings| settings.policy = Some(policy))
            .await
    }

    pub(super) async fn remove_policy(&self, bucket: String) -> S3Result<()> {
        self.change(bucket, |settings| settings.policy = None).await
    }

    pub(super) async fn cors(&self, bucket: String) -> S3Result<GetBucketCorsOutput> {
        let rules = self.settings(bucket).await?.cors;
        if rules.is_empty() {
            return Err(S3ErrorCode::NoSuchCORSConfiguration.into());
        }
        Ok(GetBucketCorsOutput {
            cors_rules: Some(rules.into_iter().map(CORSRule::from).collect()),
        })
    }

    /// No rules remove the setting.
    pub(super) async fn put_cors(&self, bucket: String, rules: Vec<CORSRule>) -> S3Result<()> {
        let rules = rules.into_iter().map(CorsRule::from).collect();
        self.change(bucket, |settings| settings.cors = rules).await
    }

    pub(super) async fn lifecycle(
        &self,
        bucket: String,
    ) -> S3Result<GetBucketLifecycleConfigurationOutput> {
        let removals = self.settings(bucket).await?.removals;
        if removals.is_empty() {
            return Err(S3ErrorCode::NoSuchLifecycleConfiguration.into());
        }
        Ok(GetBucketLifecycleConfigurationOutput {
            rules: Some(removals.into_iter().map(LifecycleRule::from).collect()),
            ..GetBucketLifecycleConfigurationOutput::default()
        })
    }

    /// No configuration removes the setting.
    pub(super) async fn put_lifecycle(
        &self,
        bucket: String,
        lifecycle: Option<BucketLifecycleConfiguration>,
    ) -> S3Result<()> {
        let rules = lifecycle
            .map(|lifecycle| lifecycle.rules)
            .unwrap_or_default();
        let removals = rules
            .into_iter()
            .map(Removal::new)
            .collect::<S3Result<_>>()?;
        self.change(bucket, |settings| settings.removals = removals)
            .await
    }
}

impl From<CORSRule> for CorsRule {
    fn from(rule: CORSRule) -> Self {
        Self {
            id: rule.id,
            origins: rule.allowed_origins,
            methods: rule.allowed_methods,
            headers: rule.allowed_headers.unwrap_or_default(),
            exposed: rule.expose_headers.unwrap_or_default(),
            max_age_seconds: rule.max_age_seconds,
        }
    }
}

impl From<CorsRule> for CORSRule {
    fn from(rule: CorsRule) -> Self {
        Self {
            id: rule.id,
            allowed_origins: rule.origins,
            allowed_methods: rule.methods,
            allowed_headers: Some(rule.headers),
            expose_headers: Some(rule.exposed),
            max_age_seconds: rule.max_age_seconds,
        }
    }
}

impl Removal {
    /// Refuses a rule that asks for more than is done here.
    fn new(rule: LifecycleRule) -> S3Result<Self> {
        let filter = rule.filter.unwrap_or_default();
        let expiration = rule.expiration.unwrap_or_default();
        let abort = rule.abort_incomplete_multipart_upload.unwrap_or_default();
        let more = filter.and.is_some()
            || filter.tag.is_some()
            || filter.object_size_greater_than.is_some()
            || filter.object_size_less_than.is_some()
            || expiration.date.is_some()
            || rule
                .transitions
                .is_some_and(|transitions| !transitions.is_empty());
        if more {
            return Err(S3ErrorCode::NotImplemented.into());
        }
        let removal = Self {
            id: rule.id,
            enabled: rule.status.as_str() == ExpirationStatus::ENABLED,
            prefix: filter.prefix.or(rule.prefix).unwrap_or_default(),
            expire_after_days: expiration.days,
            abort_uploads_after_days: abort.days_after_initiation,
        };
        let days = removal
            .expire_after_days
            .into_iter()
            .chain(removal.abort_uploads_after_days);
        if days.clone().any(|days| days < 1) || days.count() == 0 {
            return Err(S3ErrorCode::InvalidArgument.into());
        }
        Ok(removal)
    }
}

impl From<Removal> for LifecycleRule {
    fn from(removal: Removal) -> Self {
        let status = if removal.enabled {
            ExpirationStatus::ENABLED
        } else {
            ExpirationStatus::DISABLED
        };
        Self {
            abort_incomplete_multipart_upload: removal.abort_uploads_after_days.map(|days| {
                AbortIncompleteMultipartUpload {
                    days_after_initiation: Some(days),
                }
            }),
            expiration: removal.expire_after_days.map(|days| LifecycleExpiration {
                days: Some(days),
                ..LifecycleExpiration::default()
            }),
            filter: Some(LifecycleRuleFilter {
                prefix: Some(removal.prefix),
                ..LifecycleRuleFilter::default()
            }),
            id: removal.id,
            noncurrent_version_expiration: None,
            noncurrent_version_transitions: None,
            prefix: None,
            status: ExpirationStatus::from_static(status),
            transitions: None,
        }
    }
}
