//! Postgres: where it is and how it is reached ([`Settings`]), one kind of connection ([`Connection`]) and the pool of them
//! ([`Pool`]).

mod connection;
mod pool;
mod settings;
mod tls;
mod url;

pub(crate) use connection::{Connection, connect, sqlstate};
pub(crate) use pool::Pool;
pub(crate) use settings::{PoolMode, Settings};
