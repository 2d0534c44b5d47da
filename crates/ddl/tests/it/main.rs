//! Tests of the crate from outside: the files in `infra/athena`, and every form of output.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

mod files;
mod outputs;
mod refusals;
mod support;
