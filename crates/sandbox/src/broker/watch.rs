//! Watches what the mock cluster forgets: partition logs that were cut before the consumer groups
//! had passed.
//!
//! It does not prevent a loss and does not know consumers that work without a group; if no group is
//! known for a topic, each cut counts as a loss.
//!
//! Facts are taken in the order in which the broker made them, so that a commit which the broker
//! answered before a cut is known before that cut is judged.
//!
//! Why this reads log lines: polling watermarks and committed offsets would need the names of the
//! groups, and the mock cluster does not implement ListGroups (`fetch_group_list` only times out).
//! With `debug=mock` it does log each append (with the log's new limits), each commit and each
//! offset look-up, in order, from its one thread, so nothing is missed between two polls. The
//! wording belongs to the librdkafka version that `Cargo.lock` pins; the tests in `tests/broker.rs`
//! fail if it changes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    producer::{DeliveryResult, ProducerContext},
};

/// Records that the broker dropped although somebody still needed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset of the first record that is still there.
    pub log_start: i64,
    /// The consumer group that had not passed `log_start`; `None` when no group has read the topic
    /// at all.
    pub group: Option<String>,
    /// The group's committed offset, 0 when it has none: the records from here to `log_start` are
    /// lost to it.
    pub committed: i64,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reader = match &self.group {
            Some(group) => format!("consumer group {group} had committed {}", self.committed),
            None => "no consumer group had read any of them".to_owned(),
        };
        write!(
            f,
            "the sandbox's broker dropped records {}..{} of {} partition {}, {reader}: it keeps only 5 MiB (compressed) \
             and 100000 batches per partition; restart the sandbox, then use more partitions, a stronger compression \
             or larger batches in the producer, or let the consumer run at the same time",
            self.committed, self.log_start, self.topic, self.partition
        )
    }
}

/// One fact about the mock cluster.
#[derive(Debug, PartialEq, Eq)]
enum Fact<'a> {
    /// The log of a partition now begins at this offset.
    LogStart(i64),
    /// A group committed this offset.
    Committed(&'a str, i64),
    /// A group asked where to begin and has never committed.
    Joined(&'a str),
}

/// What one partition is known to hold, and who has read how far.
#[derive(Default)]
struct PartitionLog {
    start: i64,
    committed: BTreeMap<String, i64>,
}

#[derive(Default)]
struct KnownLogs {
    topics: BTreeMap<String, BTreeMap<i32, PartitionLog>>,
    /// The first loss.
    loss: Option<Loss>,
    /// Whether somebody was told about it.
    told: bool,
}

/// The context of the client that owns the mock cluster.
#[derive(Default)]
pub(super) struct LossWatch {
    state: Mutex<KnownLogs>,
    lost: Condvar,
}

impl LossWatch {
    pub(super) fn loss(&self) -> Option<Loss> {
        self.state().tell()
    }

    pub(super) fn wait_for_loss(&self, limit: Duration) -> Option<Loss> {
        let state = self.state();
        let waited = self
            .lost
            .wait_timeout_while(state, limit, |state| state.loss.is_none());
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.tell()
    }

    /// The loss that nobody was told about.
    pub(super) fn untold(&self) -> Option<Loss> {
        let mut state = self.state();
        if state.told { None } else { state.tell() }
    }

    fn take(&self, line: &str) {
        let Some((topic, partition, fact)) = parse(line) else {
            return;
        };
        let mut state = self.state();
        let seen = state.apply(topic, partition, &fact);
        if let (Some(loss), None) = (seen, &state.loss) {
            state.loss = Some(loss);
            self.lost.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, KnownLogs> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for LossWatch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.take(line);
        // A broker that is down on purpose makes its own client complain, so nothing is logged
        // above debug.
        tracing::trace!(target: "sandbox::broker", ?level, facility, "{line}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "sandbox::broker", %error, reason, "the broker's own client");
    }
}

impl ProducerContext for LossWatch {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

impl KnownLogs {
    fn tell(&mut self) -> Option<Loss> {
        self.told |= self.loss.is_some();
        self.loss.clone()
    }

    /// Takes a fact, and says whether it is a loss.
    fn apply(&mut self, topic: &str, partition: i32, fact: &Fact<'_>) -> Option<Loss> {
        if let Fact::LogStart(0) = fact {
            return None;
        }
        let logs = self.topics.entry(topic.to_owned()).or_default();
        match *fact {
            Fact::LogStart(start) => {
                logs.entry(partition).or_default().start = start;
                first_left_behind(logs, partition).map(|(group, committed)| Loss {
                    topic: topic.to_owned(),
                    partition,
                    log_start: start,
                    group,
                    committed,
                })
            }
            Fact::Committed(group, offset) => {
                logs.entry(partition)
                    .or_default()
                    .committed
                    .insert(group.to_owned(), offset);
                None
            }
            Fact::Joined(group) => {
                // A group that comes late has lost nothing that it was promised: it begins at what
                // is there.
                let log = logs.entry(partition).or_default();
                let start = log.start;
                log.committed.entry(group.to_owned()).or_insert(start);
                None
            }
        }
    }
}

/// The first group of the topic that has not passed the start of the partition's log, and its
/// committed offset.
fn first_left_behind(
    logs: &BTreeMap<i32, PartitionLog>,
    partition: i32,
) -> Option<(Option<String>, i64)> {
    let log = logs.get(&partition)?;
    let mut groups: Vec<&String> = logs.values().flat_map(|log| log.committed.keys()).collect();
    groups.sort_unstable();
    groups.dedup();
    if groups.is_empty() {
        return Some((None, 0));
    }
    groups
        .into_iter()
        .map(|group| (group, log.committed.get(group).copied().unwrap_or(0)))
        .find(|(_, committed)| *committed < log.start)
        .map(|(group, committed)| (Some(group.clone()), committed))
}

/// Reads a line of librdkafka's `rdkafka_mock.c` and `rdkafka_mock_handlers.c`.
fn parse(line: &str) -> Option<(&str, i32, Fact<'_>)> {
    if let Some((_, rest)) = line.split_once(": Log append ") {
        let (topic, partition, rest) = topic_partition(rest)?;
        let (_, rest) = rest.split_once("(log now ")?;
        let (start, _) = rest.split_once("..")?;
        return Some((topic, partition, Fact::LogStart(start.parse().ok()?)));
    }
    let (_, rest) = line.split_once("Topic ")?;
    let (topic, partition, rest) = topic_partition(rest)?;
    let fact = if let Some(rest) = rest.strip_prefix("committing offset ") {
        let (offset, group) = rest.split_once(" for group ")?;
        Fact::Committed(group, offset.parse().ok()?)
    } else {
        let rest = rest.strip_prefix("has no committed offset for group ")?;
        // After the last colon comes the outcome of the look-up.
        Fact::Joined(rest.rsplit_once(": ")?.0)
    };
    Some((topic, partition, fact))
}

/// Splits `stocks [3] and the rest`. Topic names hold neither spaces nor brackets.
fn topic_partition(text: &str) -> Option<(&str, i32, &str)> {
    let (topic, rest) = text.split_once(" [")?;
    let (partition, rest) = rest.split_once("] ")?;
    Some((topic, partition.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPEND: &str = "[thrd:mock]: Broker 1: Log append t [2] 10 messages, 99 bytes at offset 90 (log now 40..100, original start 0)";

    fn watch(lines: &[&str]) -> Option<Loss> {
        let watch = LossWatch::default();
        for line in lines {
            watch.take(line);
        }
        watch.loss()
    }

    #[test]
    fn the_lines_of_the_mock_cluster_are_understood() {
        assert_eq!(parse(APPEND), Some(("t", 2, Fact::LogStart(40))));
        assert_eq!(
            parse("[thrd:mock]: Topic t [0] committing offset 7 for group a: b for group c"),
            Some(("t", 0, Fact::Committed("a: b for group c", 7)))
        );
        assert_eq!(
            parse("Topic t [1] has no committed offset for group g: h: Success"),
            Some(("t", 1, Fact::Joined("g: h")))
        );
        assert_eq!(
            parse("Broker 1: Received FetchRequestV16 from 127.0.0.1:1"),
            None
        );
    }

    #[test]
    fn a_cut_that_nobody_has_read_is_a_loss() {
        let loss = watch(&[APPEND]).unwrap();
        assert_eq!((loss.log_start, loss.group, loss.committed), (40, None, 0));
    }

    #[test]
    fn a_cut_below_each_committed_offset_is_no_loss() {
        assert_eq!(
            watch(&["Topic t [2] committing offset 40 for group g", APPEND]),
            None
        );
    }

    #[test]
    fn a_cut_above_one_groups_committed_offset_is_a_loss() {
        let loss = watch(&[
            "Topic t [2] committing offset 40 for group g",
            "Topic t [2] committing offset 39 for group h",
            APPEND,
        ]);
        assert_eq!(
            loss.map(|loss| (loss.group, loss.committed)),
            Some((Some("h".to_owned()), 39))
        );
    }

    #[test]
    fn a_group_that_committed_only_another_partition_has_lost_this_one() {
        let loss = watch(&["Topic t [0] committing offset 40 for group g", APPEND]);
        assert_eq!(loss.map(|loss| loss.committed), Some(0));
    }

    #[test]
    fn a_group_that_joined_before_the_cut_and_committed_nothing_has_lost() {
        let joined = "Topic t [2] has no committed offset for group g: Success";
        assert_eq!(
            watch(&[joined, APPEND]).and_then(|loss| loss.group),
            Some("g".to_owned())
        );
    }

    #[test]
    fn a_group_that_comes_after_the_cut_begins_at_what_is_there() {
        let first = "Topic t [2] committing offset 50 for group g";
        let late = "Topic t [2] has no committed offset for group late: Success";
        assert_eq!(watch(&[first, APPEND, late, APPEND]), None);
    }
}
