//! `chatctl export`: a chat as files.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use caller::{Exported, Format, contract::id::Uuid};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{Global, bar::Unit, out::plain, parse_id};

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

impl Export {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (caller, bar) = global.caller_with_bar(Unit::Bytes)?;
        let exported = caller
            .export(self.chat, self.format.into(), &self.to)
            .await?;
        drop(bar);
        for key in &exported.missing_keys {
            writeln!(
                io::stderr(),
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

pub(crate) fn exported_json(exported: &Exported) -> Value {
    json!({
        "path": exported.path.display().to_string(),
        "turn_count": exported.turn_count,
        "picture_count": exported.picture_count,
        "missing_keys": exported.missing_keys,
    })
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
