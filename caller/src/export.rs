//! Export: a chat as files for people or programs, its pictures included, in a folder or in one zip archive.
//!
//! The chat is written as it streams in, so its length does not matter.
//!
//! 1. `GetChat` and `GetChatHistory` read the chat into its file; the page has its pictures inside, by `GetObject`.
//! 2. `GetObject` reads the document and the pictures into files beside it.
//! 3. The files, whose names end in `.partial` until now, get their names, that of the chat last; an archive is one file.
//!
//! Dead behind 1 or 2: `.partial` files, which a rerun writes anew. Dead within 3: whole files, and the rest as before. Where the file
//! of the chat has its name, the rest has too.

mod html;
mod jsonl;
mod markdown;
mod name;
mod target;
mod text;

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use contract::{
    blob::v1::{BlobRef, HeadObjectRequest},
    id::{Uuid, new_id},
    metadata::v1::{Chat, Image, Turn},
};
use futures::TryStreamExt as _;
use tonic::Code;

use crate::{Caller, Download, Result, chat, download, flow::Flow, history};
use target::Target;

/// What an export looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `chat.md`, beside its pictures and its document.
    Markdown,
    /// `chat.jsonl`, a line for the chat and one for each turn, beside its pictures and its document.
    JsonLines,
    /// `chat.html`, one page with its pictures inside, which loads nothing and runs nothing.
    Html,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// The file of the chat, or the archive.
    pub path: PathBuf,
    /// How many turns.
    pub turn_count: u64,
    /// How many pictures.
    pub picture_count: u64,
    /// Keys of pictures and documents that rows name and the store does not have. The export shows their place.
    pub missing_keys: Vec<String>,
}

/// A piece of the file of the chat.
enum Piece {
    Text(String),
    /// The bytes of this image of the turn, in base64; nothing, when the store does not have them.
    Picture(usize),
}

/// The chat's document, as a reader knows it.
struct Document {
    name: String,
    /// Its path in the export.
    file: String,
}

/// An object that goes beside the file of the chat.
struct Beside {
    name: String,
    key: String,
}

impl Caller {
    /// Exports a chat into `to`: an archive when its name ends in `.zip`, else a folder, which is made where it is missing.
    ///
    /// # Errors
    /// As `GetChat`, `GetChatHistory` and `GetObject`, but for objects that are missing; [`crate::Error::File`] when a file cannot
    /// be written.
    pub async fn export(&self, chat_id: Uuid, format: Format, to: &Path) -> Result<Exported> {
        let flow = Flow::begin(self, "export", new_id());
        let chat = chat::get(&flow, chat_id).await?;
        let mut target = Target::open(to).await?;
        let mut export = Export {
            exported: Exported {
                path: target.path_of(format.file_name()),
                ..Default::default()
            },
            flow,
            format,
            beside: Vec::new(),
        };
        export.write_chat(&mut target, &chat, chat_id).await?;
        export.write_beside(&mut target).await?;
        target.finish().await?;
        Ok(export.exported)
    }
}

/// An export under way.
struct Export {
    flow: Flow,
    format: Format,
    exported: Exported,
    beside: Vec<Beside>,
}

impl Export {
    async fn write_chat(&mut self, target: &mut Target, chat: &Chat, chat_id: Uuid) -> Result<()> {
        target.begin(self.format.file_name().into()).await?;
        let document = match &chat.document {
            Some(blob) => Some(self.document(blob).await?),
            None => None,
        };
        let head = self.format.head(chat, document.as_ref());
        target.write(head).await?;
        let mut turns = std::pin::pin!(history::turns(&self.flow, chat_id));
        while let Some(turn) = turns.try_next().await? {
            self.exported.turn_count += 1;
            self.exported.picture_count += turn.images.len() as u64;
            for piece in self.pieces(&turn) {
                match piece {
                    Piece::Text(text) => target.write(text).await?,
                    Piece::Picture(index) => self.write_inline(target, &turn.images[index]).await?,
                }
            }
        }
        target.write(self.format.tail()).await
    }

    /// The document under the name that it had, where the store knows it.
    async fn document(&mut self, blob: &BlobRef) -> Result<Document> {
        let request = HeadObjectRequest {
            key: blob.key.clone(),
            ..Default::default()
        };
        let head = async |r| self.flow.caller.objects().head_object(r).await;
        let name = match self.flow.call("HeadObject", request, head).await {
            Ok(answer) => answer.object.map(|o| o.original_name),
            Err(error) if error.code() == Some(Code::NotFound) => None,
            Err(error) => return Err(error),
        };
        let name = name.filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| blob.key.rsplit('/').next().unwrap_or_default().into());
        let file = self.put_beside(blob, name::document(&name));
        Ok(Document { name, file })
    }

    fn pieces(&mut self, turn: &Turn) -> Vec<Piece> {
        if self.format == Format::Html {
            return html::turn(turn);
        }
        let named = turn.images.iter().enumerate().map(|(index, image)| {
            let blob = image.blob.clone().unwrap_or_default();
            self.put_beside(&blob, name::picture(turn, index, image))
        });
        let names: Vec<String> = named.collect();
        let text = match self.format {
            Format::Markdown => markdown::turn(turn, &names),
            Format::JsonLines | Format::Html => jsonl::turn(turn, &names),
        };
        vec![Piece::Text(text)]
    }

    /// Notes an object to be written later, under the name that it gives back.
    fn put_beside(&mut self, blob: &BlobRef, name: String) -> String {
        if self.format != Format::Html {
            self.beside.push(Beside {
                name: name.clone(),
                key: blob.key.clone(),
            });
        }
        name
    }

    async fn write_beside(&mut self, target: &mut Target) -> Result<()> {
        for Beside { name, key } in std::mem::take(&mut self.beside) {
            let Some(mut object) = self.open(&key).await? else {
                continue;
            };
            target.begin(name).await?;
            while let Some(chunk) = object.chunk().await? {
                target.write(chunk).await?;
            }
        }
        Ok(())
    }

    /// Writes a picture into the page: three bytes make four letters, so what is left over of a chunk waits for the next.
    async fn write_inline(&mut self, target: &mut Target, image: &Image) -> Result<()> {
        let key = image.blob.as_ref().map_or("", |b| &b.key);
        let Some(mut object) = self.open(key).await? else {
            return Ok(());
        };
        let mut rest = Vec::new();
        while let Some(chunk) = object.chunk().await? {
            rest.extend_from_slice(&chunk);
            let tail = rest.split_off(rest.len() - rest.len() % 3);
            target.write(STANDARD.encode(&rest)).await?;
            rest = tail;
        }
        target.write(STANDARD.encode(&rest)).await
    }

    /// Begins to read an object; `None` where the store does not have it, which is noted.
    async fn open(&mut self, key: &str) -> Result<Option<Download>> {
        match download::open(&self.flow, key).await {
            Err(error) if error.code() == Some(Code::NotFound) => {
                self.exported.missing_keys.push(key.to_owned());
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }
}

impl Format {
    fn file_name(self) -> &'static str {
        match self {
            Self::Markdown => "chat.md",
            Self::JsonLines => "chat.jsonl",
            Self::Html => "chat.html",
        }
    }

    fn head(self, chat: &Chat, document: Option<&Document>) -> String {
        match self {
            Self::Markdown => markdown::head(chat, document),
            Self::JsonLines => jsonl::head(chat, document),
            Self::Html => html::head(chat, document),
        }
    }

    fn tail(self) -> &'static str {
        match self {
            Self::Markdown | Self::JsonLines => "",
            Self::Html => html::TAIL,
        }
    }
}
