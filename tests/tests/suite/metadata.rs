//! metadata-svc as the suites about it use it: its clients, and rows in one line.

use std::{
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use contract::{
    blob::v1::BlobRef,
    metadata::v1::{
        AppendMessagesRequest, AppendMessagesResponse, Chat, ChatState, CreateChatRequest,
        DeleteChatRequest, DeleteChatResponse, DeleteMessageRequest, DeleteMessageResponse,
        GetChatHistoryRequest, GetChatRequest, GetMessageRequest, Image, ListChatsRequest,
        ListPendingDeletesRequest, Message, PendingDelete, Role, SearchResult, Turn,
        UpdateChatRequest, blob_ledger_service_client::BlobLedgerServiceClient,
        chat_service_client::ChatServiceClient, image_service_client::ImageServiceClient,
        message_service_client::MessageServiceClient, pending_delete::Target,
        search_result_service_client::SearchResultServiceClient,
    },
};
use futures::TryStreamExt as _;
use prost_types::FieldMask;
use tests::{Database, Service, Storage, Store};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

/// The user of whatever does not say otherwise.
pub(crate) const USER: &str = "ann";

/// How long what was appended may take to be found; far above what it takes.
const INDEX_LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// A running metadata-svc, and a client of it.
pub(crate) struct Metadata {
    // The service ends before what it stands on.
    pub(crate) service: Service,
    store: Arc<Store>,
    client: Client,
}

/// A caller's connection to metadata-svc.
pub(crate) struct Client(Channel);

impl Metadata {
    /// Starts it on an empty store.
    pub(crate) async fn start(storage: Storage) -> Self {
        Self::start_with(storage, &[]).await
    }

    /// Starts it on an empty store, with `settings`.
    pub(crate) async fn start_with(storage: Storage, settings: &[(&str, String)]) -> Self {
        Self::join(&Arc::new(storage.fresh()), settings).await
    }

    /// Starts it on `store`, beside others, with `settings`.
    pub(crate) async fn join(store: &Arc<Store>, settings: &[(&str, String)]) -> Self {
        let settings = [&store.settings(), settings].concat();
        let service = Service::start("metadata-svc", &settings).await;
        Self {
            client: Client::of(&service),
            service,
            store: store.clone(),
        }
    }

    /// The database that it stands on.
    pub(crate) fn database(&self) -> &Database {
        self.store.database().expect("it stands on a database")
    }

    /// Waits until all that was appended can be found: Postgres indexes in the background.
    pub(crate) async fn indexed(&self) {
        let Some(database) = self.store.database() else {
            return;
        };
        let deadline = Instant::now() + INDEX_LIMIT;
        while database.ask("select count(*) from unindexed_messages") != "0" {
            assert!(Instant::now() < deadline, "messages stay unindexed");
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

impl Deref for Metadata {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Client {
    /// A new connection.
    pub(crate) fn of(service: &Service) -> Self {
        Self(service.channel())
    }

    pub(crate) fn chats(&self) -> ChatServiceClient<Channel> {
        ChatServiceClient::new(self.0.clone())
    }

    pub(crate) fn messages(&self) -> MessageServiceClient<Channel> {
        MessageServiceClient::new(self.0.clone())
    }

    pub(crate) fn images(&self) -> ImageServiceClient<Channel> {
        ImageServiceClient::new(self.0.clone())
    }

    pub(crate) fn search_results(&self) -> SearchResultServiceClient<Channel> {
        SearchResultServiceClient::new(self.0.clone())
    }

    pub(crate) fn ledger(&self) -> BlobLedgerServiceClient<Channel> {
        BlobLedgerServiceClient::new(self.0.clone())
    }

    /// Creates a chat of [`USER`].
    pub(crate) async fn chat(&self, title: &str) -> Chat {
        self.create(new_chat(title)).await.expect("it is created")
    }

    /// Creates `chat`.
    pub(crate) async fn create(&self, chat: Chat) -> Result<Chat, Status> {
        let request = CreateChatRequest {
            chat: Some(chat),
            request_id: String::new(),
        };
        let answer = self.chats().create_chat(request).await?.into_inner();
        Ok(answer.chat.expect("CreateChat answers the chat"))
    }

    /// Reads a chat.
    pub(crate) async fn read(&self, chat_id: &str) -> Result<Chat, Status> {
        let request = GetChatRequest {
            chat_id: chat_id.to_owned(),
        };
        let answer = self.chats().get_chat(request).await?.into_inner();
        Ok(answer.chat.expect("GetChat answers the chat"))
    }

    /// Appends `turns`.
    pub(crate) async fn append(
        &self,
        chat_id: &str,
        turns: Vec<Turn>,
    ) -> Result<AppendMessagesResponse, Status> {
        let request = AppendMessagesRequest {
            chat_id: chat_id.to_owned(),
            turns,
            ..AppendMessagesRequest::default()
        };
        Ok(self.messages().append_messages(request).await?.into_inner())
    }

    /// Appends one message, and gives it as kept.
    pub(crate) async fn say(&self, chat_id: &str, content: &str) -> Message {
        let appended = self.append(chat_id, vec![turn(content)]).await;
        let turn = appended.expect("it is appended").turns.remove(0);
        turn.message.expect("a turn has a message")
    }

    /// Reads a chat's turns behind `after_seq`.
    pub(crate) async fn history(&self, chat_id: &str, after_seq: i64) -> Result<Vec<Turn>, Status> {
        let request = GetChatHistoryRequest {
            chat_id: chat_id.to_owned(),
            after_seq,
        };
        let stream = self.chats().get_chat_history(request).await?.into_inner();
        let turns = stream.map_ok(|answer| answer.turn.expect("an answer has a turn"));
        turns.try_collect().await
    }

    /// Changes the fields of a chat that `paths` name, or those that are set in `patch`.
    pub(crate) async fn update(
        &self,
        chat: &Chat,
        patch: Chat,
        paths: &[&str],
    ) -> Result<Chat, Status> {
        let request = UpdateChatRequest {
            chat: Some(Chat {
                id: chat.id.clone(),
                ..patch
            }),
            update_mask: Some(FieldMask {
                paths: texts(paths),
            }),
            request_id: String::new(),
        };
        let answer = self.chats().update_chat(request).await?.into_inner();
        Ok(answer.chat.expect("UpdateChat answers the chat"))
    }

    /// Deletes a chat, while it has `etag` where that is not empty.
    pub(crate) async fn delete(
        &self,
        chat_id: &str,
        etag: &str,
    ) -> Result<DeleteChatResponse, Status> {
        let request = DeleteChatRequest {
            chat_id: chat_id.to_owned(),
            etag: etag.to_owned(),
            request_id: String::new(),
        };
        Ok(self.chats().delete_chat(request).await?.into_inner())
    }

    /// The titles of one page, and the token of the next.
    pub(crate) async fn list(&self, request: &ListChatsRequest) -> (Vec<String>, String) {
        let page = self.chats().list_chats(request.clone()).await;
        let page = page.expect("chats can be listed").into_inner();
        let titles = page.chats.into_iter().map(|chat| chat.title);
        (titles.collect(), page.next_page_token)
    }

    /// The titles of all chats of [`USER`] in `state`, walked in pages of two.
    pub(crate) async fn titles(&self, state: ChatState) -> Vec<String> {
        let mut request = ListChatsRequest {
            user_id: USER.to_owned(),
            state: state.into(),
            page_size: 2,
            ..ListChatsRequest::default()
        };
        let mut titles = Vec::new();
        loop {
            let (page, token) = self.list(&request).await;
            titles.extend(page);
            if token.is_empty() {
                return titles;
            }
            request.page_token = token;
        }
    }

    /// Reads a message.
    pub(crate) async fn message(&self, message_id: &str) -> Result<Message, Status> {
        let request = GetMessageRequest {
            message_id: message_id.to_owned(),
        };
        let answer = self.messages().get_message(request).await?.into_inner();
        Ok(answer.message.expect("GetMessage answers the message"))
    }

    /// Deletes a message.
    pub(crate) async fn delete_message(
        &self,
        message_id: &str,
    ) -> Result<DeleteMessageResponse, Status> {
        let request = DeleteMessageRequest {
            message_id: message_id.to_owned(),
            request_id: String::new(),
        };
        Ok(self.messages().delete_message(request).await?.into_inner())
    }

    /// All that is to be removed from the store, walked in pages of two.
    pub(crate) async fn pending(&self) -> Vec<PendingDelete> {
        let mut pending = Vec::new();
        let mut request = ListPendingDeletesRequest {
            page_size: 2,
            ..ListPendingDeletesRequest::default()
        };
        loop {
            let page = self.ledger().list_pending_deletes(request.clone()).await;
            let page = page.expect("the ledger can be read").into_inner();
            pending.extend(page.pending_deletes);
            if page.next_page_token.is_empty() {
                return pending;
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// A chat of [`USER`] to create.
pub(crate) fn new_chat(title: &str) -> Chat {
    Chat {
        user_id: USER.to_owned(),
        title: title.to_owned(),
        ..Chat::default()
    }
}

/// A turn of the user's to append.
pub(crate) fn turn(content: &str) -> Turn {
    Turn {
        message: Some(Message {
            role: Role::User.into(),
            content: content.to_owned(),
            ..Message::default()
        }),
        ..Turn::default()
    }
}

/// The word of blob-svc that `key` is stored, ten bytes long.
pub(crate) fn blob(key: &str) -> BlobRef {
    BlobRef {
        key: key.to_owned(),
        size_bytes: 10,
        sha256: "0a".repeat(32),
        content_type: "image/png".to_owned(),
        ..BlobRef::default()
    }
}

/// An image to add.
pub(crate) fn image(key: &str) -> Image {
    Image {
        image_name: "viewport_step_1.png".to_owned(),
        blob: Some(blob(key)),
        image_type: "viewport".to_owned(),
        width: 1_920,
        height: 1_080,
        ..Image::default()
    }
}

/// A search result to add.
pub(crate) fn found(block_text: &str) -> SearchResult {
    SearchResult {
        block_id: "b-1".to_owned(),
        page_number: 3,
        block_text: block_text.to_owned(),
        ..SearchResult::default()
    }
}

/// A fresh UUID.
pub(crate) fn id() -> String {
    contract::id::new_id().to_string()
}

/// What the messages of turns say.
pub(crate) fn contents(turns: &[Turn]) -> Vec<&str> {
    let messages = turns.iter().filter_map(|turn| turn.message.as_ref());
    messages.map(|message| message.content.as_str()).collect()
}

/// The key or prefix of each pending delete.
pub(crate) fn targets(pending: &[PendingDelete]) -> Vec<&str> {
    pending
        .iter()
        .map(|delete| match &delete.target {
            Some(Target::Key(name) | Target::Prefix(name)) => name.as_str(),
            None => "",
        })
        .collect()
}

/// The reason that an error gives to programs, of whatever answer.
pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.expect_err("it is refused");
    let details = status.get_error_details();
    let info = details.error_info().map(|info| info.reason.clone());
    (status.code(), info.unwrap_or_default())
}

/// `count` texts, each its own number.
pub(crate) fn numbered(count: usize) -> Vec<Turn> {
    (1..=count).map(|n| turn(&n.to_string())).collect()
}

/// Texts of one's own.
pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
