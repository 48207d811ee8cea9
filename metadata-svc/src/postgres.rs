//! Postgres: where it is and how it is reached ([`Settings`]), one kind of connection to it (`connection`) and the pool of them
//! (`pool`).

mod connection;
mod pool;
mod settings;
mod tls;
mod url;

pub(crate) use connection::connect;
pub(crate) use settings::{PoolMode, Settings};
