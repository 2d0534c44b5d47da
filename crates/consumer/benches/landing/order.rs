//! What a measured process is told: the side, the topic, and where the objects go.
//!
//! Only data. Not here: how a side does it (see `bare.rs`, `encoder.rs` and `ours.rs`).

use serde::{Deserialize, Serialize};

use crate::{options::Servers, side::Side, topic::FilledTopic};

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) side: Side,
    pub(crate) servers: Servers,
    pub(crate) topic: FilledTopic,
    pub(crate) bucket: String,
    /// Folder of the objects in the bucket.
    pub(crate) prefix: String,
    /// Requests to S3 in flight.
    pub(crate) concurrency: u16,
}

impl Order {
    /// The consumer group: one for each process, so that each begins at the beginning.
    pub(crate) fn group(&self) -> String {
        format!("{}.{}", self.bucket, self.prefix)
    }
}
