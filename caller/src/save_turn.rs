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
    Caller, Error, Progress, Result, Source, Upload, chat, flow::Flow, judge, key, source::Digest,
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

impl Caller {
    /// Stores the pictures of a turn and appends it to its chat. The answer is the turn as kept, without its content.
    ///
    /// # Errors
    /// As `GetChat`, `PutObject` and `AppendMessages`; [`Error::File`] when a picture cannot be read; [`Error::Invalid`]
    /// when one is no picture.
    pub async fn save_turn(&self, save: &SaveTurn) -> Result<Turn> {
        let flow = Flow::begin(self, "save_turn", save.request_id);
        let pictures = save.pictures.iter().enumerate();
        let pictures: Vec<_> = pictures.map(|(i, p)| describe(save, i, p)).collect();
        let pictures = stream::iter(pictures).buffered(AT_ONCE);
        let described: Vec<_> = pictures.try_collect().await?;
        let (rows, pictures): (Vec<_>, Vec<_>) = described.into_iter().unzip();
        let mut turn = save.turn(rows);
        judge::turn(&turn)?;
        if !pictures.is_empty() {
            chat::get(&flow, save.chat_id).await?;
        }
        let blobs = store(&flow, &pictures).await?;
        for (image, blob) in turn.images.iter_mut().zip(blobs) {
            image.blob = Some(blob);
        }
        append(&flow, save.chat_id, turn).await
    }
}

impl SaveTurn {
    fn turn(&self, images: Vec<Image>) -> Turn {
        let message = Message {
            role: self.role.into(),
            content: self.content.clone(),
            message_type: self.message_type.clone(),
            ..Default::default()
        };
        Turn {
            message: Some(message),
            images,
            search_results: self.search_results.clone(),
        }
    }
}

/// Looks at a picture: the row that it makes, but for its object, and what is to be stored.
async fn describe(
    save: &SaveTurn,
    index: usize,
    picture: &Picture,
) -> Result<(Image, (Upload, Digest))> {
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
    Ok((row, (upload, digest)))
}

/// Stores the pictures, some at a time.
async fn store(flow: &Flow, pictures: &[(Upload, Digest)]) -> Result<Vec<BlobRef>> {
    let bytes = pictures.iter().map(|(_, d)| d.size_bytes.unsigned_abs());
    flow.tell(Progress::Expected(bytes.sum()));
    let uploads: Vec<_> = pictures.iter().map(|(u, d)| put(flow, u, d)).collect();
    let stored = stream::iter(uploads).buffered(AT_ONCE);
    stored.try_collect().await
}

async fn append(flow: &Flow, chat_id: Uuid, turn: Turn) -> Result<Turn> {
    let request = AppendMessagesRequest {
        chat_id: chat_id.to_string(),
        create_chat: None,
        turns: vec![turn],
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
