//! What a user of chatstore relies on, shown on the services as real processes.

mod contract_list;
mod crash;
mod demo;
mod readme;
mod up;
