//! `chatctl list-chats` and `chatctl search`.

use caller::{
    SearchScope,
    contract::{
        id::Uuid,
        metadata::v1::{ChatState, SearchHit},
    },
    json,
};
use clap::{Args, ValueEnum};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::{Global, parse_id};

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

impl From<StateName> for ChatState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Active => Self::Active,
            StateName::Archived => Self::Archived,
            StateName::All => Self::All,
        }
    }
}
