//! How chats are asked for. What is asked of a chat as a whole has rooms of its own: `history`, `watch`, `search`, `usage`.

use std::mem::take;

use contract::{
    Violations,
    id::Uuid,
    metadata::v1::{
        ArchiveChatRequest, ArchiveChatResponse, ChatState, CreateChatRequest, CreateChatResponse,
        DeleteChatRequest, DeleteChatResponse, GetChatHistoryRequest, GetChatHistoryResponse,
        GetChatRequest, GetChatResponse, GetUsageRequest, GetUsageResponse, GrantBlobAccessRequest,
        GrantBlobAccessResponse, ListChatsRequest, ListChatsResponse, SearchMessagesRequest,
        SearchMessagesResponse, UnarchiveChatRequest, UnarchiveChatResponse, UpdateChatRequest,
        UpdateChatResponse, WatchChatRequest, WatchChatResponse, chat_service_server::ChatService,
    },
    page::PageScope,
    status,
};
use futures::stream::BoxStream;
use tonic::{Request, Response, Status};
use tracing::{Span, field::display};

use super::{ChatPatch, NewChat, judge_user_id, kv};
use crate::{
    blob_ledger,
    error::Result,
    history,
    page::{self, Paging},
    request_id::Call,
    search,
    store::Store,
    usage, watch,
};

type Answer<T> = std::result::Result<Response<T>, Status>;

/// The rpcs of `ChatService`.
#[derive(Debug)]
pub(crate) struct Chats {
    pub(crate) store: Store,
}

#[tonic::async_trait]
impl ChatService for Chats {
    type GetChatHistoryStream =
        BoxStream<'static, std::result::Result<GetChatHistoryResponse, Status>>;
    type WatchChatStream = BoxStream<'static, std::result::Result<WatchChatResponse, Status>>;

    async fn create_chat(&self, request: Request<CreateChatRequest>) -> Answer<CreateChatResponse> {
        let (call, new) = judge_create(request.into_inner())?;
        let created = self.store.once(call, move |txn| {
            Ok(CreateChatResponse {
                chat: Some(kv::create(txn, new)?.into()),
            })
        });
        Ok(Response::new(created.await?))
    }

    async fn get_chat(&self, request: Request<GetChatRequest>) -> Answer<GetChatResponse> {
        let id = judge_get(&request.into_inner().chat_id)?;
        let chat = self.store.read(move |txn| kv::get(txn, id)).await?;
        Ok(Response::new(GetChatResponse {
            chat: Some(chat.into()),
        }))
    }

    async fn list_chats(&self, request: Request<ListChatsRequest>) -> Answer<ListChatsResponse> {
        let list = judge_list(request.into_inner())?;
        let (after, size) = (list.paging.after, list.paging.size);
        let page = self
            .store
            .read(move |txn| kv::list(txn, &list.user, list.state, after, size))
            .await?;
        let cursor = |last: &super::Chat| page::cursor(last.create_time.micros(), last.id);
        Ok(Response::new(ListChatsResponse {
            next_page_token: page.next_token(&list.paging.scope, cursor),
            chats: page.rows.into_iter().map(Into::into).collect(),
        }))
    }

    async fn update_chat(&self, request: Request<UpdateChatRequest>) -> Answer<UpdateChatResponse> {
        let (call, update) = judge_update(request.into_inner())?;
        let updated = self.store.once(call, move |txn| {
            let chat = kv::update(txn, update.id, &update.etag, update.patch)?;
            Ok(UpdateChatResponse {
                chat: Some(chat.into()),
            })
        });
        Ok(Response::new(updated.await?))
    }

    async fn archive_chat(
        &self,
        request: Request<ArchiveChatRequest>,
    ) -> Answer<ArchiveChatResponse> {
        let request = request.into_inner();
        let (call, id) = judge_call(
            "ArchiveChat",
            &request.chat_id,
            &request.request_id,
            &request,
        )?;
        let archived = self.store.once(call, move |txn| {
            let chat = kv::archive(txn, id, &request.etag, true)?;
            Ok(ArchiveChatResponse {
                chat: Some(chat.into()),
            })
        });
        Ok(Response::new(archived.await?))
    }

    async fn unarchive_chat(
        &self,
        request: Request<UnarchiveChatRequest>,
    ) -> Answer<UnarchiveChatResponse> {
        let request = request.into_inner();
        let (call, id) = judge_call(
            "UnarchiveChat",
            &request.chat_id,
            &request.request_id,
            &request,
        )?;
        let unarchived = self.store.once(call, move |txn| {
            let chat = kv::archive(txn, id, &request.etag, false)?;
            Ok(UnarchiveChatResponse {
                chat: Some(chat.into()),
            })
        });
        Ok(Response::new(unarchived.await?))
    }

    async fn delete_chat(&self, request: Request<DeleteChatRequest>) -> Answer<DeleteChatResponse> {
        let request = request.into_inner();
        let (call, id) = judge_call(
            "DeleteChat",
            &request.chat_id,
            &request.request_id,
            &request,
        )?;
        let deleted = self.store.once(call, move |txn| {
            let deleted = kv::delete(txn, id, &request.etag)?;
            Ok(DeleteChatResponse {
                message_count: count(deleted.messages),
                image_count: count(deleted.images),
                search_result_count: count(deleted.search_results),
                pending_deletes: blob_ledger::answered(deleted.pending),
            })
        });
        Ok(Response::new(deleted.await?))
    }

    async fn get_chat_history(
        &self,
        request: Request<GetChatHistoryRequest>,
    ) -> Answer<Self::GetChatHistoryStream> {
        let request = request.into_inner();
        let (id, after) = judge_after(&request.chat_id, request.after_seq)?;
        let turns = history::stream(self.store.clone(), id, after).await?;
        Ok(Response::new(turns))
    }

    async fn watch_chat(
        &self,
        request: Request<WatchChatRequest>,
    ) -> Answer<Self::WatchChatStream> {
        let request = request.into_inner();
        let (id, after) = judge_after(&request.chat_id, request.after_seq)?;
        let events = watch::stream(self.store.clone(), id, after).await?;
        Ok(Response::new(events))
    }

    async fn search_messages(
        &self,
        request: Request<SearchMessagesRequest>,
    ) -> Answer<SearchMessagesResponse> {
        let page = search::rpc::search(&self.store, request.into_inner()).await?;
        Ok(Response::new(page))
    }

    async fn get_usage(&self, request: Request<GetUsageRequest>) -> Answer<GetUsageResponse> {
        let usage = usage::get(&self.store, request.into_inner()).await?;
        Ok(Response::new(usage))
    }

    async fn grant_blob_access(
        &self,
        _: Request<GrantBlobAccessRequest>,
    ) -> Answer<GrantBlobAccessResponse> {
        Err(status::unimplemented("GrantBlobAccess"))
    }
}

/// Judges the id of the chat that a call is about.
fn judge_id(v: &mut Violations, field: &str, id: &str) -> Uuid {
    let id = v.id(field, id);
    Span::current().record("chat_id", display(id));
    id
}

fn judge_get(chat_id: &str) -> Result<Uuid> {
    let mut v = Violations::default();
    let id = judge_id(&mut v, "chat_id", chat_id);
    Ok(v.accept(Some(id))?)
}

/// Judges a call that changes a chat as a whole.
fn judge_call(
    method: &str,
    chat_id: &str,
    request_id: &str,
    request: &impl prost::Message,
) -> Result<(Call, Uuid)> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, method, request_id, request);
    let id = judge_id(&mut v, "chat_id", chat_id);
    Ok(v.accept(Some((call, id)))?)
}

/// Judges from where a stream of turns is to begin.
fn judge_after(chat_id: &str, after_seq: i64) -> Result<(Uuid, i64)> {
    let mut v = Violations::default();
    let id = judge_id(&mut v, "chat_id", chat_id);
    let after = v.non_negative("after_seq", after_seq);
    Ok(v.accept(Some((id, after)))?)
}

fn judge_create(request: CreateChatRequest) -> Result<(Call, NewChat)> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, "CreateChat", &request.request_id, &request);
    let new = v.required("chat", request.chat, |v, chat| {
        let new = NewChat::judge(v, chat);
        Span::current().record("chat_id", display(new.id));
        Some(new)
    });
    Ok(v.accept(new.map(|new| (call, new)))?)
}

struct Update {
    id: Uuid,
    etag: String,
    patch: ChatPatch,
}

fn judge_update(request: UpdateChatRequest) -> Result<(Call, Update)> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, "UpdateChat", &request.request_id, &request);
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

struct List {
    user: String,
    state: ChatState,
    paging: Paging<(i64, Uuid)>,
}

fn judge_list(mut request: ListChatsRequest) -> Result<List> {
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

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
