//! What a layout and a query cost on AWS, and the limits that they reach.
//!
//! Reading order: [`prices`] (the file with the figures), [`stream`] (what comes, and how it is
//! landed), [`batches`] (when a batch closes), [`estimate`] (requests, bytes, dollars and limits of
//! one layout), [`outlook`] (all layouts side by side, and what to do); [`query`] is the cost line
//! of `athena`. Everything is a pure function of its arguments; nothing here asks AWS.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

pub mod batches;
pub mod estimate;
pub mod limits;
pub mod outlook;
pub mod prices;
pub mod query;
pub mod stream;
mod words;
