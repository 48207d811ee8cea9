//! Forms: uploads by browsers, bound by a policy to one key, one type and a range of lengths.
//!
//! Governing text: "Creating a POST Policy", Amazon S3 API Reference. A policy has no words for a free key.

use super::pen::Pen;
use super::{ALGORITHM, signature};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use serde_json::json;
use std::ops::RangeInclusive;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What the store answers a form with: an XML document that names the object and its entity tag. The other choice is nothing.
const CREATED: &str = "201";

/// A signed form.
#[derive(Clone, PartialEq, Eq)]
pub struct Form {
    /// Where it goes.
    pub url: String,
    /// Its fields, which precede the file. Whoever holds them may use them until the policy ends.
    pub fields: Vec<(&'static str, String)>,
    /// When the policy ends.
    pub expire_time: OffsetDateTime,
}

impl Pen {
    /// A form to write `key` with: exactly this type, and a length in `sizes`.
    pub fn form(&self, key: &str, content_type: &str, sizes: RangeInclusive<u64>) -> Form {
        let mut fields = vec![
            ("key", key.to_owned()),
            ("content-type", content_type.to_owned()),
            ("success_action_status", CREATED.to_owned()),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            ("x-amz-credential", self.day.credential.clone()),
            ("x-amz-date", self.stamp.clone()),
        ];
        fields.extend(
            self.token
                .clone()
                .map(|token| ("x-amz-security-token", token)),
        );
        let policy = STANDARD.encode(self.policy(&fields, sizes));
        let signature = signature(self.day.key.clone().chain_update(&policy));
        fields.push(("policy", policy));
        fields.push(("x-amz-signature", signature.as_str().to_owned()));
        Form {
            url: self.base.trim_end_matches('/').to_owned(),
            fields,
            expire_time: self.lifetime.end(),
        }
    }

    /// Every field must be named by a condition, or stores refuse the form.
    fn policy(&self, fields: &[(&'static str, String)], sizes: RangeInclusive<u64>) -> String {
        let bucket = json!({ "bucket": self.bucket });
        let length = json!(["content-length-range", sizes.start(), sizes.end()]);
        let fields = fields.iter().map(|(name, value)| json!({ *name: value }));
        let conditions: Vec<_> = [bucket, length].into_iter().chain(fields).collect();
        let end = self.lifetime.end().format(&Rfc3339).unwrap_or_default();
        json!({ "expiration": end, "conditions": conditions }).to_string()
    }
}
