//! Lands a Kafka topic in S3: the library behind the `consumer` binary.
//!
//! Reading order: [`args`] (the command line), `plan` (checks without a connection), `start_up`
//! (checks with one), `run` and `event_loop` (the run), `member` (the thread that polls Kafka),
//! `encoder` (batches to files). The rules live in the `landing` crate: the engine hands out an
//! offset to commit only after its records are durable, and nothing else is ever committed.

pub mod args;
mod claims;
pub mod commands;
mod dead_letters;
mod encoder;
mod event_loop;
mod inspection;
mod lag;
pub mod layout_plan;
mod member;
mod metrics;
mod overtaken;
mod plan;
mod run;
pub mod schema_infer;
mod start_up;
mod status;
mod store;
pub mod summary;
mod topic_lag;
mod warnings;

pub use crate::run::run;
