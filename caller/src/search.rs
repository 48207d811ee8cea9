//! Search: messages by their words.

use contract::{
    id::{Uuid, new_id},
    metadata::v1::{SearchHit, SearchMessagesRequest},
};
use futures::Stream;

use crate::{Caller, Result, flow::Flow, pages::items};

/// How many hits are asked for at once.
const PAGE_SIZE: i32 = 100;

/// Where to search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchScope {
    /// In all chats of this user.
    User(String),
    /// In this chat.
    Chat(Uuid),
}

impl Caller {
    /// Streams the messages that hold the words of `query`, the best match first: all words, `"a phrase"`, `this or that`,
    /// `-without`. Word forms are found by their stem, in Russian and English.
    ///
    /// # Errors
    /// As `SearchMessages`, in the stream.
    pub fn search(
        &self,
        scope: &SearchScope,
        query: &str,
    ) -> impl Stream<Item = Result<SearchHit>> + use<> {
        let flow = Flow::begin(self, "search", new_id());
        let (user_id, chat_id) = match scope {
            SearchScope::User(user_id) => (user_id.clone(), String::new()),
            SearchScope::Chat(chat_id) => (String::new(), chat_id.to_string()),
        };
        let first = SearchMessagesRequest {
            user_id,
            chat_id,
            query: query.to_owned(),
            page_size: PAGE_SIZE,
            ..Default::default()
        };
        items("SearchMessages", move |page_token| {
            let (flow, mut request) = (flow.clone(), first.clone());
            request.page_token = page_token;
            async move {
                let search = async |r| flow.caller.chats().search_messages(r).await;
                let page = flow.call("SearchMessages", request, search).await?;
                Ok((page.hits, page.next_page_token))
            }
        })
    }
}
