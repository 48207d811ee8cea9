//! What the suites stand on: the two services as real processes ([`Service`], [`Pair`]), the commands that people use
//! ([`command`]), plain HTTP of the admin port ([`http`]), the contract's list of methods ([`rpc`]), calls of any of them
//! ([`wire`]), and what metadata-svc keeps everything in ([`Storage`], [`Database`]).

pub mod command;
pub mod http;
pub mod postgres;
pub mod rpc;
pub mod wire;

mod database;
mod pair;
mod pgbouncer;
mod private_ca;
mod service;
mod storage;
mod unprivileged;

pub use database::Database;
pub use pair::Pair;
pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;
pub use private_ca::PrivateCa;
pub use service::{Service, free_address};
pub use storage::{Storage, Store};
