//! Turns as files tell them: JSON, as in the demonstration's `conversation.json`, and for `chatctl save-turn --file`.

use caller::{
    Picture, SaveTurn, Source,
    contract::{
        id::Uuid,
        metadata::v1::{Role, SearchResult},
    },
    json,
};
use clap::ValueEnum;
use serde::Deserialize;

/// Who speaks.
#[derive(Clone, Copy, Debug, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Speaker {
    User,
    Assistant,
    System,
    Tool,
}

/// A turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TurnFile {
    pub(crate) role: Speaker,
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) message_type: String,
    #[serde(default)]
    pub(crate) images: Vec<ImageFile>,
    #[serde(default)]
    pub(crate) search_results: Vec<FoundFile>,
}

/// A picture of a turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageFile {
    /// The file, beside the file that tells the turn.
    pub(crate) file: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) image_type: String,
    #[serde(default)]
    pub(crate) description: String,
}

/// A search result of a turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FoundFile {
    #[serde(default)]
    block_id: String,
    #[serde(default)]
    page_number: i32,
    #[serde(default)]
    block_text: String,
    #[serde(default)]
    coords_norm: Option<serde_json::Value>,
    #[serde(default)]
    coords_px: Option<serde_json::Value>,
}

impl TurnFile {
    /// The turn to save; `source` finds the bytes of a picture by the name of its file.
    pub(crate) fn into_save<E>(
        self,
        request_id: Uuid,
        chat_id: Uuid,
        source: impl Fn(&str) -> Result<Source, E>,
    ) -> Result<SaveTurn, E> {
        let pictures = self.images.into_iter().map(|image| {
            Ok(Picture {
                source: source(&image.file)?,
                name: if image.name.is_empty() {
                    image.file
                } else {
                    image.name
                },
                image_type: image.image_type,
                description: image.description,
            })
        });
        Ok(SaveTurn {
            request_id,
            chat_id,
            role: self.role.into(),
            content: self.content,
            message_type: self.message_type,
            pictures: pictures.collect::<Result<_, E>>()?,
            search_results: self.search_results.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<Speaker> for Role {
    fn from(speaker: Speaker) -> Self {
        match speaker {
            Speaker::User => Self::User,
            Speaker::Assistant => Self::Assistant,
            Speaker::System => Self::System,
            Speaker::Tool => Self::Tool,
        }
    }
}

impl From<FoundFile> for SearchResult {
    fn from(found: FoundFile) -> Self {
        Self {
            block_id: found.block_id,
            page_number: found.page_number,
            block_text: found.block_text,
            coords_norm: found.coords_norm.map(json::to_wire),
            coords_px: found.coords_px.map(json::to_wire),
            ..Default::default()
        }
    }
}
