//! What the suites stand on: the two services as real processes ([`Service`], [`Pair`]), the commands that people use
//! ([`command`]), curl ([`curl`]), plain HTTP of the admin port ([`http`]), the contract's list of methods ([`rpc`]), calls of any
//! of them ([`wire`]), what metadata-svc keeps everything in ([`Storage`], [`Database`]), what blob-svc keeps everything in
//! ([`ObjectStore`], [`Seaweed`]), and what goes wrong on the way there ([`fault_proxy`]).

pub mod command;
pub mod curl;
pub mod fault_proxy;
pub mod http;
pub mod postgres;
pub mod rpc;
pub mod wire;

mod database;
mod keeper;
mod object_store;
mod pair;
mod pgbouncer;
mod private_ca;
mod process;
mod s3;
mod seaweed;
mod service;
mod storage;
mod unprivileged;

pub use database::Database;
pub use object_store::{Bucket, ObjectStore};
pub use pair::Pair;
pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;
pub use private_ca::PrivateCa;
pub use s3::S3;
pub use seaweed::Seaweed;
pub use service::{Service, free_address};
pub use storage::{Storage, Store};
