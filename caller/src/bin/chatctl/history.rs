//! `chatctl history`: what was said, and where its pictures are.

use std::time::Duration;

use caller::{
    SignedTurn,
    contract::{blob::v1::PresignedUrl, id::Uuid, metadata::v1::Chat},
    json,
};
use clap::Args;
use futures::TryStreamExt as _;
use serde_json::Value;

use crate::{Global, parse_id};

/// Show a chat's messages.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// The chat
    #[arg(value_parser = parse_id)]
    chat: Uuid,
    /// Only messages behind this sequence number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after_seq: i64,
    /// How many seconds the URLs live [default: as blob-svc is configured]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    expires_in: Option<u64>,
}

impl History {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, out) = (global.caller()?, global.out());
        let expires_in = self.expires_in.map(Duration::from_secs);
        let history = caller
            .history(self.chat, self.after_seq, expires_in)
            .await?;
        let document = history.document.as_ref();
        out.line(
            || chat_json(&history.chat, document),
            || chat_text(&history.chat, document),
        )?;
        let mut turns = std::pin::pin!(history.turns);
        while let Some(turn) = turns.try_next().await? {
            out.line(|| turn_json(&turn), || turn_text(&turn))?;
        }
        Ok(())
    }
}

/// A turn as text: what is said, then where its pictures are.
pub(crate) fn turn_text(signed: &SignedTurn) -> String {
    let message = signed.turn.message.clone().unwrap_or_default();
    let mut text = format!(
        "\n{}. {}: {}",
        message.seq,
        json::role(message.role()),
        message.content
    );
    for (image, url) in signed.turn.images.iter().zip(&signed.urls) {
        let (name, width, height) = (&image.image_name, image.width, image.height);
        text.push_str(&format!(
            "\n   {} {name} ({width} x {height})\n   {}",
            image.image_type, url.url
        ));
    }
    if !signed.turn.search_results.is_empty() {
        text.push_str(&format!(
            "\n   {} search results",
            signed.turn.search_results.len()
        ));
    }
    text
}

fn turn_json(signed: &SignedTurn) -> Value {
    let mut value = json::turn(&signed.turn);
    for (i, url) in signed.urls.iter().enumerate() {
        value["images"][i]["signed"] = json::url(url);
    }
    value
}

fn chat_text(chat: &Chat, document: Option<&PresignedUrl>) -> String {
    let mut text = chat.title.clone();
    if let Some(document) = document {
        text.push_str(&format!("\n   {}", document.url));
    }
    text
}

fn chat_json(chat: &Chat, document: Option<&PresignedUrl>) -> Value {
    let mut value = json::chat(chat);
    if let Some(document) = document {
        value["document"]["signed"] = json::url(document);
    }
    value
}
