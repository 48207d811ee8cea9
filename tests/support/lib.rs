//! What the suites stand on: the two services as real processes ([`Service`], [`Pair`]), the commands that people use
//! ([`command`]), the contract's list of methods ([`rpc`]), and calls of any of them ([`wire`]).

pub mod command;
pub mod rpc;
pub mod wire;

mod pair;
mod service;

pub use pair::Pair;
pub use service::{Service, free_address};
