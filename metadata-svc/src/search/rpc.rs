//! How messages are searched for.

use std::mem::take;

use contract::{
    Violations,
    id::Uuid,
    metadata::v1::{SearchHit, SearchMessagesRequest, SearchMessagesResponse, SnippetRun},
    page::PageScope,
    violation::Max,
};
use tracing::{Span, field::display};

use super::{
    Query,
    kv::{self, Filter, Hit, Rank},
    snippet,
};
use crate::{
    chat::{self, judge_user_id},
    error::{Error, Result},
    message::judge_role,
    page::{Page, Paging},
    store::{Store, kv::Tables, unserved},
};

const MAX_QUERY: Max = Max::Chars(1_000);

/// Answers `SearchMessages`.
pub(crate) async fn search(
    store: &Store,
    request: SearchMessagesRequest,
) -> Result<SearchMessagesResponse> {
    let (search, paging) = judge(request)?;
    let (after, size) = (paging.after, paging.size);
    let page = store.read(
        search,
        move |txn, search| {
            let chats = search.chats(txn)?;
            let hits = kv::find(txn, chats, &search.query, &search.filter, after, size)?;
            let hits = hits.into_iter().map(|hit| {
                let rank = hit.rank;
                Ok((rank, to_wire(&search.query, hit)))
            });
            Page::fill(hits, size, |_| 0)
        },
        |_, _| unserved("SearchMessages"),
    );
    let page = page.await?;
    Ok(SearchMessagesResponse {
        next_page_token: page.next_token(&paging.scope, |(rank, _)| cursor(*rank)),
        hits: page.rows.into_iter().map(|(_, hit)| hit).collect(),
    })
}

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

fn to_wire(query: &Query, hit: Hit) -> SearchHit {
    let message = hit.message;
    let runs = snippet(query, &message.given.content);
    SearchHit {
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
    }
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
