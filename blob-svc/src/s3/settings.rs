//! A bucket's settings: who may use it without credentials, which origins browsers let at it, and what the store removes by
//! itself. Each is one document that is replaced as a whole.

use super::call::retried;
use super::{Error, Store};
use crate::bucket::Cors;
use rusoto_s3::{
    CORSConfiguration, CORSRule, DeleteBucketPolicyRequest, GetBucketAclRequest,
    GetBucketCorsRequest, GetBucketPolicyRequest, Grant, PutBucketAclRequest, PutBucketCorsRequest,
    PutBucketPolicyRequest, S3,
};
use serde_json::Value;

/// The groups that a grant to everybody names ("Access control list (ACL) overview", Amazon S3 User Guide).
const EVERYBODY: [&str; 2] = [
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
];
/// Scripts that upload in parts must read the tag of each.
const EXPOSED: [&str; 1] = ["ETag"];

impl Store {
    /// The bucket's policy, a JSON object; none where it has none.
    pub async fn policy(&self) -> Result<Option<Value>, Error> {
        let request = || {
            self.plain.get_bucket_policy(GetBucketPolicyRequest {
                bucket: self.bucket.clone(),
                ..GetBucketPolicyRequest::default()
            })
        };
        let Some(answer) = present(retried("s3.GetBucketPolicy", request).await)? else {
            return Ok(None);
        };
        let text = answer.policy.unwrap_or_default();
        let policy: Value = serde_json::from_str(&text).map_err(|_| Error::Malformed)?;
        policy
            .is_object()
            .then_some(Some(policy))
            .ok_or(Error::Malformed)
    }

    /// Replaces the policy; none removes it.
    pub async fn put_policy(&self, policy: Option<&Value>) -> Result<(), Error> {
        let Some(policy) = policy else {
            let request = || {
                self.plain.delete_bucket_policy(DeleteBucketPolicyRequest {
                    bucket: self.bucket.clone(),
                    ..DeleteBucketPolicyRequest::default()
                })
            };
            return present(retried("s3.DeleteBucketPolicy", request).await).map(drop);
        };
        let request = || {
            self.plain.put_bucket_policy(PutBucketPolicyRequest {
                bucket: self.bucket.clone(),
                policy: policy.to_string(),
                ..PutBucketPolicyRequest::default()
            })
        };
        retried("s3.PutBucketPolicy", request).await
    }

    /// Whether the bucket's access list grants anything to everybody. A store without such lists grants nothing.
    pub async fn is_granted_to_everybody(&self) -> Result<bool, Error> {
        let request = || {
            self.plain.get_bucket_acl(GetBucketAclRequest {
                bucket: self.bucket.clone(),
                ..GetBucketAclRequest::default()
            })
        };
        let answer = match retried("s3.GetBucketAcl", request).await {
            Err(Error::Unsupported) => return Ok(false),
            answer => answer?,
        };
        let everybody = |grant: &Grant| {
            let group = grant
                .grantee
                .as_ref()
                .and_then(|grantee| grantee.uri.as_deref());
            group.is_some_and(|group| EVERYBODY.contains(&group))
        };
        Ok(answer.grants.unwrap_or_default().iter().any(everybody))
    }

    /// Leaves the bucket's owner alone on its access list.
    pub async fn revoke_grants(&self) -> Result<(), Error> {
        let request = || {
            self.plain.put_bucket_acl(PutBucketAclRequest {
                bucket: self.bucket.clone(),
                acl: Some("private".to_owned()),
                ..PutBucketAclRequest::default()
            })
        };
        retried("s3.PutBucketAcl", request).await
    }

    /// What pages of other origins may do, rule by rule.
    pub async fn cors(&self) -> Result<Vec<Cors>, Error> {
        let request = || {
            self.plain.get_bucket_cors(GetBucketCorsRequest {
                bucket: self.bucket.clone(),
                ..GetBucketCorsRequest::default()
            })
        };
        let answer = present(retried("s3.GetBucketCors", request).await)?;
        let rules = answer
            .and_then(|answer| answer.cors_rules)
            .unwrap_or_default();
        Ok(rules.into_iter().map(Cors::from).collect())
    }

    /// Replaces all rules by one.
    pub async fn put_cors(&self, cors: &Cors) -> Result<(), Error> {
        let request = || {
            self.plain.put_bucket_cors(PutBucketCorsRequest {
                bucket: self.bucket.clone(),
                cors_configuration: CORSConfiguration {
                    cors_rules: vec![CORSRule::from(cors)],
                },
                ..PutBucketCorsRequest::default()
            })
        };
        retried("s3.PutBucketCors", request).await
    }
}

/// A setting that was never made is none.
pub(super) fn present<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::NoSuchSetting) => Ok(None),
        Err(error) => Err(error),
    }
}

impl From<CORSRule> for Cors {
    fn from(rule: CORSRule) -> Self {
        let headers = rule.allowed_headers.unwrap_or_default();
        Self {
            origins: rule.allowed_origins,
            methods: rule.allowed_methods,
            headers: headers
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            max_age_seconds: rule
                .max_age_seconds
                .and_then(|seconds| u32::try_from(seconds).ok())
                .unwrap_or_default(),
        }
    }
}

impl From<&Cors> for CORSRule {
    fn from(cors: &Cors) -> Self {
        Self {
            allowed_headers: Some(cors.headers.clone()),
            allowed_methods: cors.methods.clone(),
            allowed_origins: cors.origins.clone(),
            expose_headers: Some(EXPOSED.map(str::to_owned).to_vec()),
            id: None,
            max_age_seconds: Some(i64::from(cors.max_age_seconds)),
        }
    }
}
