//! The engine of one consumer process in the per-record layout: facts in, actions out.
//!
//! Call a fact method when something happened, then [`Engine::poll_action`] until it gives `None`, then sleep until
//! [`Engine::poll_timeout`] or the next fact. It holds every rule about order, memory and commits; whoever drives it holds none.
//! Not here: where a record goes (`placement`), where a partition begins ([`crate::start`]), requests and their retries.
//! Invariant: `Commit` and `Release` carry only next offsets below which every record shown to the engine is durable.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    anchor::Anchor,
    in_flight_limit::InFlightLimit,
    offset::Offset,
    partition_state::{PartitionState, ZoneAnchor},
    placement::{self, Placement},
    record::{Record, ValueHash},
    start::Stop,
};

mod assignment;
mod progress;
mod types;
mod uploads;

pub use progress::Progress;
pub use types::{Action, Counts, Outcome, Settings, Tombstones, Upload, UploadId, UploadKind};

/// Memory that a waiting record costs besides its bytes: key text, metadata, allocations.
const RECORD_OVERHEAD: usize = 416;
/// Memory of a delivered offset that cannot be committed yet.
const TRACKED_BYTES: usize = 96;

/// The state of all topic partitions that are assigned to this process.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    partitions: BTreeMap<i32, PartitionState>,
    waiting: VecDeque<Upload>,
    /// Uploads of partitions whose anchor is not yet durable: nothing is written to a zone that could not be told apart from another.
    held: Vec<Upload>,
    actions: VecDeque<Action>,
    limit: InFlightLimit,
    in_flight: usize,
    buffered: usize,
    paused: bool,
    draining: bool,
    generations: u64,
    next_commit: Duration,
    counts: Counts,
}

impl Engine {
    /// An engine without partitions.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            limit: InFlightLimit::new(settings.max_in_flight),
            settings,
            partitions: BTreeMap::new(),
            waiting: VecDeque::new(),
            held: Vec::new(),
            actions: VecDeque::new(),
            in_flight: 0,
            buffered: 0,
            paused: false,
            draining: false,
            generations: 0,
            next_commit: Duration::ZERO,
            counts: Counts::default(),
        }
    }

    /// A record was delivered. One that the partition does not wait for (delivered before, stopped, revoked) is ignored.
    pub fn record(&mut self, record: &Record<'_>) {
        let Some(state) = self.partitions.get_mut(&record.partition) else {
            return;
        };
        let generation = state.generation;
        let Some(running) = state.taking_records() else {
            return;
        };
        if !running.tracker.track(record.offset) {
            return;
        }
        let (key, body, kind) = match placement::place(&self.settings, record) {
            Placement::SkippedTombstone => {
                self.counts.tombstones += 1;
                return running.tracker.skipped(record.offset);
            }
            Placement::Data { key, body } => (key, body, UploadKind::Record),
            Placement::DeadLetter { key, body, reason } => {
                (key, body, UploadKind::DeadLetter(reason))
            }
        };
        let anchor = Anchor {
            offset: record.offset,
            timestamp: record.timestamp,
            value: ValueHash::of(record.value),
        };
        let id = UploadId {
            partition: record.partition,
            generation,
            kind,
            anchor,
            bytes: body.len(),
        };
        if running.zone_anchor == ZoneAnchor::Unset {
            running.zone_anchor = ZoneAnchor::Pending;
            self.upload_anchor(id);
        }
        self.enqueue(id, key, body);
    }

    /// All visible records below `position` were delivered: this reader came to the end of the log there. It must be the end that
    /// this very reader came to: the tracker passes the holes below it for good, and a record below it that comes later is ignored.
    pub fn end_of_partition(&mut self, partition: i32, position: Offset) {
        if let Some(running) = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::taking_records)
        {
            running.tracker.advance_to(position);
        }
    }

    /// The client can no longer read at its position (removed by retention, truncated, re-created): what was delivered is
    /// finished and committed, then the partition is inspected again.
    pub fn position_lost(&mut self, partition: i32) {
        if let Some(running) = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::taking_records)
        {
            running.position_lost = true;
            self.inspect_if_settled(partition);
        }
    }

    /// An upload was answered for good.
    pub fn upload_finished(&mut self, id: UploadId, outcome: Outcome) {
        self.in_flight -= 1;
        self.release_memory(id.bytes);
        self.limit.succeeded();
        let Some(state) = self
            .partitions
            .get_mut(&id.partition)
            .filter(|state| state.generation == id.generation)
        else {
            return;
        };
        state.in_flight -= 1;
        match outcome {
            Outcome::Stored | Outcome::AlreadyThere => {
                self.durable(id, outcome == Outcome::AlreadyThere)
            }
            Outcome::Conflict { key, difference } => {
                self.conflict(id, Stop::Conflict { key, difference })
            }
        }
        self.release_if_idle(id.partition);
        self.inspect_if_settled(id.partition);
    }

    /// The store asked for fewer requests.
    pub fn slow_down(&mut self) {
        self.limit.slow_down();
    }

    /// The broker answered a commit.
    pub fn commit_finished(&mut self, partition: i32, offset: Offset, confirmed: bool) {
        let Some(running) = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::running_mut)
        else {
            return;
        };
        if running.committing != Some(offset) {
            return;
        }
        running.committing = None;
        if confirmed {
            running.committed = Some(offset);
        }
        self.inspect_if_settled(partition);
    }

    /// The broker was asked and holds this next offset for the group. A lower one than it confirmed to us (a late commit of an
    /// earlier owner, a reset) is not left standing: ours is offered again.
    pub fn committed_seen(&mut self, partition: i32, offset: Offset) {
        let running = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::running_mut);
        if let Some(running) = running
            && running.committing.is_none()
            && running.committed.is_some_and(|known| offset < known)
        {
            running.committed = Some(offset);
        }
    }

    /// Lets time pass: `now` counts from the start of the run.
    pub fn handle_timeout(&mut self, now: Duration) {
        if now < self.next_commit {
            return;
        }
        self.next_commit = now + self.settings.commit_interval;
        for (&partition, state) in &mut self.partitions {
            if state.revoked {
                continue;
            }
            let Some(running) = state
                .running_mut()
                .filter(|running| running.committing.is_none())
            else {
                continue;
            };
            if let Some((next, metadata)) = running.to_commit() {
                running.committing = Some(next);
                self.actions.push_back(Action::Commit {
                    partition,
                    next,
                    metadata,
                });
            }
        }
    }

    /// When [`Engine::handle_timeout`] wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        self.next_commit
    }

    /// The next thing to do, if there is one now.
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.regulate();
        }
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        if self.in_flight >= self.limit.current() {
            return None;
        }
        let upload = self.waiting.pop_front()?;
        self.in_flight += 1;
        if let Some(state) = self.partitions.get_mut(&upload.id.partition) {
            state.in_flight += 1;
        }
        Some(Action::Upload(upload))
    }
}

#[cfg(test)]
pub(crate) mod tests;
