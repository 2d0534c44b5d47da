//! The model group coordinator: committed offsets, and which worker owns which partition.
//!
//! Not here: whether a commit may be accepted or is true (`commit`, `judge`). Invariant: the
//! committed offset of a partition changes only by a commit, a rewind, an expiry or a re-creation.

use crate::log::View;

/// One partition in the coordinator.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    pub(crate) committed: Option<Committed>,
    pub(crate) owner: Option<usize>,
    /// The owner was told to let go; this worker is next.
    pub(crate) moving_to: Option<usize>,
}

/// A committed offset. The view is the model's own knowledge: nobody in Kafka has it.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) next: i64,
    pub(crate) metadata: String,
    pub(crate) view: View,
    /// A consumer of another zone committed it.
    pub(crate) foreign: bool,
}
