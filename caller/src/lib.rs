//! The library that coordinates metadata-svc and blob-svc, which never call each other.
//!
//! A [`Caller`] holds a connection to each. What it does for you are flows: [`Caller::save_document`],
//! [`Caller::save_turn`], [`Caller::history`], [`Caller::export`], [`Caller::delete_chat`], [`Caller::sweep`]; and single steps of
//! them:
//! [`Caller::upload`], [`Caller::download`], [`Caller::chat`], [`Caller::list_chats`], [`Caller::search`].
//!
//! Every flow that changes something takes a request id of yours and derives from it the request id of each of its calls
//! and every id and key that it makes. So a flow can die anywhere: run it again with the same request id and the same
//! content, and it ends in the state, and with the answer, of a run that was never disturbed.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use caller::{Caller, Config, SaveDocument, Source, contract::id::new_id};
//!
//! # async fn save() -> caller::Result<()> {
//! let caller = Caller::connect(Config {
//!     metadata_url: "http://127.0.0.1:50051".into(),
//!     blob_url: "http://127.0.0.1:50052".into(),
//!     timeout: Duration::from_secs(60),
//! })?;
//! let save = SaveDocument {
//!     request_id: new_id(), // keep it: it makes the flow safe to run again
//!     user_id: "ann".into(),
//!     title: "Pump station".into(),
//!     description: String::new(),
//!     metadata: None,
//!     document: Source::File("plan.pdf".into()),
//!     name: String::new(),
//!     content_type: String::new(),
//! };
//! let chat = caller.save_document(&save).await?;
//! # Ok(())
//! # }
//! ```
//!
//! All calls of a flow share one deadline and one span; where the process has a `tracing-opentelemetry` layer
//! (`contract::telemetry` sets one up), both services take part in that span's trace. A call that was not answered, or
//! answered that the service is busy, is repeated with the same request id.

mod attempt;
mod chat;
mod connect;
mod delete_chat;
mod download;
mod drain;
mod error;
mod export;
mod flow;
mod history;
pub mod json;
mod judge;
mod key;
mod pages;
mod progress;
mod sample;
mod save_document;
mod save_turn;
mod search;
mod source;
mod sweep;
mod upload;

pub use connect::{Caller, Config};
pub use contract;
pub use delete_chat::{Deleted, delete_request_id};
pub use download::Download;
pub use drain::Kept;
pub use error::{Error, Result};
pub use export::{Exported, Format};
pub use history::{History, SignedTurn};
pub use progress::Progress;
pub use sample::Sample;
pub use save_document::SaveDocument;
pub use save_turn::{Picture, SaveTurn};
pub use search::SearchScope;
pub use source::Source;
pub use sweep::{Orphans, Pending, Report, Sweep, Uploads};
pub use upload::Upload;

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use contract::{id::Uuid, metadata::v1::ChatState};

    use super::*;

    /// Compiles only where a runtime with several threads may run them.
    fn spawnable(_: impl Send) {}

    #[expect(dead_code, reason = "that it compiles is the claim")]
    fn every_flow_can_be_spawned(caller: Caller, document: SaveDocument, turn: SaveTurn) {
        let id = Uuid::nil();
        spawnable(caller.save_document(&document));
        spawnable(caller.save_turn(&turn));
        spawnable(caller.delete_chat(id, id));
        spawnable(caller.export(id, Format::Html, Path::new("")));
        spawnable(caller.history(id, 0, Some(Duration::from_secs(60))));
        spawnable(async {
            let history = caller.history(id, 0, None).await;
            spawnable(history.map(|h| h.turns));
        });
        spawnable(caller.sweep(&Sweep::default()));
        spawnable(caller.list_chats("", ChatState::All));
        spawnable(caller.search(&SearchScope::Chat(id), ""));
        spawnable(caller.download("", Path::new("")));
    }
}
