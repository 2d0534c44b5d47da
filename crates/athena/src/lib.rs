//! Runs Athena's SQL on a bucket, here: the DDL files are its catalog.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod answer;
mod args;
pub mod catalog;
mod dialect;
mod grammar;
mod print;
mod prompt;
mod reason;
mod run;
pub mod scan;
mod session;
mod source;
mod stores;

pub use args::Args;
pub use run::work;
