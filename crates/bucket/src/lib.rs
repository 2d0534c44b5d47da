//! The border to S3: create-once writes that are repeated until they have a final answer, lists,
//! reads, and the objects that a landing zone keeps about itself.
//!
//! The SDK's types stay inside, except for the client that [`Bucket::new`] takes. What to write,
//! and how many requests run at a time, is the caller's decision; fewer writes than that run while
//! the line or the store is slow.

pub mod answer;
pub mod body;
mod bucket;
mod checksum;
pub mod client;
pub mod creation;
pub mod denial;
pub mod explain;
mod genuine;
pub mod listing;
pub mod object_options;
pub mod probe;
pub mod proof;
mod requests;
pub mod retry;
pub mod schemas;
mod times;
mod tries;
pub mod zone;

#[cfg(test)]
mod tests;

pub use crate::bucket::{Bucket, check_bucket_name};
