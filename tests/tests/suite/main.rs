//! What a user of chatstore relies on, shown on the services as real processes.

mod admin;
mod blob;
mod blob_bad_input;
mod blob_objects;
mod contract_list;
mod crash;
mod demo;
mod flows;
mod kv_transfer;
mod metadata;
mod metadata_bad_input;
mod metadata_chats;
mod metadata_deletes;
mod metadata_messages;
mod metadata_once;
mod metadata_rows;
mod metadata_schema;
mod metadata_search;
mod metadata_watch;
mod presign_curl;
mod readme;
mod servers;
mod stock_statements;
mod storage;
mod undecodable;
mod up;
