//! What a user of chatstore relies on, shown on the services as real processes.

mod blob;
mod blob_bad_input;
mod blob_objects;
mod contract_list;
mod crash;
mod demo;
mod presign_curl;
mod readme;
mod up;
