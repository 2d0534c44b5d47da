//! How a run is doing while it goes on: its counts, and what is wrong.
//!
//! The thread that does the work writes it, the pages read it. Not here: HTTP (see `http.rs`) and
//! the names of metrics (see `metrics.rs`). A record costs two stores here, whoever reads: a reader
//! never holds up the work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    kafka::{deliveries::Deliveries, pulse::ClientNumbers},
    source::input::InputWatch,
    stop::StopFlag,
};

/// A handle; clones share the counts.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    shared: Arc<SharedCounts>,
    deliveries: Deliveries,
    watch: InputWatch,
    dry_run: bool,
}

#[derive(Debug, Default)]
struct SharedCounts {
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    skipped: AtomicU64,
    left_out: AtomicU64,
    back: AtomicU64,
    behind_millis: AtomicU64,
}

/// The numbers at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// Rows read from the inputs, good and bad.
    pub(crate) rows_read: u64,
    /// Bad rows among them.
    pub(crate) rows_skipped: u64,
    /// Rows that were not wanted; they do not count as read.
    pub(crate) rows_left_out: u64,
    /// Records that happened before the record before them.
    pub(crate) back: u64,
    /// How long the last record was due before it was sent.
    pub(crate) behind: Duration,
    /// Bytes read from the inputs, compressed as they are on disk.
    pub(crate) input_bytes: u64,
    /// Records handed to the Kafka client, or printed.
    pub(crate) sent: u64,
    /// Bytes of their keys and values.
    pub(crate) sent_bytes: u64,
    /// Records that Kafka has acknowledged, or that a dry run has printed.
    pub(crate) acknowledged: u64,
    /// Records that Kafka has refused or not acknowledged in time.
    pub(crate) failed: u64,
    /// Records in the client's queue: waiting for their batch or in flight.
    pub(crate) queued: u64,
    pub(crate) client: ClientNumbers,
}

impl Status {
    /// `stop` ends the inputs; a record that fails requests it.
    pub(crate) fn new(stop: &StopFlag, dry_run: bool) -> Self {
        Self {
            shared: Arc::default(),
            deliveries: Deliveries::new(stop),
            watch: InputWatch::new(stop),
            dry_run,
        }
    }

    pub(crate) fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    pub(crate) fn watch(&self) -> &InputWatch {
        &self.watch
    }

    /// Notes that `total` records have been sent, the last one of `bytes` bytes. To be called by
    /// one thread only.
    pub(crate) fn sent(&self, total: u64, bytes: usize) {
        // A load and a store are enough with one writer: an atomic addition would lock the cache
        // line for each record.
        let sent_bytes = self.shared.sent_bytes.load(Ordering::Relaxed) + bytes as u64;
        self.shared.sent_bytes.store(sent_bytes, Ordering::Relaxed);
        self.shared.sent.store(total, Ordering::Relaxed);
    }

    /// Notes that `total` rows were bad.
    pub(crate) fn skipped(&self, total: u64) {
        self.shared.skipped.store(total, Ordering::Relaxed);
    }

    /// How many rows were bad.
    pub(crate) fn rows_skipped(&self) -> u64 {
        self.shared.skipped.load(Ordering::Relaxed)
    }

    /// Notes that `total` rows were not wanted.
    pub(crate) fn left_out(&self, total: u64) {
        self.shared.left_out.store(total, Ordering::Relaxed);
    }

    /// Notes that `total` records happened before the record before them.
    pub(crate) fn back(&self, total: u64) {
        self.shared.back.store(total, Ordering::Relaxed);
    }

    /// Notes how far the records are behind their schedule.
    pub(crate) fn behind(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.shared.behind_millis.store(millis, Ordering::Relaxed);
    }

    /// How far the records are behind their schedule.
    pub(crate) fn behind_by(&self) -> Duration {
        Duration::from_millis(self.shared.behind_millis.load(Ordering::Relaxed))
    }

    pub(crate) fn numbers(&self) -> Numbers {
        // The acknowledged are read before the sent: the other way round, the queue would look too
        // short, or even negative.
        let (delivered, failed) = (self.deliveries.acknowledged(), self.deliveries.failed());
        let sent = self.shared.sent.load(Ordering::Relaxed);
        let skipped = self.rows_skipped();
        let acknowledged = if self.dry_run { sent } else { delivered };
        Numbers {
            rows_read: sent + skipped,
            rows_skipped: skipped,
            rows_left_out: self.shared.left_out.load(Ordering::Relaxed),
            back: self.shared.back.load(Ordering::Relaxed),
            behind: self.behind_by(),
            input_bytes: self.watch.bytes().load(Ordering::Relaxed),
            sent,
            sent_bytes: self.shared.sent_bytes.load(Ordering::Relaxed),
            acknowledged,
            failed,
            queued: sent.saturating_sub(acknowledged + failed),
            client: self.deliveries.client_numbers(),
        }
    }

    /// What is wrong now, for the health page; empty when nothing is.
    pub(crate) fn problems(&self) -> Vec<String> {
        if self.dry_run {
            return Vec::new();
        }
        self.deliveries.problems()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_when_their_fate_is_in_other_hands() {
        let status = Status::new(&StopFlag::default(), false);
        status.sent(1, 100);
        status.sent(2, 50);
        status.skipped(3);
        assert_eq!(status.rows_skipped(), 3);
        status.left_out(7);
        status.back(1);
        status.behind(Duration::from_millis(1500));
        let expected = Numbers {
            rows_left_out: 7,
            back: 1,
            behind: Duration::from_millis(1500),
            rows_read: 5,
            rows_skipped: 3,
            sent: 2,
            sent_bytes: 150,
            queued: 2,
            ..Numbers::default()
        };
        assert_eq!(status.numbers(), expected);
    }

    #[test]
    fn a_dry_run_has_no_queue_and_nothing_that_could_be_wrong() {
        let status = Status::new(&StopFlag::default(), true);
        status.sent(1, 100);
        let numbers = status.numbers();
        assert_eq!((numbers.acknowledged, numbers.queued), (1, 0));
        assert!(status.problems().is_empty());
    }

    #[test]
    fn a_run_that_has_not_reached_kafka_yet_is_not_well() {
        let status = Status::new(&StopFlag::default(), false);
        assert_eq!(status.problems(), ["not connected to Kafka yet"]);
    }
}
