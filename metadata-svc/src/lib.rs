//! metadata-svc: the service that owns chats, messages, images and search results.
//!
//! Each noun has its room: its types and rules (`chat`), how it is kept (`chat::kv`), how it is asked for (`chat::rpc`).

mod attachment;
mod blob_ledger;
mod blob_ref;
mod chat;
mod config;
mod db;
mod error;
mod history;
mod image;
mod instance;
mod mask;
mod message;
mod messenger;
#[cfg(test)]
mod model;
mod page;
#[cfg(test)]
mod plans;
mod postgres;
mod request_id;
mod schema;
mod search;
mod search_result;
mod server;
mod store;
mod transfer;
mod txn;
mod usage;
mod watch;

pub use config::Config;
pub use db::{DbArguments, run as db};
pub use server::run;
pub use transfer::{KvArguments, run as kv};
