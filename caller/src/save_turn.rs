//! Save a turn: a message with its pictures (viewports, zoom crops) and search results.
//!
//! 1. `GetChat` sees that the chat is there, before anything is stored for it.
//! 2. `PutObject` stores each picture, some at a time, under a key that the request id and its place in the turn decide.
//! 3. `AppendMessages` adds the message with its pictures and search results, in one transaction.
//!
//! Dead before 3: objects without rows, which a rerun takes up (or the sweep removes). A message is there with all of its
//! pictures, or not at all.

use contract::{
    blob::v1::BlobRef,
    id::{Uuid, derived_id},
    metadata::v1::{AppendMessagesRequest, Image, Message, Role, SearchResult, Turn},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Caller, Error, Progress, Result, Source, Upload, chat, flow::Flow, key, source::Digest,
    upload::put,
};

/// How many pictures are hashed and stored at once.
const AT_ONCE: usize = 4;

/// A turn to be added to a chat.
#[derive(Clone, Debug)]
pub struct SaveTurn {
    /// Makes the flow safe to repeat, and decides the keys of the pictures.
    pub request_id: Uuid,
    /// The chat.
    pub chat_id: Uuid,
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// What kind of content it is, for example `text` or `code`. Empty means `text`.
    pub message_type: String,
    /// Its pictures, at most 1,000.
    pub pictures: Vec<Picture>,
    /// Its search results, at most 1,000.
    pub search_results: Vec<SearchResult>,
}

/// A picture of a turn. Its dimensions, length and hash are read from its bytes.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The bytes.
    pub source: Source,
    /// Its name. Empty means the name of its file.
    pub name: String,
    /// What kind of picture it is, for example `viewport` or `zoom_crop`. Empty means none.
    pub image_type: String,
    /// What it shows. Empty means nothing.
    pub description: String,
}

/// A picture whose bytes were looked at.
struct Described {
    upload: Upload,
    digest: Digest,
    row: Image,
}

impl Caller {
    /// Stores the pictures of a turn and appends it to its chat. The answer is the turn as kept, without its content.
    ///
    /// # Errors
    /// As `GetChat`, `PutObject` and `AppendMessages`; [`Error::File`] when a picture cannot be read; [`Error::Invalid`]
    /// when one is no picture.
    pub async fn save_turn(&self, save: &SaveTurn) -> Result<Turn> {
        let flow = Flow::begin(self, "save_turn", save.request_id);
        let described = stream::iter(save.pictures.iter().enumerate())
            .map(|(index, picture)| describe(save, index, picture))
            .buffered(AT_ONCE);
        let pictures: Vec<Described> = described.try_collect().await?;
        if !pictures.is_empty() {
            chat::get(&flow, save.chat_id).await?;
        }
        let bytes = pictures.iter().map(|p| p.digest.size_bytes.unsigned_abs());
        flow.tell(Progress::Expected(bytes.sum()));
        let stored = stream::iter(pictures)
            .map(|picture| store(&flow, picture))
            .buffered(AT_ONCE);
        append(&flow, save, stored.try_collect().await?).await
    }
}

/// Looks at a picture: its name, dimensions, length and hash.
async fn describe(save: &SaveTurn, index: usize, picture: &Picture) -> Result<Described> {
    let source = &picture.source;
    let name = source.name(&picture.name, &format!("pictures[{index}].name"))?;
    let Some((width, height)) = source.dimensions().await? else {
        return Err(Error::Invalid {
            field: format!("pictures[{index}].source"),
            problem: "must be a PNG, JPEG, GIF, WebP, BMP, TIFF or HEIF picture".into(),
        });
    };
    let row = Image {
        image_name: name.clone(),
        image_type: picture.image_type.clone(),
        description: picture.description.clone(),
        width,
        height,
        ..Default::default()
    };
    let upload = Upload {
        key: key::image(save.chat_id, save.request_id, index, &name),
        source: source.clone(),
        content_type: String::new(),
        original_name: name,
        request_id: derived_id(save.request_id, &format!("PutObject {index}")),
    };
    let digest = source.digest().await?;
    Ok(Described {
        upload,
        digest,
        row,
    })
}

/// Stores a picture, and gives the row that names it.
async fn store(flow: &Flow, picture: Described) -> Result<Image> {
    let blob: BlobRef = put(flow, &picture.upload, &picture.digest).await?;
    Ok(Image {
        blob: Some(blob),
        ..picture.row
    })
}

async fn append(flow: &Flow, save: &SaveTurn, images: Vec<Image>) -> Result<Turn> {
    let message = Message {
        role: save.role.into(),
        content: save.content.clone(),
        message_type: save.message_type.clone(),
        ..Default::default()
    };
    let request = AppendMessagesRequest {
        chat_id: save.chat_id.to_string(),
        create_chat: None,
        turns: vec![Turn {
            message: Some(message),
            images,
            search_results: save.search_results.clone(),
        }],
        request_id: flow.id("AppendMessages").to_string(),
    };
    let append = async |r| flow.caller.messages().append_messages(r).await;
    let answer = flow.call("AppendMessages", request, append).await?;
    answer
        .turns
        .into_iter()
        .next()
        .ok_or_else(|| Error::Broken {
            step: "AppendMessages",
            problem: "answered without the turn".into(),
        })
}
