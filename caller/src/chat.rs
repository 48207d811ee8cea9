//! Chats: one, or a user's list.

use contract::{
    id::{Uuid, new_id},
    metadata::v1::{Chat, ChatState, GetChatRequest, ListChatsRequest},
};
use futures::Stream;

use crate::{Caller, Error, Result, flow::Flow, pages::items};

/// How many chats are asked for at once.
const PAGE_SIZE: i32 = 200;

impl Caller {
    /// Reads a chat.
    ///
    /// # Errors
    /// As `GetChat`.
    pub async fn chat(&self, chat_id: Uuid) -> Result<Chat> {
        get(&Flow::begin(self, "chat", new_id()), chat_id).await
    }

    /// Streams a user's chats, the newest first.
    ///
    /// # Errors
    /// As `ListChats`, in the stream.
    pub fn list_chats(
        &self,
        user_id: &str,
        state: ChatState,
    ) -> impl Stream<Item = Result<Chat>> + use<> {
        let flow = Flow::begin(self, "list_chats", new_id());
        let user_id = user_id.to_owned();
        items("ListChats", move |page_token| {
            let flow = flow.clone();
            let request = ListChatsRequest {
                user_id: user_id.clone(),
                state: state.into(),
                page_size: PAGE_SIZE,
                page_token,
            };
            async move {
                let list = async |r| flow.caller.chats().list_chats(r).await;
                let page = flow.call("ListChats", request, list).await?;
                Ok((page.chats, page.next_page_token))
            }
        })
    }
}

/// Reads a chat as a step of `flow`.
pub(crate) async fn get(flow: &Flow, chat_id: Uuid) -> Result<Chat> {
    let request = GetChatRequest {
        chat_id: chat_id.to_string(),
    };
    let get = async |r| flow.caller.chats().get_chat(r).await;
    let answer = flow.call("GetChat", request, get).await?;
    answer.chat.ok_or_else(|| Error::Broken {
        step: "GetChat",
        problem: "answered without the chat".into(),
    })
}
