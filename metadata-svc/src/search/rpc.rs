//! How messages are searched for.

use std::{mem::take, sync::Arc};

use contract::{
    Violations,
    id::Uuid,
    metadata::v1::{SearchHit, SearchMessagesRequest, SearchMessagesResponse, SnippetRun},
    page::PageScope,
    violation::Max,
};
use futures::{FutureExt as _, TryStreamExt as _};
use tracing::{Span, field::display};

use super::{
    Query,
    kv::{self, Filter, Hit, Rank},
    snippet,
    sql::{self, Scope},
};
use crate::{
    chat::{self, judge_user_id},
    error::{Error, Result},
    message::judge_role,
    page::{Page, Paging},
    postgres::Connection,
    store::{Store, blocking, kv::Tables},
};

const MAX_QUERY: Max = Max::Chars(1_000);
/// A snippet of a longer text is cut off the runtime's workers.
const LONG_BYTES: usize = 16 << 10;

/// Answers `SearchMessages`.
pub(crate) async fn search(
    store: &Store,
    request: SearchMessagesRequest,
) -> Result<SearchMessagesResponse> {
    let (search, paging) = judge(request)?;
    let (after, size) = (paging.after, paging.size);
    let hits = store.read(
        search,
        move |txn, search| {
            let chats = search.chats(txn)?;
            let hits = kv::find(txn, chats, &search.query, &search.filter, after, size)?;
            Ok(hits
                .into_iter()
                .map(|hit| to_wire(&search.query, hit))
                .collect())
        },
        move |connection, search| find(connection, search, after, size).boxed(),
    );
    let hits: Vec<Shown> = hits.await?;
    let page = Page::fill(hits.into_iter().map(Ok), size, |_| 0)?;
    Ok(SearchMessagesResponse {
        next_page_token: page.next_token(&paging.scope, |(rank, _)| cursor(*rank)),
        hits: page.rows.into_iter().map(|(_, hit)| hit).collect(),
    })
}

/// Finds in Postgres.
async fn find(
    connection: &mut Connection,
    search: Search,
    after: Option<Rank>,
    size: usize,
) -> Result<Vec<Shown>> {
    let user = search.user.as_deref();
    let scope = match search.chat {
        Some(id) => Scope::chat(connection, id, user).await?,
        None => Scope::user(user.unwrap_or_default()),
    };
    let query = Arc::new(search.query);
    let hits = sql::find(connection, &scope, &query, &search.filter, after, size).await?;
    let hits = hits.and_then(async |hit| {
        if hit.message.given.content.len() <= LONG_BYTES {
            return Ok(to_wire(&query, hit));
        }
        let query = query.clone();
        blocking(move || Ok(to_wire(&query, hit))).await
    });
    hits.try_collect().await
}

/// A hit as it is answered, with its place in the list.
type Shown = (Rank, SearchHit);

struct Search {
    user: Option<String>,
    chat: Option<Uuid>,
    query: Query,
    filter: Filter,
}

impl Search {
    /// The chats to search. A chat that is not the user's is absent to him.
    fn chats(&self, txn: &impl Tables) -> Result<Vec<Uuid>> {
        let Some(id) = self.chat else {
            return chat::kv::ids_of_user(txn, self.user.as_deref().unwrap_or_default());
        };
        let chat = chat::kv::get(txn, id)?;
        match &self.user {
            Some(user) if *user != chat.user_id => Err(Error::no_chat(id)),
            _ => Ok(vec![id]),
        }
    }
}

fn judge(mut request: SearchMessagesRequest) -> Result<(Search, Paging<Rank>)> {
    let mut v = Violations::default();
    let (size, token) = (take(&mut request.page_size), take(&mut request.page_token));
    let scope = PageScope::new("SearchMessages", &request);
    let paging = Paging::judge(&mut v, scope, size, &token, read_cursor);
    if request.user_id.is_empty() && request.chat_id.is_empty() {
        for field in ["user_id", "chat_id"] {
            v.add(field, "one of user_id and chat_id is required");
        }
    }
    let chat = v.optional_id("chat_id", &request.chat_id);
    Span::current().record("chat_id", chat.map(display));
    let user = (!request.user_id.is_empty()).then(|| judge_user_id(&mut v, request.user_id));
    let query = judge_query(&mut v, request.query);
    let roles = request.roles.into_iter().enumerate();
    let filter = Filter {
        roles: roles
            .filter_map(|(i, role)| judge_role(&mut v, &format!("roles[{i}]"), role))
            .collect(),
        start: v.time("start_time", request.start_time),
        end: v.time("end_time", request.end_time),
    };
    let search = query.map(|query| Search {
        user,
        chat,
        query,
        filter,
    });
    Ok(v.accept(search.map(|search| (search, paging)))?)
}

fn judge_query(v: &mut Violations, query: String) -> Option<Query> {
    let before = v.fields().len();
    let query = v.required_text("query", query, MAX_QUERY);
    if v.fields().len() > before {
        return None;
    }
    match Query::parse(&query) {
        Ok(query) => Some(query),
        Err(nothing) => {
            v.add("query", nothing.to_string());
            None
        }
    }
}

fn to_wire(query: &Query, hit: Hit) -> Shown {
    let message = hit.message;
    let runs = snippet(query, &message.given.content);
    let shown = SearchHit {
        snippet: runs
            .into_iter()
            .map(|run| SnippetRun {
                text: run.text.to_owned(),
                matched: run.matched,
            })
            .collect(),
        chat_id: message.chat_id.to_string(),
        message_id: message.given.id.to_string(),
        seq: message.seq,
        role: message.given.role.into(),
        create_time: Some(message.create_time.to_wire()),
        score: i32::try_from(hit.rank.score).unwrap_or(i32::MAX),
    };
    (hit.rank, shown)
}

fn cursor(rank: Rank) -> Vec<u8> {
    [
        &rank.score.to_be_bytes()[..],
        &rank.micros.to_be_bytes(),
        &rank.seq.to_be_bytes(),
        rank.message.as_bytes(),
    ]
    .concat()
}

fn read_cursor(cursor: &[u8]) -> Option<Rank> {
    let (score, rest) = cursor.split_first_chunk()?;
    let (micros, rest) = rest.split_first_chunk()?;
    let (seq, message) = rest.split_first_chunk()?;
    Some(Rank {
        score: u32::from_be_bytes(*score),
        micros: i64::from_be_bytes(*micros),
        seq: i64::from_be_bytes(*seq),
        message: Uuid::from_slice(message).ok()?,
    })
}
