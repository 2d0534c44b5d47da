//! The per-record layout: each record is an object of its own.
//!
//! Not here: where a record goes (`placement`), and how far may be committed
//! ([`crate::offset_tracker`]). Invariant: nothing is written to a zone before the partition's
//! anchor is durable.

use super::{
    Engine,
    partition::{Work, ZoneAnchor},
    placement::{self, Placement},
    types::{UploadId, UploadKind},
};
use crate::{anchor::Anchor, identity::About, record::Record};

impl Engine {
    /// One object for one record.
    pub(super) fn land(&mut self, record: &Record<'_>) {
        let Some(state) = self.partitions.get_mut(&record.partition) else {
            return;
        };
        let generation = state.generation;
        let Some(running) = state.taking_records() else {
            return;
        };
        let Work::PerRecord(tracker) = &mut running.work else {
            return;
        };
        if !tracker.track(record.offset, self.now) {
            return;
        }
        let (key, body, kind) = match placement::place(&self.settings, &mut self.checker, record) {
            Placement::SkippedTombstone => {
                self.counts.tombstones += 1;
                return tracker.skipped(record.offset);
            }
            Placement::Data { key, body } => (key, body, UploadKind::Record),
            Placement::DeadLetter { key, body, reason } => {
                (key, body, UploadKind::DeadLetter(reason))
            }
        };
        self.counts.has_partition_column |= self.checker.has_partition_column();
        let anchor = Anchor::of(record);
        let id = UploadId {
            partition: record.partition,
            generation,
            kind,
            anchor,
            bytes: body.len(),
            number: 0,
        };
        if running.zone_anchor == ZoneAnchor::Unset {
            running.zone_anchor = ZoneAnchor::Pending;
            self.upload_anchor(id);
        }
        let about = About::Record {
            value: anchor.value,
            timestamp: anchor.timestamp,
        };
        self.enqueue(id, key, about, body);
    }
}
