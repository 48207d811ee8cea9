//! Postgres: where it is and how it is reached ([`Settings`]), one kind of connection to it ([`Connection`]), the pool of them
//! ([`Pool`]), and what values look like there ([`value`]).

mod connection;
mod pool;
mod settings;
mod tls;
mod url;
pub(crate) mod value;

pub(crate) use connection::{Connection, connect, sqlstate};
pub(crate) use pool::{Loan, Pool, PoolError};
pub(crate) use settings::{PoolMode, Settings};
