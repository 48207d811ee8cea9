//! How the ledger is asked for.

use contract::{
    metadata::v1::{
        AckDeletesRequest, AckDeletesResponse, FilterUnreferencedKeysRequest,
        FilterUnreferencedKeysResponse, ListPendingDeletesRequest, ListPendingDeletesResponse,
        ListReferencedKeysRequest, ListReferencedKeysResponse, PendDeletesRequest,
        PendDeletesResponse, ReserveKeysRequest, ReserveKeysResponse,
        blob_ledger_service_server::BlobLedgerService,
    },
    time::Time,
};
use futures::{FutureExt as _, stream::BoxStream};
use tonic::{Request, Response, Status};

use super::{
    judge::{judge_ack, judge_filter, judge_list, judge_pend, judge_range, judge_reserve},
    kv, referenced, sql,
};
use crate::{error::Answer, page::cursor, store::Store};

/// The rpcs of `BlobLedgerService`.
#[derive(Debug)]
pub(crate) struct BlobLedger {
    pub(crate) store: Store,
}

#[tonic::async_trait]
impl BlobLedgerService for BlobLedger {
    type ListReferencedKeysStream =
        BoxStream<'static, std::result::Result<ListReferencedKeysResponse, Status>>;

    async fn reserve_keys(
        &self,
        request: Request<ReserveKeysRequest>,
    ) -> Answer<ReserveKeysResponse> {
        let (call, reserve) = judge_reserve(request.into_inner())?;
        let reserved = self.store.once(
            call,
            reserve,
            |txn, (keys, expires_in)| kv::reservation::reserve(txn, &keys, txn.now + expires_in),
            |connection, (keys, expires_in), now| {
                async move {
                    sql::reservation::reserve(connection, &keys, now, now + expires_in).await
                }
                .boxed()
            },
            |ends: Time| ReserveKeysResponse {
                expire_time: Some(ends.to_wire()),
            },
        );
        Ok(Response::new(reserved.await?))
    }

    async fn pend_deletes(
        &self,
        request: Request<PendDeletesRequest>,
    ) -> Answer<PendDeletesResponse> {
        let keys = judge_pend(request.into_inner())?;
        let pending = self
            .store
            .write(keys, kv::pend_unreferenced, |connection, keys, now| {
                sql::pend_unreferenced(connection, keys, now).boxed()
            });
        Ok(Response::new(PendDeletesResponse {
            pending_deletes: pending.await?.into_iter().map(Into::into).collect(),
        }))
    }

    async fn list_pending_deletes(
        &self,
        request: Request<ListPendingDeletesRequest>,
    ) -> Answer<ListPendingDeletesResponse> {
        let paging = judge_list(request.into_inner())?;
        let page = self.store.read(
            (paging.after, paging.size),
            |txn, (after, size)| kv::pending::list(txn, after.map(|(_, id)| id), size),
            |connection, (after, size)| sql::pending::list(connection, after, size).boxed(),
        );
        let page = page.await?;
        let token = page.next_token(&paging.scope, |last| {
            cursor(last.create_time.micros(), last.id)
        });
        Ok(Response::new(ListPendingDeletesResponse {
            next_page_token: token,
            pending_deletes: page.rows.into_iter().map(Into::into).collect(),
        }))
    }

    async fn ack_deletes(&self, request: Request<AckDeletesRequest>) -> Answer<AckDeletesResponse> {
        let ids = judge_ack(request.into_inner())?;
        let acked = self
            .store
            .write(ids, kv::pending::ack, |connection, ids, now| {
                sql::pending::ack(connection, ids, now).boxed()
            });
        let acked_count = acked.await?;
        Ok(Response::new(AckDeletesResponse { acked_count }))
    }

    async fn filter_unreferenced_keys(
        &self,
        request: Request<FilterUnreferencedKeysRequest>,
    ) -> Answer<FilterUnreferencedKeysResponse> {
        let keys = judge_filter(request.into_inner())?;
        let unreferenced_keys = self.store.read(
            (keys, Time::now()),
            |txn, (keys, now)| kv::unreferenced(txn, keys, now),
            |connection, (keys, now)| {
                async move { sql::unreferenced(connection, &keys, now).await }.boxed()
            },
        );
        Ok(Response::new(FilterUnreferencedKeysResponse {
            unreferenced_keys: unreferenced_keys.await?,
        }))
    }

    async fn list_referenced_keys(
        &self,
        request: Request<ListReferencedKeysRequest>,
    ) -> Answer<Self::ListReferencedKeysStream> {
        let range = judge_range(request.into_inner())?;
        let keys = referenced::stream(self.store.clone(), range);
        Ok(Response::new(keys))
    }
}
