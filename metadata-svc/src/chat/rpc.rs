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
    receipt::ReceiptKeys,
    status,
};
use futures::{FutureExt as _, stream::BoxStream};
use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Chat,
    judge::{judge_after, judge_call, judge_create, judge_get, judge_list, judge_update},
    kv, sql,
};
use crate::{
    blob_ledger,
    error::{Answer, Result},
    history, page,
    request_id::Call,
    search,
    store::Store,
    usage, watch,
};

/// The rpcs of `ChatService`.
#[derive(Debug)]
pub(crate) struct Chats {
    pub(crate) store: Store,
    pub(crate) receipts: ReceiptKeys,
}

impl Chats {
    /// Archives a chat, or brings it back.
    async fn archive<A: Message + Default + 'static>(
        &self,
        call: Call,
        (id, etag): (Uuid, String),
        is_archived: bool,
        answer: fn(Chat) -> A,
    ) -> Result<A> {
        self.store
            .once(
                call,
                (id, etag),
                move |txn, (id, etag)| kv::archive(txn, id, &etag, is_archived),
                move |connection, (id, etag), now| {
                    async move { sql::archive(connection, id, &etag, is_archived, now).await }
                        .boxed()
                },
                answer,
            )
            .await
    }
}

#[tonic::async_trait]
impl ChatService for Chats {
    type GetChatHistoryStream =
        BoxStream<'static, std::result::Result<GetChatHistoryResponse, Status>>;
    type WatchChatStream = BoxStream<'static, std::result::Result<WatchChatResponse, Status>>;

    async fn create_chat(&self, request: Request<CreateChatRequest>) -> Answer<CreateChatResponse> {
        let (call, new) = judge_create(&self.receipts, request.into_inner())?;
        let created = self.store.once(
            call,
            new,
            kv::create,
            |connection, new, now| sql::create(connection, new, now).boxed(),
            |chat| CreateChatResponse {
                chat: Some(chat.into()),
            },
        );
        Ok(Response::new(created.await?))
    }

    async fn get_chat(&self, request: Request<GetChatRequest>) -> Answer<GetChatResponse> {
        let id = judge_get(&request.into_inner().chat_id)?;
        let chat = super::get(&self.store, id);
        Ok(Response::new(GetChatResponse {
            chat: Some(chat.await?.into()),
        }))
    }

    async fn list_chats(&self, request: Request<ListChatsRequest>) -> Answer<ListChatsResponse> {
        let list = judge_list(request.into_inner())?;
        let (after, size) = (list.paging.after, list.paging.size);
        let page = self.store.read(
            (list.user, list.state),
            move |txn, (user, state)| kv::list(txn, &user, state, after, size),
            move |connection, (user, state)| {
                async move { sql::list(connection, &user, state, after, size).await }.boxed()
            },
        );
        let page = page.await?;
        let cursor = |last: &Chat| page::cursor(last.create_time.micros(), last.id);
        Ok(Response::new(ListChatsResponse {
            next_page_token: page.next_token(&list.paging.scope, cursor),
            chats: page.rows.into_iter().map(Into::into).collect(),
        }))
    }

    async fn update_chat(&self, request: Request<UpdateChatRequest>) -> Answer<UpdateChatResponse> {
        let (call, update) = judge_update(&self.receipts, request.into_inner())?;
        let updated = self.store.once(
            call,
            update,
            |txn, update| kv::update(txn, update.id, &update.etag, update.patch),
            |connection, update, now| {
                async move {
                    sql::update(connection, update.id, &update.etag, update.patch, now).await
                }
                .boxed()
            },
            |chat| UpdateChatResponse {
                chat: Some(chat.into()),
            },
        );
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
        let archived = self.archive(call, (id, request.etag), true, |chat| ArchiveChatResponse {
            chat: Some(chat.into()),
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
        let unarchived = self.archive(call, (id, request.etag), false, |chat| {
            UnarchiveChatResponse {
                chat: Some(chat.into()),
            }
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
        let deleted = self.store.once(
            call,
            (id, request.etag),
            |txn, (id, etag)| kv::delete(txn, id, &etag),
            |connection, (id, etag), now| {
                async move { sql::delete::delete(connection, id, &etag, now).await }.boxed()
            },
            |deleted| DeleteChatResponse {
                message_count: count(deleted.messages),
                image_count: count(deleted.images),
                search_result_count: count(deleted.search_results),
                pending_deletes: blob_ledger::answered(deleted.pending),
            },
        );
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
