//! Save a turn: a message with its pictures (viewports, zoom crops) and search results.
//!
//! 1. `GetChat` sees that the chat is there, before anything is stored for it; meanwhile `ReserveKeys` keeps the sweep off the
//!    pictures' keys, which the request id and their places in the turn decide. Without pictures there is no such step, nor the next.
//! 2. `PutObject` stores each picture under its key, some at a time.
//! 3. `AppendMessages` adds the message with its pictures and search results, in one transaction. Where a sweep has taken a picture
//!    meanwhile, it is refused, and the flow goes on at 1 with the keys of its next attempt.
//!
//! Dead behind 1: reservations, which end by themselves. Dead within or behind 2: objects without rows, which a rerun takes up, or
//! the sweep removes. Dead behind 3: all is there, and a rerun answers it. A message is there with all of its pictures, or not at all.

use contract::{
    blob::v1::BlobRef,
    id::Uuid,
    metadata::v1::{AppendMessagesRequest, Image, Message, Role, SearchResult, Turn},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Caller, Error, Progress, Result, Source, Upload,
    attempt::{Attempt, reserve},
    chat,
    flow::Flow,
    judge, key,
    source::Digest,
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
        let pictures: Vec<_> = pictures.map(|(i, p)| describe(i, p)).collect();
        let pictures = stream::iter(pictures).buffered(AT_ONCE);
        let described: Vec<_> = pictures.try_collect().await?;
        let (rows, pictures): (Vec<_>, Vec<_>) = described.into_iter().unzip();
        let turn = save.turn(rows);
        judge::turn(&turn)?;
        let mut attempt = Attempt::first(save.request_id);
        loop {
            let saved = save.attempt(&flow, attempt, turn.clone(), &pictures).await;
            match saved.as_ref().err().and_then(|e| attempt.behind(e)) {
                Some(next) => attempt = next,
                None => return saved,
            }
        }
    }
}

impl SaveTurn {
    async fn attempt(
        &self,
        flow: &Flow,
        attempt: Attempt,
        mut turn: Turn,
        pictures: &[(Source, Digest)],
    ) -> Result<Turn> {
        if !pictures.is_empty() {
            let uploads = self.uploads(attempt, &turn.images, pictures);
            let keys = uploads.iter().map(|(upload, _)| upload.key.clone());
            let (chat, reserved) =
                tokio::join!(chat::get(flow, self.chat_id), reserve(flow, keys.collect()));
            chat.and(reserved)?;
            let blobs = store(flow, &uploads).await?;
            for (image, blob) in turn.images.iter_mut().zip(blobs) {
                image.blob = Some(blob);
            }
        }
        append(flow, attempt, self.chat_id, turn).await
    }

    /// What is to be stored, for the rows of the pictures.
    fn uploads<'p>(
        &self,
        attempt: Attempt,
        rows: &[Image],
        pictures: &'p [(Source, Digest)],
    ) -> Vec<(Upload, &'p Digest)> {
        let pictures = rows.iter().zip(pictures).enumerate();
        let uploads = pictures.map(|(index, (row, (source, digest)))| {
            let upload = Upload {
                key: key::image(self.chat_id, attempt, index, &row.image_name),
                source: source.clone(),
                content_type: String::new(),
                original_name: row.image_name.clone(),
                request_id: attempt.id(&format!("PutObject {index}")),
            };
            (upload, digest)
        });
        uploads.collect()
    }

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

/// Looks at a picture: the row that it makes, but for its object, and the bytes that are to be stored.
async fn describe(index: usize, picture: &Picture) -> Result<(Image, (Source, Digest))> {
    let source = &picture.source;
    let name = source.name(&picture.name, &format!("pictures[{index}].name"))?;
    let Some((width, height)) = source.dimensions().await? else {
        return Err(Error::Invalid {
            field: format!("pictures[{index}].source"),
            problem: "must be a PNG, JPEG, GIF, WebP, BMP, TIFF or HEIF picture".into(),
        });
    };
    let row = Image {
        image_name: name,
        image_type: picture.image_type.clone(),
        description: picture.description.clone(),
        width,
        height,
        ..Default::default()
    };
    let digest = source.digest().await?;
    Ok((row, (source.clone(), digest)))
}

/// Stores the pictures, some at a time.
async fn store(flow: &Flow, pictures: &[(Upload, &Digest)]) -> Result<Vec<BlobRef>> {
    let bytes = pictures.iter().map(|(_, d)| d.size_bytes.unsigned_abs());
    flow.tell(Progress::Expected(bytes.sum()));
    let uploads: Vec<_> = pictures.iter().map(|(u, d)| put(flow, u, d)).collect();
    let stored = stream::iter(uploads).buffered(AT_ONCE);
    stored.try_collect().await
}

async fn append(flow: &Flow, attempt: Attempt, chat_id: Uuid, turn: Turn) -> Result<Turn> {
    let request = AppendMessagesRequest {
        chat_id: chat_id.to_string(),
        create_chat: None,
        turns: vec![turn],
        request_id: attempt.id("AppendMessages").to_string(),
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
