//! Forms as browsers send them (`multipart/form-data`, RFC 7578).

use super::bench::Bench;
use super::{Found, no, yes};
use crate::s3::{Answer, Error};
use crate::sign::Form;
use time::OffsetDateTime;

const BOUNDARY: &str = "chatstore-probe-2f1c7b0e9d";
const KIND: &str = "multipart/form-data; boundary=chatstore-probe-2f1c7b0e9d";

impl Bench {
    pub(super) async fn post_policy(&self) -> Found {
        let key = self.key("form");
        let form = self
            .pen(OffsetDateTime::now_utc())
            .form(&key, "text/plain", 1..=4);
        let long = self.post(&form, b"12345").await?;
        if long.is_success() || self.content(&key).await?.is_some() {
            return no(format!(
                "a file above the policy's length: {}, and it is stored",
                long.told()
            ));
        }
        let fitting = self.post(&form, b"1234").await?;
        if self.content(&key).await?.as_deref() != Some(b"1234") {
            return no(format!(
                "a file as the policy has it: {}, and it is not stored",
                fitting.told()
            ));
        }
        yes(format!(
            "a file above the policy's length: {}, one within it: {}",
            long.told(),
            fitting.told()
        ))
    }

    async fn post(&self, form: &Form, file: &[u8]) -> Result<Answer, Error> {
        let headers = [("content-type", KIND)];
        let body = body(form, file);
        let answer = self
            .store
            .send_unsigned("POST", &form.url, &headers, body)
            .await?;
        // A store that does not know forms may answer with any failure, but a busy one proves nothing.
        if matches!(answer.status, 429 | 503 | 504) {
            return Err(Error::Unavailable);
        }
        Ok(answer)
    }
}

fn body(form: &Form, file: &[u8]) -> Vec<u8> {
    let field = |(name, value): &(&str, String)| {
        format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let fields: String = form.fields.iter().map(field).collect();
    let head = format!(
        "{fields}--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\
         content-type: text/plain\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    [head.as_bytes(), file, tail.as_bytes()].concat()
}
