//! Messenger messages: what came in and went out through an instance. In the contract; served by a later version.

use contract::{
    metadata::v1::{
        IngestMessagesRequest, IngestMessagesResponse, ListMessengerChatsRequest,
        ListMessengerChatsResponse, ListMessengerMessagesRequest, ListMessengerMessagesResponse,
        messenger_service_server::MessengerService,
    },
    status::unimplemented,
};
use tonic::Request;

use crate::error::Answer;

/// The rpcs of `MessengerService`.
#[derive(Debug)]
pub(crate) struct Messenger;

#[tonic::async_trait]
impl MessengerService for Messenger {
    async fn ingest_messages(
        &self,
        _: Request<IngestMessagesRequest>,
    ) -> Answer<IngestMessagesResponse> {
        Err(unimplemented("IngestMessages"))
    }

    async fn list_messenger_messages(
        &self,
        _: Request<ListMessengerMessagesRequest>,
    ) -> Answer<ListMessengerMessagesResponse> {
        Err(unimplemented("ListMessengerMessages"))
    }

    async fn list_messenger_chats(
        &self,
        _: Request<ListMessengerChatsRequest>,
    ) -> Answer<ListMessengerChatsResponse> {
        Err(unimplemented("ListMessengerChats"))
    }
}
