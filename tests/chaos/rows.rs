//! Rows, as rpcs show them: whole chats, walked to their ends.

use contract::metadata::v1::{
    GetChatHistoryRequest, Image, ListImagesRequest, ListMessagesRequest, Message,
};
use tonic::Status;

use crate::{ack_list::Kept, clients::Clients};

/// Small enough that every walk has several.
const PAGE_SIZE: i32 = 2;

/// All that was seen of a chat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    pub(crate) messages: Vec<Walked>,
    /// With the messages that they belong to.
    pub(crate) images: Vec<(String, Kept)>,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Walked {
    pub(crate) id: String,
    pub(crate) seq: i64,
    pub(crate) text: String,
    /// How many it has, where the walk shows them.
    pub(crate) search_results: Option<usize>,
}

impl Walk {
    fn add(&mut self, message: Message, search_results: Option<usize>) {
        self.messages.push(Walked {
            id: message.id,
            seq: message.seq,
            text: message.content,
            search_results,
        });
    }
}

/// Reads a chat as a stream.
pub(crate) async fn history(clients: &Clients, chat_id: &str) -> Result<Walk, Status> {
    let request = GetChatHistoryRequest {
        chat_id: chat_id.to_owned(),
        after_seq: 0,
    };
    let answer = clients
        .chats()
        .get_chat_history(clients.request(request))
        .await?;
    let (mut stream, mut walk) = (answer.into_inner(), Walk::default());
    while let Some(next) = stream.message().await? {
        let turn = next.turn.unwrap_or_default();
        let message = turn.message.unwrap_or_default();
        let images = turn.images.into_iter();
        walk.images
            .extend(images.map(|image| (message.id.clone(), kept(image))));
        walk.add(message, Some(turn.search_results.len()));
    }
    Ok(walk)
}

/// Reads a chat in pages.
pub(crate) async fn pages(clients: &Clients, chat_id: &str) -> Result<Walk, Status> {
    let mut walk = Walk::default();
    let mut list = ListMessagesRequest {
        chat_id: chat_id.to_owned(),
        page_size: PAGE_SIZE,
        ..ListMessagesRequest::default()
    };
    loop {
        let page = clients
            .messages()
            .list_messages(clients.request(list.clone()))
            .await?;
        let page = page.into_inner();
        page.messages
            .into_iter()
            .for_each(|message| walk.add(message, None));
        if page.next_page_token.is_empty() {
            break;
        }
        list.page_token = page.next_page_token;
    }
    let mut list = ListImagesRequest {
        chat_id: chat_id.to_owned(),
        page_size: PAGE_SIZE,
        ..ListImagesRequest::default()
    };
    loop {
        let page = clients
            .images()
            .list_images(clients.request(list.clone()))
            .await?;
        let page = page.into_inner();
        let images = page.images.into_iter();
        walk.images
            .extend(images.map(|image| (image.message_id.clone(), kept(image))));
        if page.next_page_token.is_empty() {
            return Ok(walk);
        }
        list.page_token = page.next_page_token;
    }
}

/// What an image's row says of its object.
pub(crate) fn kept(image: Image) -> Kept {
    let blob = image.blob.unwrap_or_default();
    Kept {
        id: image.id,
        key: blob.key,
        size_bytes: blob.size_bytes,
        sha256: blob.sha256,
    }
}
