//! Save a document into a new chat.
//!
//! 1. `ReserveKeys` keeps the sweep off the document's key, which the request id and the name decide.
//! 2. `PutObject` stores the document under the key.
//! 3. `CreateChat` creates the chat, whose id the request id decides, and which names the document. Where a sweep has taken the
//!    document meanwhile, the chat is refused, and the flow goes on at 1 with the key of its next attempt.
//!
//! Dead behind 1: a reservation, which ends by itself. Dead behind 2: an object without a row, which a rerun takes up, or the sweep
//! removes. Dead behind 3: all is there, and a rerun answers it. A chat never names a document that is not there.

use contract::{
    id::{Uuid, derived_id},
    metadata::v1::{Chat, CreateChatRequest},
};
use prost_types::Struct;

use crate::{
    Caller, Error, Progress, Result, Source, Upload,
    attempt::{Attempt, reserve},
    flow::Flow,
    judge, key,
    source::Digest,
    upload::put,
};

/// A document, and the chat to be made for it.
#[derive(Clone, Debug)]
pub struct SaveDocument {
    /// Makes the flow safe to repeat, and decides the chat's id and the document's key.
    pub request_id: Uuid,
    /// The user that the chat belongs to.
    pub user_id: String,
    /// The chat's title.
    pub title: String,
    /// What the chat is about. Empty means nothing.
    pub description: String,
    /// Free JSON of the application.
    pub metadata: Option<Struct>,
    /// The document.
    pub document: Source,
    /// The document's name, in any script. Empty means the name of its file.
    pub name: String,
    /// The document's media type. Empty means what the ending of its name says.
    pub content_type: String,
}

impl SaveDocument {
    /// The id of the chat that this makes.
    #[must_use]
    pub fn chat_id(&self) -> Uuid {
        derived_id(self.request_id, "chat")
    }

    fn upload(&self, attempt: Attempt) -> Result<Upload> {
        let name = self.document.name(&self.name, "name")?;
        Ok(Upload {
            key: key::document(self.chat_id(), attempt, &name),
            source: self.document.clone(),
            content_type: self.content_type.clone(),
            original_name: name,
            request_id: attempt.id("PutObject"),
        })
    }

    async fn attempt(&self, flow: &Flow, attempt: Attempt, digest: &Digest) -> Result<Chat> {
        let upload = self.upload(attempt)?;
        flow.tell(Progress::Expected(digest.size_bytes.unsigned_abs()));
        reserve(flow, vec![upload.key.clone()]).await?;
        let document = put(flow, &upload, digest).await?;
        let request = CreateChatRequest {
            chat: Some(Chat {
                document: Some(document),
                ..self.chat()
            }),
            request_id: attempt.id("CreateChat").to_string(),
        };
        let create = async |r| flow.caller.chats().create_chat(r).await;
        let answer = flow.call("CreateChat", request, create).await?;
        answer.chat.ok_or_else(|| Error::Broken {
            step: "CreateChat",
            problem: "answered without the chat".into(),
        })
    }

    /// The chat, still without its document.
    fn chat(&self) -> Chat {
        Chat {
            id: self.chat_id().to_string(),
            user_id: self.user_id.clone(),
            title: self.title.clone(),
            description: self.description.clone(),
            metadata: self.metadata.clone(),
            ..Default::default()
        }
    }
}

impl Caller {
    /// Stores a document and creates the chat about it.
    ///
    /// # Errors
    /// As `PutObject` and `CreateChat`; [`Error::File`] when the document cannot be read.
    pub async fn save_document(&self, save: &SaveDocument) -> Result<Chat> {
        let flow = Flow::begin(self, "save_document", save.request_id);
        let mut attempt = Attempt::first(save.request_id);
        save.upload(attempt)?;
        judge::chat(&save.chat())?;
        let digest = save.document.digest().await?;
        loop {
            let saved = save.attempt(&flow, attempt, &digest).await;
            match saved.as_ref().err().and_then(|e| attempt.behind(e)) {
                Some(next) => attempt = next,
                None => return saved,
            }
        }
    }
}
