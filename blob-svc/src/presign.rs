//! Signed URLs, as callers ask for them.

mod request;
pub mod rpc;
