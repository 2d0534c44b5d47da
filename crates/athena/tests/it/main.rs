//! The local engine: its readers on a bucket of the sandbox, the executable as a user types, and
//! its answers beside Trino's.
//!
//! One program holds all tests, so that they are linked once.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail at any step"
)]

mod command_line;
mod scan;
mod scan_formats;
mod support;
mod trino;
