//! How the ledger is asked for.

use std::collections::HashSet;

use contract::{
    Violations,
    metadata::v1::{
        AckDeletesRequest, AckDeletesResponse, FilterUnreferencedKeysRequest,
        FilterUnreferencedKeysResponse, ListPendingDeletesRequest, ListPendingDeletesResponse,
        ListReferencedKeysRequest, ListReferencedKeysResponse, PendDeletesRequest,
        PendDeletesResponse, ReserveKeysRequest, ReserveKeysResponse,
        blob_ledger_service_server::BlobLedgerService,
    },
    page::PageScope,
    status,
};
use futures::{FutureExt as _, stream::Empty};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{kv, sql};
use crate::{
    error::{Answer, Result},
    page::Paging,
    store::Store,
};

/// The rpcs of `BlobLedgerService`.
#[derive(Debug)]
pub(crate) struct BlobLedger {
    pub(crate) store: Store,
}

#[tonic::async_trait]
impl BlobLedgerService for BlobLedger {
    type ListReferencedKeysStream = Empty<std::result::Result<ListReferencedKeysResponse, Status>>;

    async fn list_pending_deletes(
        &self,
        request: Request<ListPendingDeletesRequest>,
    ) -> Answer<ListPendingDeletesResponse> {
        let paging = judge_list(request.into_inner())?;
        let page = self.store.read(
            (paging.after, paging.size),
            |txn, (after, size)| kv::list(txn, after, size),
            |connection, (after, size)| sql::list(connection, after, size).boxed(),
        );
        let page = page.await?;
        Ok(Response::new(ListPendingDeletesResponse {
            next_page_token: page.next_token(&paging.scope, |last| *last.id.as_bytes()),
            pending_deletes: page.rows.into_iter().map(Into::into).collect(),
        }))
    }

    async fn ack_deletes(&self, request: Request<AckDeletesRequest>) -> Answer<AckDeletesResponse> {
        let ids = judge_ack(request.into_inner())?;
        let acked_count = self
            .store
            .write(ids, kv::ack, |connection, ids, _| {
                sql::ack(connection, ids).boxed()
            })
            .await?;
        Ok(Response::new(AckDeletesResponse { acked_count }))
    }

    async fn pend_deletes(&self, _: Request<PendDeletesRequest>) -> Answer<PendDeletesResponse> {
        Err(status::unimplemented("PendDeletes"))
    }

    async fn reserve_keys(&self, _: Request<ReserveKeysRequest>) -> Answer<ReserveKeysResponse> {
        Err(status::unimplemented("ReserveKeys"))
    }

    async fn filter_unreferenced_keys(
        &self,
        _: Request<FilterUnreferencedKeysRequest>,
    ) -> Answer<FilterUnreferencedKeysResponse> {
        Err(status::unimplemented("FilterUnreferencedKeys"))
    }

    async fn list_referenced_keys(
        &self,
        _: Request<ListReferencedKeysRequest>,
    ) -> Answer<Self::ListReferencedKeysStream> {
        Err(status::unimplemented("ListReferencedKeys"))
    }
}

fn judge_list(request: ListPendingDeletesRequest) -> Result<Paging<Uuid>> {
    let mut v = Violations::default();
    let scope = PageScope::new("ListPendingDeletes", &ListPendingDeletesRequest::default());
    let read = |cursor: &[u8]| Uuid::from_slice(cursor).ok();
    let paging = Paging::judge(&mut v, scope, request.page_size, &request.page_token, read);
    Ok(v.accept(Some(paging))?)
}

fn judge_ack(request: AckDeletesRequest) -> Result<Vec<Uuid>> {
    let mut v = Violations::default();
    v.optional_id("request_id", &request.request_id);
    let ids = judge_ids(&mut v, request.ids);
    Ok(v.accept(Some(ids))?)
}

fn judge_ids(v: &mut Violations, ids: Vec<String>) -> Vec<Uuid> {
    if ids.is_empty() || ids.len() > contract::page::MAX_SIZE {
        v.add(
            "ids",
            format!("must have 1 to 1,000 items, has {}", ids.len()),
        );
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let judged = ids.iter().enumerate().map(|(i, text)| {
        let field = format!("ids[{i}]");
        let id = v.id(&field, text);
        if !id.is_nil() && !seen.insert(id) {
            v.add(&field, "stands in the batch twice");
        }
        id
    });
    judged.collect()
}
