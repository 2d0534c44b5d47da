//! How far the group is behind the whole topic, with the partitions that other processes read, and
//! those that nobody reads yet.
//!
//! Each process of the group finds the same, so the numbers must not be added up.

use std::collections::BTreeMap;

use anyhow::Result;
use kafka::look_up::LookUp;
use landing::{Offset, OffsetRange, Partition};

/// The whole topic, as Kafka sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicLag {
    /// How many partitions the topic has.
    pub(crate) partitions: usize,
    /// The distance from what the group has committed to the ends of the logs, in offsets. What
    /// was never committed counts from the beginning of the log.
    pub(crate) committed: i64,
}

impl TopicLag {
    /// Asks Kafka; blocks for as long as it takes to answer, at most 10 seconds for each partition.
    ///
    /// # Errors
    /// When Kafka does not answer for all partitions.
    pub(crate) fn ask(look_up: &LookUp) -> Result<Self> {
        let partitions = look_up.topic(kafka::look_up::QUESTION)?.partitions;
        let committed = look_up.committed(&partitions)?.into_iter();
        let committed: BTreeMap<Partition, Offset> = committed
            .map(|committed| (committed.partition, committed.next))
            .collect();
        let logs = partitions.into_iter();
        let logs = logs.map(|partition| Ok((partition, look_up.log_ends(partition)?)));
        Ok(Self::of(&logs.collect::<Result<_>>()?, &committed))
    }

    fn of(
        logs: &BTreeMap<Partition, OffsetRange>,
        committed: &BTreeMap<Partition, Offset>,
    ) -> Self {
        let behind = |(partition, log): (&Partition, &OffsetRange)| {
            let next = committed.get(partition).map_or(log.start, |next| *next);
            (log.end.0 - next.0.max(log.start.0)).max(0)
        };
        Self {
            partitions: logs.len(),
            committed: logs.iter().map(behind).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_nobody_has_read_counts_from_its_beginning() {
        let log = |start, end| OffsetRange::new(Offset(start), Offset(end));
        let logs = [(0, log(5, 30)), (1, log(0, 7)), (2, log(40, 40))];
        let logs = logs.map(|(partition, log)| (Partition(partition), log));
        let committed = BTreeMap::from([(Partition(0), Offset(20)), (Partition(2), Offset(31))]);
        let lag = TopicLag::of(&BTreeMap::from(logs), &committed);
        let expected = TopicLag {
            partitions: 3,
            committed: 10 + 7,
        };
        assert_eq!(lag, expected);
    }
}
