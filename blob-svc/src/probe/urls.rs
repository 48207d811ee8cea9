//! Signed URLs, the clocks that they depend on, and the other form of addresses.

use super::bench::Bench;
use super::{Found, no, yes};
use crate::s3::{Answer, Client, Endpoint, Error, Style};
use crate::sign::Presigned;
use time::format_description::well_known::Rfc2822;
use time::{Duration, OffsetDateTime};

/// Stores allow a quarter of an hour; what is off by a minute is off by an hour some day.
const MOST_SKEW: i64 = 60;

impl Bench {
    pub(super) async fn presigned_put_bounds(&self) -> Found {
        let key = self.key("presigned");
        let signed = self
            .pen(OffsetDateTime::now_utc())
            .put(&key, "text/plain", 4, None, false);
        let longer = self.write(&signed, "text/plain", b"12345").await?;
        let other = self.write(&signed, "text/html", b"1234").await?;
        let told = format!(
            "another length: {}, another type: {}",
            longer.told(),
            other.told()
        );
        if longer.is_success() || other.is_success() || self.content(&key).await?.is_some() {
            return no(format!("{told}; it should have refused both"));
        }
        let fitting = self.write(&signed, "text/plain", b"1234").await?;
        if !fitting.is_success() {
            return no(format!("as it was signed: {}", fitting.told()));
        }
        yes(told)
    }

    async fn write(&self, signed: &Presigned, kind: &str, body: &[u8]) -> Result<Answer, Error> {
        let headers = [("content-type", kind)];
        self.store
            .send_unsigned("PUT", &signed.url, &headers, body.to_vec())
            .await
    }

    pub(super) async fn clock_skew(&self) -> Found {
        let answer = self.send("HEAD", "", &[], &[], b"").await?;
        let now = OffsetDateTime::now_utc();
        let date = answer
            .header("date")
            .and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
        let Some(date) = date else {
            return no("the store's answers have no date");
        };
        let skew = (date - now).whole_seconds();
        let sound = self.signed_at(now).await?;
        let off = self.signed_at(now - Duration::minutes(20)).await?;
        let told = format!(
            "the store's clock is {skew} s ahead of ours; a request signed now: {}, one signed 20 minutes ago: {}",
            sound.told(),
            off.told()
        );
        if skew.abs() > MOST_SKEW || !sound.is_success() || off.is_success() {
            return no(told);
        }
        yes(told)
    }

    async fn signed_at(&self, at: OffsetDateTime) -> Result<Answer, Error> {
        let (url, headers) = self.signer.head_of_bucket(self.store.bucket(), at);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.store
            .send_unsigned("HEAD", &url, &headers, Vec::new())
            .await
    }

    pub(super) async fn virtual_host(&self) -> Found {
        let endpoint = Endpoint {
            style: Style::VirtualHost,
            ..self.store.endpoint().clone()
        };
        let address = format!("{}://BUCKET.{}", endpoint.scheme, endpoint.authority);
        let there = Client::new(&endpoint)
            .bucket(self.store.bucket())
            .bucket_exists()
            .await;
        match there {
            Ok(true) => yes(format!("the bucket is there at {address}")),
            Ok(false) => no(format!("no such bucket at {address}")),
            Err(error) => no(format!("at {address}: {error}")),
        }
    }
}
