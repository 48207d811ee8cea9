//! What the suites stand on: the two services as real processes ([`Service`], [`Pair`]), the commands that people use
//! ([`command`]), and the contract's list of methods ([`rpc`]).

pub mod command;
pub mod rpc;

mod pair;
mod service;

pub use pair::Pair;
pub use service::Service;
