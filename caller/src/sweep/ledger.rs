//! The ledger's side of the walk: every key that a row names, in byte order.

use contract::metadata::v1::{
    ListReferencedKeysRequest, ListReferencedKeysResponse, ReferencedKey,
};
use futures::{Stream, stream};
use tonic::{Code, Streaming};

use crate::{Error, Result, flow::Flow};

const STEP: &str = "ListReferencedKeys";

/// Pages of keys that rows name. A stream that breaks off is resumed behind the last key that came.
pub(super) fn rows(flow: &Flow) -> impl Stream<Item = Result<Vec<ReferencedKey>>> + use<> {
    let reader = Reader {
        flow: flow.clone(),
        after_key: String::new(),
        stream: None,
    };
    stream::try_unfold(reader, |mut reader| async move {
        let page = reader.page().await?;
        Ok(page.map(|page| (page, reader)))
    })
}

struct Reader {
    flow: Flow,
    after_key: String,
    stream: Option<Streaming<ListReferencedKeysResponse>>,
}

impl Reader {
    async fn page(&mut self) -> Result<Option<Vec<ReferencedKey>>> {
        if let Some(mut stream) = self.stream.take() {
            match self.flow.next(STEP, stream.message()).await {
                Err(error) if is_break(&error) => {}
                page => {
                    self.stream = Some(stream);
                    return self.taken(page?);
                }
            }
        }
        // The first page belongs to the begin, so that each begin that counts leads further.
        let begin = || begin(&self.flow, &self.after_key);
        let (page, stream) = self.flow.attempt(STEP, begin).await?;
        self.stream = Some(stream);
        self.taken(page)
    }

    /// A page, when it leads further.
    fn taken(
        &mut self,
        page: Option<ListReferencedKeysResponse>,
    ) -> Result<Option<Vec<ReferencedKey>>> {
        let Some(ListReferencedKeysResponse { keys }) = page else {
            return Ok(None);
        };
        for ReferencedKey { key, .. } in &keys {
            if *key <= self.after_key {
                return Err(Error::Broken {
                    step: STEP,
                    problem: format!("keys do not rise: {key} came behind {}", self.after_key),
                });
            }
            self.after_key.clone_from(key);
        }
        Ok(Some(keys))
    }
}

async fn begin(
    flow: &Flow,
    after_key: &str,
) -> Result<(
    Option<ListReferencedKeysResponse>,
    Streaming<ListReferencedKeysResponse>,
)> {
    let request = ListReferencedKeysRequest {
        prefix: String::new(),
        after_key: after_key.to_owned(),
    };
    let mut ledger = flow.caller.ledger();
    let answer = ledger
        .list_referenced_keys(flow.stream_request(request))
        .await;
    let mut stream = answer.map_err(Error::at(STEP))?.into_inner();
    let first = stream.message().await.map_err(Error::at(STEP))?;
    Ok((first, stream))
}

/// Whether a stream may be resumed: also one that the service ended because it took the longest time that it grants.
fn is_break(error: &Error) -> bool {
    let is_over =
        |error: &Error| error.status().map(tonic::Status::code) == Some(Code::DeadlineExceeded);
    error.is_transient() || is_over(error)
}
