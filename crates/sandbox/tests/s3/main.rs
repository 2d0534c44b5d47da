//! The server as a client of S3 sees it, with the AWS SDK.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

mod buckets;
mod common;
mod conditions;
mod faults;
mod listings;
mod objects;
mod relay;
#[path = "../support/sdk.rs"]
mod sdk;
