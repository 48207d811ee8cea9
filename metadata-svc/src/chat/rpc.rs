//! How chats are asked for. What is asked of a chat as a whole has rooms of its own: `history`, `watch`, `search`, `usage`.

use contract::{
    metadata::v1::{
        ArchiveChatRequest, ArchiveChatResponse, CreateChatRequest, CreateChatResponse,
        DeleteChatRequest, DeleteChatResponse, GetChatHistoryRequest, GetChatHistoryResponse,
        GetChatRequest, GetChatResponse, GetUsageRequest, GetUsageResponse, GrantBlobAccessRequest,
        GrantBlobAccessResponse, ListChatsRequest, ListChatsResponse, SearchMessagesRequest,
        SearchMessagesResponse, UnarchiveChatRequest, UnarchiveChatResponse, UpdateChatRequest,
        UpdateChatResponse, WatchChatRequest, WatchChatResponse, chat_service_server::ChatService,
    },
    status,
};
use futures::stream::BoxStream;
use tonic::{Request, Response, Status};

use super::{
    Chat,
    judge::{judge_after, judge_call, judge_create, judge_get, judge_list, judge_update},
    kv,
};
use crate::{blob_ledger, error::Answer, history, page, search, store::Store, usage, watch};

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
        let cursor = |last: &Chat| page::cursor(last.create_time.micros(), last.id);
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

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
