//! Writes on the condition that the key is free (`If-None-Match: *`, RFC 9110, section 13.1.2).

use super::bench::Bench;
use super::{Found, no, yes};
use crate::s3::{Answer, Error, Multipart};

const ONLY_NEW: (&str, &str) = ("if-none-match", "*");
const FIRST: &[u8] = b"first";
const SECOND: &[u8] = b"second";

impl Bench {
    pub(super) async fn conditional_put(&self) -> Found {
        let key = self.key("conditional-put");
        let free = self.put(&key, &[ONLY_NEW], FIRST).await?;
        if !free.is_success() {
            return refused_on_a_free_key(&free);
        }
        let taken = self.put(&key, &[ONLY_NEW], SECOND).await?;
        self.judge(&key, &taken).await
    }

    pub(super) async fn conditional_copy(&self) -> Found {
        let (first, second) = (self.key("copied-first"), self.key("copied-second"));
        self.given(&first, FIRST).await?;
        self.given(&second, SECOND).await?;
        let key = self.key("conditional-copy");
        let free = self.copy(&first, &key).await?;
        if !free.is_success() {
            return refused_on_a_free_key(&free);
        }
        let taken = self.copy(&second, &key).await?;
        self.judge(&key, &taken).await
    }

    pub(super) async fn conditional_complete(&self) -> Found {
        let key = self.key("conditional-complete");
        let (first, second) = (self.begin(&key).await?, self.begin(&key).await?);
        let free = self.complete(&key, &first, FIRST, &[ONLY_NEW]).await?;
        if !free.is_success() {
            return refused_on_a_free_key(&free);
        }
        let taken = self.complete(&key, &second, SECOND, &[ONLY_NEW]).await?;
        self.judge(&key, &taken).await
    }

    async fn copy(&self, from: &str, to: &str) -> Result<Answer, Error> {
        let source = format!("{}/{from}", self.store.bucket());
        self.put(to, &[ONLY_NEW, ("x-amz-copy-source", &source)], b"")
            .await
    }

    /// Uploads one part, and makes the object of it.
    pub(super) async fn complete(
        &self,
        key: &str,
        upload: &Multipart,
        body: &'static [u8],
        headers: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let etag = upload.part(1, &[body.into()]).await?;
        let parts = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
        );
        let parameters = [("uploadId", upload.upload_id())];
        self.send("POST", key, &parameters, headers, parts.as_bytes())
            .await
    }

    /// By what came of a write that should have been refused.
    async fn judge(&self, key: &str, answer: &Answer) -> Found {
        let stays = self.content(key).await?.as_deref() == Some(FIRST);
        let told = answer.told();
        match (answer.status, stays) {
            (412, true) => yes("on a taken key: 412, and the object stays as it was"),
            (_, true) => no(format!(
                "on a taken key: {told}, and the object stays as it was"
            )),
            (_, false) => no(format!(
                "on a taken key: {told}, and the object is replaced"
            )),
        }
    }
}

fn refused_on_a_free_key(answer: &Answer) -> Found {
    no(format!("on a free key: {}", answer.told()))
}
