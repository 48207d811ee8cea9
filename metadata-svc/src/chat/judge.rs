//! How requests about chats are judged.

use std::mem::take;

use contract::{
    Violations,
    blob::v1::BlobRef,
    id::Uuid,
    metadata::v1::{self, ChatState, CreateChatRequest, ListChatsRequest, UpdateChatRequest},
    page::PageScope,
    receipt::ReceiptKeys,
};
use prost::Message;
use tracing::{Span, field::display};

use super::{ChatPatch, NewChat, judge_user_id};
use crate::{
    blob_ref,
    error::Result,
    mask,
    page::{self, Paging},
    request_id::Call,
};

/// Judges the id of the chat that a call is about.
fn judge_id(v: &mut Violations, field: &str, id: &str) -> Uuid {
    let id = v.id(field, id);
    Span::current().record("chat_id", display(id));
    id
}

/// Judges the id of a chat to read.
pub(super) fn judge_get(chat_id: &str) -> Result<Uuid> {
    let mut v = Violations::default();
    let id = judge_id(&mut v, "chat_id", chat_id);
    Ok(v.accept(Some(id))?)
}

/// Judges a call that changes a chat as a whole.
pub(super) fn judge_call(
    method: &str,
    chat_id: &str,
    request_id: &str,
    request: &impl Message,
) -> Result<(Call, Uuid)> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, method, request_id, request);
    let id = judge_id(&mut v, "chat_id", chat_id);
    Ok(v.accept(Some((call, id)))?)
}

/// Judges from where a stream of turns is to begin.
pub(super) fn judge_after(chat_id: &str, after_seq: i64) -> Result<(Uuid, i64)> {
    let mut v = Violations::default();
    let id = judge_id(&mut v, "chat_id", chat_id);
    let after = v.non_negative("after_seq", after_seq);
    Ok(v.accept(Some((id, after)))?)
}

/// Judges a chat to create.
pub(super) fn judge_create(
    receipts: &ReceiptKeys,
    mut request: CreateChatRequest,
) -> Result<(Call, NewChat)> {
    let mut v = Violations::default();
    let id = request.request_id.clone();
    let call = blob_ref::judge_call(
        &mut v,
        receipts,
        "CreateChat",
        &id,
        &mut request,
        |request| document(&mut request.chat),
    );
    let new = v.required("chat", request.chat, |v, chat| {
        let new = NewChat::judge(v, chat);
        Span::current().record("chat_id", display(new.id));
        Some(new)
    });
    Ok(v.accept(new.map(|new| (call, new)))?)
}

/// The document that a request names.
fn document(chat: &mut Option<v1::Chat>) -> Vec<(String, &mut BlobRef)> {
    let document = chat.as_mut().and_then(|chat| chat.document.as_mut());
    let document = document.map(|blob| ("chat.document".to_owned(), blob));
    document.into_iter().collect()
}

/// What to change of which chat.
#[derive(Clone)]
pub(super) struct Update {
    pub(super) id: Uuid,
    pub(super) etag: String,
    pub(super) patch: ChatPatch,
}

/// Judges what to change of a chat.
pub(super) fn judge_update(
    receipts: &ReceiptKeys,
    mut request: UpdateChatRequest,
) -> Result<(Call, Update)> {
    let mut v = Violations::default();
    let id = request.request_id.clone();
    let call = blob_ref::judge_call(
        &mut v,
        receipts,
        "UpdateChat",
        &id,
        &mut request,
        |request| {
            let mask = request.update_mask.as_ref();
            let paths = mask.map(|mask| mask.paths.as_slice()).unwrap_or_default();
            let mut document = document(&mut request.chat);
            document.retain(|_| mask::names(paths, "document", true));
            document
        },
    );
    let Some(mut chat) = request.chat else {
        v.add("chat", "is required");
        return Ok(v.accept(None)?);
    };
    let update = Update {
        id: v.within("chat", |v| judge_id(v, "id", &chat.id)),
        etag: take(&mut chat.etag),
        patch: ChatPatch::judge(&mut v, request.update_mask, chat),
    };
    Ok(v.accept(Some((call, update)))?)
}

/// Which chats, and which page of them.
pub(super) struct List {
    pub(super) user: String,
    pub(super) state: ChatState,
    pub(super) paging: Paging<(i64, Uuid)>,
}

/// Judges which chats to list.
pub(super) fn judge_list(mut request: ListChatsRequest) -> Result<List> {
    let mut v = Violations::default();
    let (size, token) = (take(&mut request.page_size), take(&mut request.page_token));
    let scope = PageScope::new("ListChats", &request);
    let state = ChatState::try_from(request.state).unwrap_or_else(|_| {
        let allowed = "must be CHAT_STATE_ACTIVE, CHAT_STATE_ARCHIVED or CHAT_STATE_ALL";
        v.add("state", allowed);
        ChatState::Unspecified
    });
    let list = List {
        user: judge_user_id(&mut v, request.user_id),
        state,
        paging: Paging::judge(&mut v, scope, size, &token, page::read_cursor),
    };
    Ok(v.accept(Some(list))?)
}
