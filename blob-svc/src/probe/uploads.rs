//! Uploads in parts.

use super::bench::Bench;
use super::{Found, no, yes};
use crate::s3::{Error, Multipart};

impl Bench {
    pub(super) async fn multipart(&self) -> Found {
        let (key, other) = (self.key("multipart"), self.key("aborted"));
        let (upload, aborted) = (self.begin(&key).await?, self.begin(&other).await?);
        let listed = self.is_listed(&other, &aborted).await?;
        aborted.abort().await?;
        let still_listed = self.is_listed(&other, &aborted).await?;
        let completed = self.complete(&key, &upload, b"first", &[]).await?;
        let whole = self.content(&key).await?.as_deref() == Some(b"first");
        let told = format!(
            "under way it is listed: {listed}; aborted it is listed: {still_listed}; completed: {}, and whole: {whole}",
            completed.told()
        );
        if listed && !still_listed && completed.is_success() && whole {
            yes(told)
        } else {
            no(told)
        }
    }

    async fn is_listed(&self, key: &str, upload: &Multipart) -> Result<bool, Error> {
        let parameters = [("uploads", ""), ("prefix", key)];
        let answer = self.send("GET", "", &parameters, &[], b"").await?;
        let text = String::from_utf8_lossy(&answer.body);
        Ok(answer.is_success() && text.contains(upload.upload_id()))
    }
}
