//! The messages between the poll thread and the event loop.
//!
//! None of rdkafka's types crosses this border.

use std::sync::mpsc::SyncSender;

use landing::{Offset, Partition, arena::RecordArena};

/// A commit for one partition of the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) partition: Partition,
    pub(crate) next: Offset,
    pub(crate) metadata: String,
}

/// What the poll thread tells the event loop, in the order in which it happened.
#[derive(Debug)]
pub(crate) enum KafkaEvent {
    Records(RecordArena),
    /// The end of the log was reached: every visible record below the position was handed over.
    EndOfPartition {
        partition: Partition,
        position: Offset,
    },
    Assigned(Vec<Partition>),
    /// The group takes partitions back. The reply says what to commit first; the poll thread waits
    /// for it until the drain deadline.
    Revoked {
        partitions: Vec<Partition>,
        reply: SyncSender<Vec<Commit>>,
    },
    /// The partitions are already gone, because the session expired.
    Lost(Vec<Partition>),
    /// The broker answered a commit.
    Committed {
        offsets: Vec<(Partition, Offset)>,
        confirmed: bool,
    },
    /// Records of this partition that follow begin at the offset that [`Command::Start`] asked for.
    Started {
        partition: Partition,
        generation: u64,
    },
    /// The client refused that offset.
    StartFailed {
        partition: Partition,
        generation: u64,
    },
    /// Some partition cannot be read at its position; the client does not say which.
    PositionLost,
    /// Kafka is in trouble, and the client goes on trying.
    Trouble(String),
    /// The client cannot go on.
    Fatal(String),
}

/// What the event loop asks of the poll thread.
#[derive(Debug)]
pub(crate) enum Command {
    Start {
        partition: Partition,
        generation: u64,
        offset: Offset,
        paused: bool,
    },
    Pause,
    Resume,
    /// Delivers nothing more of this partition.
    Stop {
        partition: Partition,
    },
    Commit(Commit),
    /// Commits these, replies whether the broker accepted them, leaves the group and ends the
    /// thread.
    Finish {
        commits: Vec<Commit>,
        committed: tokio::sync::oneshot::Sender<bool>,
    },
}
