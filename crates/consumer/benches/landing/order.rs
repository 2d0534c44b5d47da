//! What a measured process is told: the side, the topic, and where the objects go.
//!
//! Only data; `bare.rs`, `encoder.rs` and `ours.rs` carry it out.

use serde::{Deserialize, Serialize};

use crate::{options::Servers, side::Side, topic::FilledTopic};

/// What a process must do.
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
    /// The consumer group. Each measurement has its own, so that it starts at the beginning of the
    /// topic.
    pub(crate) fn group(&self) -> String {
        format!("{}.{}", self.bucket, self.prefix)
    }
}
