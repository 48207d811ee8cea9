//! The commands that change nothing: `history`, `export`, `list-chats`, `search`.

use std::{io::Write as _, path::PathBuf, time::Duration};

use caller::{
    Exported, Format, SearchScope, SignedTurn,
    contract::{
        blob::v1::PresignedUrl,
        id::Uuid,
        metadata::v1::{Chat, ChatState, SearchHit},
    },
    json,
};
use clap::{Args, ValueEnum};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use crate::{Global, bar::Unit, out::plain, parse_id};

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

/// Write a chat into a folder or an archive.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The chat
    #[arg(value_parser = parse_id)]
    chat: Uuid,
    /// What it looks like: chat.md, chat.jsonl, or one page chat.html with its pictures inside
    #[arg(long, value_enum, default_value = "markdown")]
    format: FormatName,
    /// A folder, or an archive when it ends in .zip
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    Markdown,
    Jsonl,
    Html,
}

/// List a user's chats.
#[derive(Debug, Args)]
pub(crate) struct ListChats {
    /// The user
    #[arg(long)]
    user: String,
    /// Which of them
    #[arg(long, value_enum, default_value = "active")]
    state: StateName,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateName {
    Active,
    Archived,
    All,
}

/// Find messages by their words.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// All of these words; "a phrase", this or that, -without
    query: String,
    #[command(flatten)]
    scope: Scope,
    /// At most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Scope {
    /// In all chats of this user
    #[arg(long)]
    user: Option<String>,
    /// In this chat
    #[arg(long, value_parser = parse_id)]
    chat: Option<Uuid>,
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

impl Export {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, bar) = global.caller_with_bar(Unit::Bytes)?;
        let exported = caller
            .export(self.chat, self.format.into(), &self.to)
            .await?;
        drop(bar);
        for key in &exported.missing_keys {
            writeln!(
                std::io::stderr(),
                "warning: the store does not have {}",
                plain(key)
            )?;
        }
        let text = || {
            let Exported {
                turn_count,
                picture_count,
                ..
            } = exported;
            format!(
                "Exported {turn_count} messages and {picture_count} pictures to {}",
                exported.path.display()
            )
        };
        Ok(global.out().line(|| exported_json(&exported), text)?)
    }
}

impl ListChats {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, out) = (global.caller()?, global.out());
        let chats = caller
            .list_chats(&self.user, self.state.into())
            .take(self.limit);
        let mut chats = std::pin::pin!(chats);
        while let Some(chat) = chats.try_next().await? {
            let time = || chat.create_time.map(|t| t.to_string()).unwrap_or_default();
            let archived = if chat.is_archived { " (archived)" } else { "" };
            out.line(
                || json::chat(&chat),
                || format!("{}  {}  {}{archived}", chat.id, time(), chat.title),
            )?;
        }
        Ok(())
    }
}

impl Search {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, out) = (global.caller()?, global.out());
        let scope = match (self.scope.chat, self.scope.user) {
            (Some(chat), _) => SearchScope::Chat(chat),
            (None, user) => SearchScope::User(user.unwrap_or_default()),
        };
        let hits = caller.search(&scope, &self.query).take(self.limit);
        let mut hits = std::pin::pin!(hits);
        while let Some(hit) = hits.try_next().await? {
            out.line(|| json::search_hit(&hit), || hit_text(&hit))?;
        }
        Ok(())
    }
}

/// A hit as a line, its matches between brackets.
pub(crate) fn hit_text(hit: &SearchHit) -> String {
    let runs = hit.snippet.iter();
    let snippet: String = runs
        .map(|run| {
            if run.matched {
                format!("[{}]", run.text)
            } else {
                run.text.clone()
            }
        })
        .collect();
    let snippet = snippet.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("chat {} message {}: {snippet}", hit.chat_id, hit.seq)
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

pub(crate) fn exported_json(exported: &Exported) -> Value {
    json!({
        "path": exported.path.display().to_string(),
        "turn_count": exported.turn_count,
        "picture_count": exported.picture_count,
        "missing_keys": exported.missing_keys,
    })
}

fn chat_json(chat: &Chat, document: Option<&PresignedUrl>) -> Value {
    let mut value = json::chat(chat);
    if let Some(document) = document {
        value["document"]["signed"] = json::url(document);
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

fn turn_json(signed: &SignedTurn) -> Value {
    let mut value = json::turn(&signed.turn);
    for (i, url) in signed.urls.iter().enumerate() {
        value["images"][i]["signed"] = json::url(url);
    }
    value
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Markdown => Self::Markdown,
            FormatName::Jsonl => Self::JsonLines,
            FormatName::Html => Self::Html,
        }
    }
}

impl From<StateName> for ChatState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Active => Self::Active,
            StateName::Archived => Self::Archived,
            StateName::All => Self::All,
        }
    }
}
