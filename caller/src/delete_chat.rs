//! Delete a chat with its objects.
//!
//! 1. `DeleteChat` removes the rows, and records what is to be removed from the store.
//! 2. `DeletePrefix` and `DeleteObjects` remove it.
//! 3. `AckDeletes` strikes the record out.
//!
//! Dead before 3: the record stays, and a rerun, or the sweep, finishes what it says.

use contract::{
    blob::v1::{DeleteError, DeleteObjectsRequest, DeletePrefixRequest, DeletePrefixResponse},
    id::{Uuid, derived_id},
    metadata::v1::{
        AckDeletesRequest, DeleteChatRequest, DeleteChatResponse, PendingDelete,
        pending_delete::Target,
    },
};
use tonic::Streaming;

use crate::{Caller, Error, Progress, Result, flow::Flow};

/// How many keys or ids one call takes.
const BATCH: usize = 1_000;

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Messages, as the first run counted them.
    pub message_count: i64,
    /// Images, as the first run counted them.
    pub image_count: i64,
    /// Search results, as the first run counted them.
    pub search_result_count: i64,
    /// Objects that this run removed.
    pub object_count: i64,
}

/// The request id to delete a chat with where the caller has none to remember: the chat decides it, so that any rerun
/// finishes the first run.
#[must_use]
pub fn delete_request_id(chat_id: Uuid) -> Uuid {
    derived_id(chat_id, "delete_chat")
}

impl Caller {
    /// Deletes a chat with its messages, images, search results and objects.
    ///
    /// # Errors
    /// As `DeleteChat`, `DeletePrefix`, `DeleteObjects` and `AckDeletes`; [`Error::Broken`] when the store kept some of the
    /// objects. The rows are gone then; a rerun with the same request id tries the rest again.
    pub async fn delete_chat(&self, chat_id: Uuid, request_id: Uuid) -> Result<Deleted> {
        let flow = Flow::begin(self, "delete_chat", request_id);
        let rows = delete_rows(&flow, chat_id).await?;
        let mut object_count = 0;
        let mut keys = Vec::new();
        for pending in &rows.pending_deletes {
            match &pending.target {
                Some(Target::Prefix(prefix)) => {
                    object_count += delete_prefix(&flow, prefix).await?
                }
                Some(Target::Key(key)) => keys.push(key.clone()),
                None => {}
            }
        }
        for batch in keys.chunks(BATCH) {
            object_count += delete_keys(&flow, batch).await?;
        }
        acknowledge(&flow, &rows.pending_deletes).await?;
        Ok(Deleted {
            message_count: rows.message_count,
            image_count: rows.image_count,
            search_result_count: rows.search_result_count,
            object_count,
        })
    }
}

async fn delete_rows(flow: &Flow, chat_id: Uuid) -> Result<DeleteChatResponse> {
    let request = DeleteChatRequest {
        chat_id: chat_id.to_string(),
        etag: String::new(),
        request_id: flow.id("DeleteChat").to_string(),
    };
    let delete = async |r| flow.caller.chats().delete_chat(r).await;
    flow.call("DeleteChat", request, delete).await
}

/// Removes what lies under a prefix; repeated from the beginning, it goes on with what is left.
async fn delete_prefix(flow: &Flow, prefix: &str) -> Result<i64> {
    let request = DeletePrefixRequest {
        prefix: prefix.to_owned(),
        request_id: flow.id("DeletePrefix").to_string(),
        ..Default::default()
    };
    let walk = || async {
        let mut objects = flow.caller.objects();
        let answer = objects.delete_prefix(flow.request(request.clone())).await;
        watch(
            flow,
            answer.map_err(Error::at("DeletePrefix"))?.into_inner(),
        )
        .await
    };
    flow.attempt("DeletePrefix", walk).await
}

/// Follows a walk over a prefix to its end.
async fn watch(flow: &Flow, mut walk: Streaming<DeletePrefixResponse>) -> Result<i64> {
    let mut seen = DeletePrefixResponse::default();
    let mut kept = Vec::new();
    while let Some(page) = walk.message().await.map_err(Error::at("DeletePrefix"))? {
        let grown = |now: i64, before: i64| now.saturating_sub(before).unsigned_abs();
        flow.tell(Progress::Expected(grown(
            page.matched_count,
            seen.matched_count,
        )));
        flow.tell(Progress::Done(grown(
            page.deleted_count,
            seen.deleted_count,
        )));
        kept.extend_from_slice(&page.errors);
        seen = page;
    }
    if !seen.done && kept.is_empty() {
        return Err(Error::Broken {
            step: "DeletePrefix",
            problem: "ended before it saw the whole prefix".into(),
        });
    }
    none_kept("DeletePrefix", &kept)?;
    Ok(seen.deleted_count)
}

async fn delete_keys(flow: &Flow, keys: &[String]) -> Result<i64> {
    flow.tell(Progress::Expected(keys.len() as u64));
    let request = DeleteObjectsRequest {
        keys: keys.to_vec(),
        request_id: flow.id("DeleteObjects").to_string(),
        ..Default::default()
    };
    let delete = async |r| flow.caller.objects().delete_objects(r).await;
    let answer = flow.call("DeleteObjects", request, delete).await?;
    flow.tell(Progress::Done(answer.deleted_keys.len() as u64));
    none_kept("DeleteObjects", &answer.errors)?;
    Ok(i64::try_from(answer.deleted_keys.len()).unwrap_or(i64::MAX))
}

fn none_kept(step: &'static str, kept: &[DeleteError]) -> Result<()> {
    let Some(first) = kept.first() else {
        return Ok(());
    };
    Err(Error::Broken {
        step,
        problem: format!(
            "{} objects could not be removed; the first is {}: {}",
            kept.len(),
            first.key,
            first.code
        ),
    })
}

async fn acknowledge(flow: &Flow, pending: &[PendingDelete]) -> Result<()> {
    for batch in pending.chunks(BATCH) {
        let request = AckDeletesRequest {
            ids: batch.iter().map(|p| p.id.clone()).collect(),
            request_id: flow.id("AckDeletes").to_string(),
        };
        let ack = async |r| flow.caller.ledger().ack_deletes(r).await;
        flow.call("AckDeletes", request, ack).await?;
    }
    Ok(())
}
