//! `consumer verify`: proves that a landing zone holds each record of its topic exactly once.

mod anchors;
pub mod args;
mod batched;
mod claim_index;
mod expected_place;
pub mod finding;
mod group_notes;
mod group_offsets;
mod listed;
mod listings;
mod open_zone;
mod per_record;
mod recognition;
pub mod report;
mod run;
mod topic;
mod verification;

pub use run::run;
