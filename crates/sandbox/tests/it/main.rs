//! The broker, the S3 and the program, as their clients see them.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

mod broker;
mod conformance;
mod program;
mod s3;
mod sdk;
