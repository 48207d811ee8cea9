//! `chatctl demo`: a conversation about a drawing, from the first upload to the export, over files that chatctl carries.

mod conversation;

use std::path::PathBuf;

use caller::{
    Caller, Exported, Format, SearchScope,
    contract::{
        id::{Uuid, derived_id},
        server::stop_signal,
    },
    delete_request_id,
};
use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use tonic::Code;

use conversation::{Conversation, QUERIES, USER, source};

use crate::{
    Global,
    export::exported_json,
    failure::Repeatable,
    find::hit_text,
    history::turn_text,
    out::Out,
    services::{self, Services},
};

/// Every run without a request id is the same run.
const REQUEST_ID: Uuid = Uuid::from_u128(0x0193_d8f0_5f00_7000_8000_6368_6174_7374);
/// Hold a whole conversation.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The folder of both embedded stores, where the demonstration starts the services
    #[arg(long, value_name = "FOLDER", default_value = "./chatstore-data")]
    data: PathBuf,
    /// The folder to export to
    #[arg(long, value_name = "FOLDER", default_value = "./chatstore-demo")]
    to: PathBuf,
}

/// What was made.
struct Made {
    chat_id: Uuid,
    exports: Vec<Exported>,
}

impl Demo {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let given = global.metadata.is_some() || global.blob.is_some();
        if given || services::default_ones_serve().await {
            return self.hold(global, &global.caller()?, None).await;
        }
        let (metadata, blob) = (services::free_address()?, services::free_address()?);
        let mut services = Services::start(&self.data, metadata, blob).await?;
        global.out().text(format!(
            "Started both services on embedded stores in {}.",
            self.data.display()
        ))?;
        let caller = global.caller_of(format!("http://{metadata}"), format!("http://{blob}"))?;
        let up = format!("up --data {}", self.data.display());
        let held = tokio::select! {
            held = self.hold(global, &caller, Some(&up)) => held,
            error = services.one_ended() => Err(error),
            () = stop_signal() => Err(anyhow::anyhow!("stopped; run it again, and it goes on")),
        };
        services.stop().await;
        held
    }

    /// Holds the conversation; `up` is the command that serves what it leaves behind, where nothing goes on serving it.
    async fn hold(&self, global: &Global, caller: &Caller, up: Option<&str>) -> anyhow::Result<()> {
        let (request_id, out) = (global.request_id.unwrap_or(REQUEST_ID), global.out());
        let held = self.steps(caller, request_id, out).await;
        let made = held.map_err(|error| match error.downcast() {
            Ok(error) => Repeatable::by(request_id)(error).into(),
            Err(other) => other,
        })?;
        tell(&made, up, out)
    }

    async fn steps(&self, caller: &Caller, request_id: Uuid, out: Out) -> anyhow::Result<Made> {
        let conversation = Conversation::read()?;
        let (request_id, chat_id) = begin(&conversation, caller, request_id).await?;
        let name = &conversation.document.name;
        out.text(format!(
            "Saved the document \"{name}\" into chat {chat_id}."
        ))?;
        for (i, turn) in conversation.turns.into_iter().enumerate() {
            let request_id = derived_id(request_id, &format!("turn {i}"));
            let turn = turn.into_save(request_id, chat_id, source)?;
            let pictures = turn.pictures.len();
            let saved = caller.save_turn(&turn).await?;
            let seq = saved.message.map_or(0, |m| m.seq);
            out.text(format!("Saved message {seq} with {pictures} pictures."))?;
        }
        search(caller, chat_id, out).await?;
        show(caller, chat_id, out).await?;
        let exports = self.export(caller, chat_id).await?;
        Ok(Made { chat_id, exports })
    }

    async fn export(&self, caller: &Caller, chat_id: Uuid) -> anyhow::Result<Vec<Exported>> {
        let archive = self.to.join("chat.zip");
        let exports = [
            (Format::Markdown, &self.to),
            (Format::Html, &self.to),
            (Format::JsonLines, &self.to),
            (Format::Markdown, &archive),
        ];
        let mut exported = Vec::new();
        for (format, to) in exports {
            exported.push(caller.export(chat_id, format, to).await?);
        }
        Ok(exported)
    }
}

/// Saves the document; gives the request id of the conversation, and the chat.
///
/// The chat of an earlier run may have been deleted since. Its request ids are used up, so what they stored again is
/// removed again, and the conversation begins anew under the next request id.
async fn begin(
    conversation: &Conversation,
    caller: &Caller,
    mut request_id: Uuid,
) -> anyhow::Result<(Uuid, Uuid)> {
    loop {
        let save = conversation.save_document(derived_id(request_id, "document"))?;
        caller.save_document(&save).await?;
        let chat_id = save.chat_id();
        match caller.chat(chat_id).await {
            Err(error) if is_gone(&error) => {
                let again = caller
                    .delete_chat(chat_id, delete_request_id(chat_id))
                    .await;
                again
                    .map(|_| ())
                    .or_else(|e| if is_gone(&e) { Ok(()) } else { Err(e) })?;
                request_id = derived_id(request_id, "after deletion");
            }
            there => return Ok(there.map(|_| (request_id, chat_id))?),
        }
    }
}

fn is_gone(error: &caller::Error) -> bool {
    error.code() == Some(Code::NotFound)
}

async fn search(caller: &Caller, chat_id: Uuid, out: Out) -> anyhow::Result<()> {
    for query in QUERIES {
        let hits = caller.search(&SearchScope::Chat(chat_id), query).take(3);
        let hits: Vec<_> = hits.try_collect().await?;
        out.text(format!("\nSearched for \"{query}\": {} hits.", hits.len()))?;
        hits.iter().try_for_each(|hit| out.text(hit_text(hit)))?;
    }
    Ok(())
}

async fn show(caller: &Caller, chat_id: Uuid, out: Out) -> anyhow::Result<()> {
    let history = caller.history(chat_id, 0, None).await?;
    let mut turns = std::pin::pin!(history.turns);
    while let Some(turn) = turns.try_next().await? {
        out.text(turn_text(&turn))?;
    }
    Ok(())
}

fn tell(made: &Made, up: Option<&str>, out: Out) -> anyhow::Result<()> {
    let id = made.chat_id.to_string();
    let json = || {
        let exports: Vec<_> = made.exports.iter().map(exported_json).collect();
        json!({"chat_id": id, "exports": exports})
    };
    let text = || {
        let exports = made.exports.iter();
        let exports: String = exports
            .map(|e| format!("\n  {}", e.path.display()))
            .collect();
        let program = std::env::args().next().unwrap_or_default();
        let up = up.map(|up| format!("\n  {program} {up} &"));
        let up = up.unwrap_or_default();
        format!(
            "\nMade chat {id} of user \"{USER}\", and exported it to{exports}\n\nGo on with{up}\n  {program} history {id}\n  \
             {program} search --user {USER} 'расходомер'\n  {program} delete-chat {id}"
        )
    };
    Ok(out.line(json, text)?)
}
