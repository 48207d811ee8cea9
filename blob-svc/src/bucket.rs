//! The configured bucket.

pub mod rpc;
