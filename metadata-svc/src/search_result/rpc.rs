//! How search results are asked for.

use std::{collections::HashSet, mem::take};

use contract::{
    Violations,
    id::Uuid,
    metadata::v1::{
        AddSearchResultsRequest, AddSearchResultsResponse, ListSearchResultsRequest,
        ListSearchResultsResponse, search_result_service_server::SearchResultService,
    },
    page::PageScope,
};
use futures::FutureExt as _;
use tonic::{Request, Response};
use tracing::{Span, field::display};

use super::{NewSearchResult, kv, sql};
use crate::{
    attachment::{Owner, Parents, chats_said, judge_row, kv::SEARCH_RESULTS, page},
    error::{Answer, Result},
    page::{Paging, read_number_cursor},
    request_id::Call,
    store::Store,
};

/// The rpcs of `SearchResultService`.
#[derive(Debug)]
pub(crate) struct SearchResults {
    pub(crate) store: Store,
}

#[tonic::async_trait]
impl SearchResultService for SearchResults {
    async fn add_search_results(
        &self,
        request: Request<AddSearchResultsRequest>,
    ) -> Answer<AddSearchResultsResponse> {
        let add = judge_add(request.into_inner())?;
        let added = self.store.once(
            add.call,
            (add.message_id, add.results, add.chats_said),
            |txn, (message, results, said)| kv::add(txn, message, results, &said),
            |connection, (message, results, said), now| {
                async move { sql::add(connection, message, results, &said, now).await }.boxed()
            },
            |results| AddSearchResultsResponse {
                search_results: results.into_iter().map(Into::into).collect(),
            },
        );
        Ok(Response::new(added.await?))
    }

    async fn list_search_results(
        &self,
        request: Request<ListSearchResultsRequest>,
    ) -> Answer<ListSearchResultsResponse> {
        let (owner, paging) = judge_list(request.into_inner())?;
        let (rows, next_page_token) = page(
            &self.store,
            SEARCH_RESULTS,
            |connection, owner, after, size| sql::list(connection, owner, after, size).boxed(),
            owner,
            paging,
        )
        .await?;
        Ok(Response::new(ListSearchResultsResponse {
            search_results: rows.into_iter().map(Into::into).collect(),
            next_page_token,
        }))
    }
}

struct Add {
    call: Call,
    message_id: Uuid,
    results: Vec<NewSearchResult>,
    chats_said: Vec<Option<Uuid>>,
}

fn judge_add(request: AddSearchResultsRequest) -> Result<Add> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, "AddSearchResults", &request.request_id, &request);
    let message_id = v.id("message_id", &request.message_id);
    Span::current().record("message_id", display(message_id));
    let parents = Parents {
        chat: None,
        message: Some(message_id),
    };
    let chats_said = chats_said(&request.search_results);
    let mut seen = HashSet::new();
    let results = v.batch("search_results", request.search_results, |v, result| {
        judge_row(v, result, parents, &mut seen, NewSearchResult::judge)
    });
    let add = Add {
        call,
        message_id,
        results,
        chats_said,
    };
    Ok(v.accept(Some(add))?)
}

fn judge_list(mut request: ListSearchResultsRequest) -> Result<(Owner, Paging<i64>)> {
    let mut v = Violations::default();
    let (size, token) = (take(&mut request.page_size), take(&mut request.page_token));
    let scope = PageScope::new("ListSearchResults", &request);
    let paging = Paging::judge(&mut v, scope, size, &token, read_number_cursor);
    let owner = Owner::judge(&mut v, &request.chat_id, &request.message_id);
    Ok(v.accept(owner.map(|owner| (owner, paging)))?)
}
