//! Batched zones: the chain of claims of each partition, and the objects that they speak of.

mod chain;
mod chain_findings;
mod extent_findings;
pub(crate) mod judge;
mod lines;
pub(crate) mod listed;
mod object_content;
mod read_claim;
mod read_extents;
pub(crate) mod schemas;
mod topic_records;
