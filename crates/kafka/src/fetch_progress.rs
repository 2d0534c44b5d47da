//! When a client last got further in the log, whether it had a record to hand over or not.
//!
//! A long range of aborted transactions, or of records that compaction removed, gives the caller
//! nothing for minutes while the client fetches and skips it. Only the client's statistics show
//! that.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use rdkafka::Statistics;

/// How often a client with such a context reports its statistics, as librdkafka's option.
pub(crate) const STATISTICS_INTERVAL: [&str; 2] = ["statistics.interval.ms", "1000"];

/// Watches the offsets that a client fetches next.
#[derive(Debug, Default)]
pub(crate) struct FetchProgress(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The offsets to fetch next, added up over the partitions.
    next: i64,
    moved: Option<Instant>,
}

impl FetchProgress {
    /// Takes in what the client reports.
    pub(crate) fn note(&self, statistics: &Statistics) {
        let partitions = statistics.topics.values();
        let partitions = partitions.flat_map(|topic| topic.partitions.values());
        let next = partitions.map(|partition| partition.next_offset.max(0));
        let next = next.fold(0, i64::saturating_add);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut seen.next, next) != next {
            seen.moved = Some(Instant::now());
        }
    }

    /// When the client was last seen to have got further.
    pub(crate) fn moved(&self) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).moved
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdkafka::{
        TopicPartitionList,
        config::FromClientConfigAndContext,
        consumer::{BaseConsumer, Consumer},
    };

    use super::*;
    use crate::{complaints::LookUpContext, settings, test_cluster::TestCluster};

    #[test]
    fn a_client_that_fetches_is_seen_to_move_and_one_that_waits_is_not() {
        let cluster = TestCluster::start();
        cluster.append(3);
        let mut config = settings::client_config(&cluster.settings);
        config.set("statistics.interval.ms", "50");
        let client: BaseConsumer<LookUpContext> =
            BaseConsumer::from_config_and_context(&config, LookUpContext::default()).unwrap();
        let mut place = TopicPartitionList::new();
        let beginning = rdkafka::Offset::Beginning;
        place.add_partition_offset("t", 0, beginning).unwrap();
        client.assign(&place).unwrap();
        let moved = || client.context().fetched.moved();
        let wait = |until: &dyn Fn() -> bool| {
            let began = Instant::now();
            while !until() {
                assert!(began.elapsed() < Duration::from_secs(30), "waited too long");
                drop(client.poll(Duration::from_millis(20)));
            }
        };
        wait(&|| moved().is_some());
        // The records were fetched at once: from now on only new ones can move it.
        let quiet = Instant::now() + Duration::from_millis(500);
        wait(&|| Instant::now() > quiet);
        let before = moved();
        let quiet = Instant::now() + Duration::from_millis(500);
        wait(&|| Instant::now() > quiet);
        assert_eq!(moved(), before);
        cluster.append(1);
        wait(&|| moved() > before);
    }
}
