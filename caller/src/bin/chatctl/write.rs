//! The commands that change something: `save-document`, `save-turn`, `delete-chat`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use caller::{
    Picture, Source,
    contract::{id::Uuid, metadata::v1::Turn},
    delete_request_id, json,
};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::{
    Global,
    bar::Unit,
    failure::Repeatable,
    parse_id,
    turn::{Speaker, TurnFile},
};

const TURN_HELP: &str = "The whole turn as JSON: role, content, message_type, images (file, name, image_type, \
    description), search_results (block_id, page_number, block_text, coords_norm, coords_px); pictures lie beside it";

/// Store a document and create the chat about it.
#[derive(Debug, Args)]
pub(crate) struct SaveDocument {
    /// The document
    file: PathBuf,
    /// The user that the chat belongs to
    #[arg(long)]
    user: String,
    /// The chat's title [default: the document's name]
    #[arg(long)]
    title: Option<String>,
    /// What the chat is about
    #[arg(long, default_value = "")]
    description: String,
    /// The document's name [default: the name of the file]
    #[arg(long)]
    name: Option<String>,
    /// The document's media type [default: by the ending of its name]
    #[arg(long, default_value = "")]
    content_type: String,
    /// Free JSON of the application: an object
    #[arg(long, value_name = "JSON", value_parser = parse_object)]
    chat_metadata: Option<Map<String, Value>>,
}

/// Add a message to a chat.
#[derive(Debug, Args)]
pub(crate) struct SaveTurn {
    /// The chat
    #[arg(value_parser = parse_id)]
    chat: Uuid,
    /// What is said; `-` reads it from standard input
    #[arg(long, required_unless_present = "file", conflicts_with = "file")]
    content: Option<String>,
    /// Who says it
    #[arg(long, value_enum, default_value = "user", conflicts_with = "file")]
    role: Speaker,
    /// What kind of content it is, for example `text` or `code`
    #[arg(long, default_value = "", conflicts_with = "file")]
    message_type: String,
    /// A viewport picture; may be given several times
    #[arg(long, value_name = "PICTURE", conflicts_with = "file")]
    viewport: Vec<PathBuf>,
    /// A zoom crop; may be given several times
    #[arg(long, value_name = "PICTURE", conflicts_with = "file")]
    zoom_crop: Vec<PathBuf>,
    #[arg(long, value_name = "JSON", help = TURN_HELP)]
    file: Option<PathBuf>,
}

/// Delete a chat with its messages and objects.
#[derive(Debug, Args)]
pub(crate) struct DeleteChat {
    /// The chat
    #[arg(value_parser = parse_id)]
    chat: Uuid,
}

impl SaveDocument {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, bar) = global.caller_with_bar(Unit::Bytes)?;
        let document = Source::File(self.file);
        let name = self
            .name
            .or_else(|| document.file_name())
            .unwrap_or_default();
        let save = caller::SaveDocument {
            request_id: global.request_id(),
            user_id: self.user,
            title: self.title.unwrap_or_else(|| name.clone()),
            description: self.description,
            metadata: self.chat_metadata.map(json::to_struct),
            document,
            name,
            content_type: self.content_type,
        };
        let chat = caller
            .save_document(&save)
            .await
            .map_err(Repeatable::by(save.request_id))?;
        drop(bar);
        let key = chat.document.as_ref().map_or("", |d| &d.key);
        let text = || format!("Saved {key}\nas chat {}", chat.id);
        Ok(global.out().line(|| json::chat(&chat), text)?)
    }
}

impl SaveTurn {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, bar) = global.caller_with_bar(Unit::Bytes)?;
        let request_id = global.request_id();
        let save = self.into_save(request_id)?;
        let turn = caller
            .save_turn(&save)
            .await
            .map_err(Repeatable::by(request_id))?;
        drop(bar);
        Ok(global
            .out()
            .line(|| without_content(&turn), || saved(&turn))?)
    }

    fn into_save(self, request_id: Uuid) -> anyhow::Result<caller::SaveTurn> {
        if let Some(file) = &self.file {
            return from_file(file, request_id, self.chat);
        }
        let typed = |paths: Vec<PathBuf>, image_type: &'static str| {
            paths.into_iter().map(move |path| Picture {
                source: Source::File(path),
                name: String::new(),
                image_type: image_type.to_owned(),
                description: String::new(),
            })
        };
        let viewports = typed(self.viewport, "viewport");
        Ok(caller::SaveTurn {
            request_id,
            chat_id: self.chat,
            role: self.role.into(),
            content: content(self.content.unwrap_or_default())?,
            message_type: self.message_type,
            pictures: viewports
                .chain(typed(self.zoom_crop, "zoom_crop"))
                .collect(),
            search_results: Vec::new(),
        })
    }
}

impl DeleteChat {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, bar) = global.caller_with_bar(Unit::Objects)?;
        let request_id = global
            .request_id
            .unwrap_or_else(|| delete_request_id(self.chat));
        let deleted = caller.delete_chat(self.chat, request_id).await;
        let deleted = deleted.map_err(Repeatable::by(request_id))?;
        drop(bar);
        let json = || {
            json!({
                "chat_id": self.chat.to_string(),
                "message_count": deleted.message_count,
                "image_count": deleted.image_count,
                "search_result_count": deleted.search_result_count,
                "object_count": deleted.object_count,
            })
        };
        let text = || {
            format!(
                "Deleted chat {}: {} messages, {} images, {} search results; {} objects removed by this run",
                self.chat,
                deleted.message_count,
                deleted.image_count,
                deleted.search_result_count,
                deleted.object_count
            )
        };
        Ok(global.out().line(json, text)?)
    }
}

/// The answer to an append has no content, which is no empty one.
fn without_content(turn: &Turn) -> Value {
    let mut value = json::turn(turn);
    if let Some(fields) = value.as_object_mut() {
        fields.remove("content");
    }
    value
}

fn saved(turn: &Turn) -> String {
    let message = turn.message.clone().unwrap_or_default();
    format!(
        "Saved message {} as {} of chat {}, with {} pictures",
        message.id,
        message.seq,
        message.chat_id,
        turn.images.len()
    )
}

fn content(given: String) -> io::Result<String> {
    if given == "-" {
        io::read_to_string(io::stdin())
    } else {
        Ok(given)
    }
}

fn from_file(file: &Path, request_id: Uuid, chat_id: Uuid) -> anyhow::Result<caller::SaveTurn> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let turn: TurnFile = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let folder = file.parent().unwrap_or(Path::new("."));
    turn.into_save(request_id, chat_id, |picture| {
        Ok(Source::File(folder.join(picture)))
    })
}

fn parse_object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("must be a JSON object: {error}"))
}
