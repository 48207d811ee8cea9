//! How messages are asked for.

use std::mem::take;

use contract::{
    Violations,
    id::Uuid,
    metadata::v1::{
        AppendMessagesRequest, AppendMessagesResponse, DeleteMessageRequest, DeleteMessageResponse,
        GetMessageRequest, GetMessageResponse, ListMessagesRequest, ListMessagesResponse,
        MessageOrder, message_service_server::MessageService,
    },
    page::PageScope,
    receipt::ReceiptKeys,
};
use futures::FutureExt as _;
use tonic::{Request, Response};
use tracing::{Span, field::display};

use super::{
    judge_append::judge_append,
    kv,
    sql::{self, writer::Writer},
};
use crate::{
    blob_ledger,
    error::{Answer, Result},
    page::{Paging, number_cursor, read_number_cursor},
    request_id::Call,
    search,
    store::{Store, blocking, kv::Kv},
};

/// The rpcs of `MessageService`.
#[derive(Debug)]
pub(crate) struct Messages {
    store: Store,
    appends: Appends,
    receipts: ReceiptKeys,
}

/// Where appends go, to share their commits.
#[derive(Debug)]
enum Appends {
    Kv(Kv),
    Sql(Writer),
}

impl Messages {
    /// The messages of `store`; their images come with one of these receipts.
    pub(crate) fn of(store: Store, receipts: ReceiptKeys) -> Self {
        let appends = match &store {
            Store::Kv(kv) => Appends::Kv(kv.clone()),
            Store::Sql(sql) => Appends::Sql(Writer::new(sql)),
        };
        Self {
            store,
            appends,
            receipts,
        }
    }
}

#[tonic::async_trait]
impl MessageService for Messages {
    async fn append_messages(
        &self,
        request: Request<AppendMessagesRequest>,
    ) -> Answer<AppendMessagesResponse> {
        let (call, mut append) = judge_append(&self.receipts, request.into_inner())?;
        let appended = match &self.appends {
            Appends::Kv(store) => {
                // Stemming takes long: done before the write has the store to itself.
                let append = blocking(move || {
                    let contents = append.turns.iter().map(|turn| &turn.message.content);
                    append.lexemes = contents.map(|text| search::lexemes(text)).collect();
                    Ok(append)
                });
                let append = append.await?;
                store
                    .once(call, move |txn| kv::append(txn, append).map(answer))
                    .await?
            }
            Appends::Sql(writer) => writer.append(call, append).await?,
        };
        Ok(Response::new(appended))
    }

    async fn get_message(&self, request: Request<GetMessageRequest>) -> Answer<GetMessageResponse> {
        let id = judge_get(&request.into_inner().message_id)?;
        let message = self.store.read(id, kv::get, |connection, id| {
            sql::get(connection, id).boxed()
        });
        Ok(Response::new(GetMessageResponse {
            message: Some(message.await?.into()),
        }))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Answer<ListMessagesResponse> {
        let list = judge_list(request.into_inner())?;
        let (after, size) = (list.paging.after, list.paging.size);
        let page = self.store.read(
            (list.chat_id, list.order),
            move |txn, (chat, order)| kv::list(txn, chat, order, after, size),
            move |connection, (chat, order)| {
                sql::list(connection, chat, order, after, size).boxed()
            },
        );
        let page = page.await?;
        let token = page.next_token(&list.paging.scope, |last| number_cursor(last.seq));
        Ok(Response::new(ListMessagesResponse {
            messages: page.rows.into_iter().map(Into::into).collect(),
            next_page_token: token,
        }))
    }

    async fn delete_message(
        &self,
        request: Request<DeleteMessageRequest>,
    ) -> Answer<DeleteMessageResponse> {
        let (call, id) = judge_delete(request.into_inner())?;
        let deleted = self.store.once(
            call,
            id,
            kv::delete,
            |connection, id, now| sql::delete::delete(connection, id, now).boxed(),
            |deleted| DeleteMessageResponse {
                image_count: i64::try_from(deleted.images).unwrap_or(i64::MAX),
                search_result_count: i64::try_from(deleted.search_results).unwrap_or(i64::MAX),
                pending_deletes: blob_ledger::answered(deleted.pending),
            },
        );
        Ok(Response::new(deleted.await?))
    }
}

pub(super) fn answer(appended: kv::Appended) -> AppendMessagesResponse {
    AppendMessagesResponse {
        chat: Some(appended.chat.into()),
        turns: appended.turns.into_iter().map(Into::into).collect(),
        chat_created: appended.chat_created,
    }
}

fn judge_get(message_id: &str) -> Result<Uuid> {
    let mut v = Violations::default();
    let id = v.id("message_id", message_id);
    Span::current().record("message_id", display(id));
    Ok(v.accept(Some(id))?)
}

struct List {
    chat_id: Uuid,
    order: MessageOrder,
    paging: Paging<i64>,
}

fn judge_list(mut request: ListMessagesRequest) -> Result<List> {
    let mut v = Violations::default();
    let (size, token) = (take(&mut request.page_size), take(&mut request.page_token));
    let scope = PageScope::new("ListMessages", &request);
    let chat_id = v.id("chat_id", &request.chat_id);
    Span::current().record("chat_id", display(chat_id));
    let order = MessageOrder::try_from(request.order).unwrap_or_else(|_| {
        let allowed = "must be MESSAGE_ORDER_OLDEST_FIRST or MESSAGE_ORDER_NEWEST_FIRST";
        v.add("order", allowed);
        MessageOrder::Unspecified
    });
    let list = List {
        chat_id,
        order,
        paging: Paging::judge(&mut v, scope, size, &token, read_number_cursor),
    };
    Ok(v.accept(Some(list))?)
}

fn judge_delete(request: DeleteMessageRequest) -> Result<(Call, Uuid)> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, "DeleteMessage", &request.request_id, &request);
    let id = v.id("message_id", &request.message_id);
    Span::current().record("message_id", display(id));
    Ok(v.accept(Some((call, id)))?)
}
