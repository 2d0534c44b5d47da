//! Batched zones: the chain of claims of each partition, and the objects that they speak of.

pub(crate) mod chain;
pub(crate) mod chain_findings;
pub(crate) mod compared;
pub(crate) mod extent_findings;
pub(crate) mod judge;
pub(crate) mod letters;
pub(crate) mod line;
pub(crate) mod lines;
pub(crate) mod listed;
pub(crate) mod object_content;
pub(crate) mod parquet;
pub(crate) mod read_claim;
pub(crate) mod read_extents;
pub(crate) mod schemas;
pub(crate) mod topic_records;
pub(crate) mod unpacking;
