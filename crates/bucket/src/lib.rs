//! The border to S3: create-once writes that are tried until they are answered for good, lists,
//! reads, and the objects that a landing zone keeps of itself.
//!
//! The SDK's types stay on this side. Not here: what to write, or how many at a time.

pub mod answer;
pub mod body;
mod bucket;
pub mod client;
pub mod creation;
pub mod explain;
pub mod listing;
pub mod probe;
pub mod proof;
mod requests;
pub mod retry;
pub mod schemas;
pub mod zone;

pub use crate::bucket::{Bucket, check_bucket_name};
