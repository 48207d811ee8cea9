//! Signed URLs and forms, as callers ask for them, and uploads in parts whose bytes do not pass through this service.

mod request;
pub mod rpc;
mod upload;
mod upload_id;
