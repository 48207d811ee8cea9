//! A request signed in its header fields, as of any time: the trial of a store's clock. All others are rusoto's, which knows no
//! time but now.
//!
//! Governing text: "Signature Calculations for the Authorization Header", Amazon S3 API Reference.

use super::{ALGORITHM, Digits, PATH, Signer, signature, stamp};
use hmac::Mac;
use percent_encoding::utf8_percent_encode;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

impl Signer {
    /// The URL and the header fields of a `HEAD` for a bucket that was signed at a time.
    pub(crate) fn head_of_bucket(
        &self,
        bucket: &str,
        at: OffsetDateTime,
    ) -> (String, Vec<(&'static str, String)>) {
        let day = self.day(at.date());
        let token = self.public.credentials.session_token.clone();
        let fields = [
            ("host", Some(self.public.host(bucket))),
            ("x-amz-content-sha256", Some(UNSIGNED.to_owned())),
            ("x-amz-date", Some(stamp(at))),
            ("x-amz-security-token", token),
        ];
        let fields = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let mut fields: Vec<(&str, String)> = fields.collect();
        let names = fields.iter().map(|(name, _)| *name);
        let names = names.collect::<Vec<_>>().join(";");
        let lines = fields
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"));
        let lines: String = lines.collect();
        let path = utf8_percent_encode(&self.public.path(bucket, ""), PATH).to_string();
        let canonical = format!("HEAD\n{path}\n\n{lines}\n{names}\n{UNSIGNED}");
        let digest = Digits::of(&Sha256::digest(canonical).into());
        let (stamp, scope) = (stamp(at), &day.scope);
        let text = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", digest.as_str());
        let signature = signature(day.key.clone().chain_update(text));
        let (credential, signature) = (&day.credential, signature.as_str());
        let authorization = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        );
        fields.push(("authorization", authorization));
        let (scheme, host) = (self.public.scheme, self.public.host(bucket));
        (format!("{scheme}://{host}{path}"), fields)
    }
}
