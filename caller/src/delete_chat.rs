//! Delete a chat with its objects.
//!
//! 1. `DeleteChat` removes the rows, and records in the same transaction what is to be removed from the store.
//! 2. What was recorded is drained: `DeletePrefix` and `DeleteObjects` remove it, `AckDeletes` strikes the records out.
//! 3. Where a chat has left more than 1,000 records, `ListPendingDeletes` names them, and all that it names is drained.
//!
//! Dead behind 1: nobody sees the chat any more, and no row can name its keys again; its objects lie there until a rerun, or the
//! sweep, drains the records. Dead within 2 or 3: the same, with fewer of them.

use contract::{
    id::{Uuid, derived_id},
    metadata::v1::{DeleteChatRequest, DeleteChatResponse},
};

use crate::{
    Caller, Error, Result,
    drain::{BATCH, Kept, drain, drain_ledger},
    flow::Flow,
    sample::Sample,
};

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
        let mut drained = drain(&flow, &rows.pending_deletes).await?;
        // The answer names no more than that; the ledger has the rest.
        if rows.pending_deletes.len() >= BATCH {
            drained.add(drain_ledger(&flow).await?);
        }
        none_kept(&drained.kept)?;
        Ok(Deleted {
            message_count: rows.message_count,
            image_count: rows.image_count,
            search_result_count: rows.search_result_count,
            object_count: i64::try_from(drained.object_count).unwrap_or(i64::MAX),
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

/// The rows are gone, but not all of the objects.
fn none_kept(kept: &Sample<Kept>) -> Result<()> {
    let Some(first) = kept.first.first() else {
        return Ok(());
    };
    Err(Error::Broken {
        step: "DeleteObjects",
        problem: format!(
            "{} objects could not be removed; the first is {}: {}",
            kept.count, first.key, first.code
        ),
    })
}
