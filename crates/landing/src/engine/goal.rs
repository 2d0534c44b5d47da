//! How far the group is on its way to the end of a run that ends by itself.
//!
//! Only data; what follows from it is in `until_end`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{offset::Offset, place::Partition, start::Stop};

/// How far the group is on its way to the end.
#[derive(Debug)]
pub(super) struct Goal {
    /// The next offset at which each partition is done.
    pub(super) ends: BTreeMap<Partition, Offset>,
    /// What the group has committed, of this zone.
    pub(super) committed: BTreeMap<Partition, Offset>,
    /// Partitions whose facts were good to go on from.
    pub(super) inspected: BTreeSet<Partition>,
    /// Partitions whose facts were asked for.
    pub(super) asked: BTreeSet<Partition>,
    /// Partitions that nobody here reads, and that cannot be landed.
    pub(super) stopped: BTreeMap<Partition, Stop>,
}
