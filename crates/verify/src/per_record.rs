//! Zones with one object per record.

pub(crate) mod judge;
pub(crate) mod listed;
mod with_topic;
mod without_topic;
