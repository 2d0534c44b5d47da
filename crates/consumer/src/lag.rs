//! The distance to the ends of the logs.

use std::collections::BTreeMap;

use landing::{Offset, Partition, engine::PartitionProgress};

/// The distance to the ends of the logs, in offsets, over all partitions of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lag {
    pub(crate) consumed: i64,
    pub(crate) durable: i64,
    pub(crate) committed: i64,
}

impl Lag {
    /// The lag of partitions at this progress. A partition whose log end is not known adds nothing.
    pub(crate) fn of(
        ends: &BTreeMap<Partition, Offset>,
        partitions: impl Iterator<Item = PartitionProgress>,
    ) -> Self {
        let mut lag = Self::default();
        for progress in partitions {
            let Some(end) = ends.get(&progress.partition) else {
                continue;
            };
            let behind = |offset: Offset| (end.0 - offset.0).max(0);
            lag.consumed += behind(progress.position);
            lag.durable += behind(progress.durable);
            lag.committed += behind(progress.committed.unwrap_or(progress.durable));
        }
        lag
    }
}
