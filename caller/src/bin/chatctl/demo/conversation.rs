//! The conversation of the demonstration, and the files that chatctl carries for it.

use anyhow::Context as _;
use bytes::Bytes;
use caller::{SaveDocument, Source, contract::id::Uuid};
use serde::Deserialize;

use crate::turn::TurnFile;

/// Whose chat it is.
pub(super) const USER: &str = "demo";
/// Forms of these words stand in the conversation.
pub(super) const QUERIES: [&str; 2] = ["рабочий насос", "safety valves"];

const CONVERSATION: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/demo/conversation.json"
));

macro_rules! carried {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/demo/", $name)))),*]
    };
}

/// The files that the conversation names.
const FILES: [(&str, &[u8]); 6] = carried![
    "pump_station.pdf",
    "viewport_step_1.png",
    "viewport_step_2.png",
    "zoom_crop_1.png",
    "zoom_crop_2.png",
    "zoom_crop_3.png",
];

#[derive(Debug, Deserialize)]
pub(super) struct Conversation {
    title: String,
    description: String,
    pub(super) document: DocumentFile,
    pub(super) turns: Vec<TurnFile>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DocumentFile {
    file: String,
    pub(super) name: String,
}

impl Conversation {
    pub(super) fn read() -> anyhow::Result<Self> {
        serde_json::from_str(CONVERSATION).context("conversation.json")
    }

    pub(super) fn save_document(&self, request_id: Uuid) -> anyhow::Result<SaveDocument> {
        Ok(SaveDocument {
            request_id,
            user_id: USER.to_owned(),
            title: self.title.clone(),
            description: self.description.clone(),
            metadata: None,
            document: source(&self.document.file)?,
            name: self.document.name.clone(),
            content_type: String::new(),
        })
    }
}

/// The bytes of a file that chatctl carries.
pub(super) fn source(name: &str) -> anyhow::Result<Source> {
    let carried = FILES.iter().find(|(n, _)| *n == name);
    let (_, bytes) = carried.with_context(|| format!("chatctl carries no {name}"))?;
    Ok(Source::Bytes(Bytes::from_static(bytes)))
}
