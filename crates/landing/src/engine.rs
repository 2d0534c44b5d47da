//! The engine of one consumer process: facts in, actions out.
//!
//! Call a fact method when something happened, then [`Engine::poll_action`] until it returns
//! `None`, then sleep until [`Engine::poll_timeout`] or the next fact. The engine holds every rule
//! about order, memory and commits; its driver holds none. Not here: records one by one
//! (`per_record`), the extents of the batched layouts (`batches`, [`crate::chain`]), where a
//! partition begins ([`crate::start`]), requests and their retries. Invariant, which the simulation
//! checks: `Commit` and `Release` carry only next offsets below which every record shown to the
//! engine is durable.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    arena::RecordArena, chain::Chain, commit_note::Committed, offset::Offset, place::Partition,
    start::Stop, value::checker::Checker,
};

mod assignment;
mod batches;
mod from_settings;
mod goal;
mod in_flight_limit;
mod memory;
mod partition;
mod per_record;
mod placement;
mod progress;
mod types;
mod until_end;
mod uploads;

use self::{
    batches::Batches,
    from_settings::{checker, note},
    goal::Goal,
    in_flight_limit::InFlightLimit,
    memory::Memory,
    partition::{PartitionState, Running, Work},
};
pub use placement::keys_of;
pub use types::{
    Action, Counts, Encode, ExtentId, ObjectLayout, Outcome, PartitionProgress, Settings,
    Tombstones, Upload, UploadId, UploadKind,
};

/// The state of all topic partitions that are assigned to this process.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    partitions: BTreeMap<Partition, PartitionState>,
    waiting: VecDeque<Upload>,
    /// Uploads of partitions whose anchor is not yet durable: without it, a re-created topic could
    /// not be told from this one.
    held: Vec<Upload>,
    actions: VecDeque<Action>,
    limit: InFlightLimit,
    in_flight: usize,
    /// When each request in flight was handed out; they are numbered in that order.
    requests: BTreeMap<u64, Duration>,
    /// Requests that were handed out so far.
    handed_out: u64,
    memory: Memory,
    paused: bool,
    draining: bool,
    /// A drain had to let a partition go before it was finished.
    gave_up: bool,
    /// Where the run ends, if it ends by itself.
    goal: Option<Goal>,
    generations: u64,
    next_commit: Duration,
    /// The time of the last call of [`Engine::handle_timeout`].
    now: Duration,
    batches: Batches,
    /// For the records of the per-record layout; extents have checkers of their own.
    checker: Checker,
    counts: Counts,
}

impl Engine {
    /// An engine without partitions.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            limit: InFlightLimit::new(settings.max_in_flight),
            memory: Memory::new(settings.memory_bytes),
            batches: Batches::new(&settings.layout),
            checker: checker(&settings),
            settings,
            partitions: BTreeMap::new(),
            waiting: VecDeque::new(),
            held: Vec::new(),
            actions: VecDeque::new(),
            in_flight: 0,
            requests: BTreeMap::new(),
            handed_out: 0,
            paused: false,
            draining: false,
            gave_up: false,
            goal: None,
            generations: 0,
            next_commit: Duration::ZERO,
            now: Duration::ZERO,
            counts: Counts::default(),
        }
    }

    /// Records were delivered, those of a partition in the order of their offsets. A record that
    /// its partition does not wait for (delivered before, stopped, revoked) is ignored.
    pub fn records(&mut self, arena: RecordArena) {
        match self.settings.layout {
            ObjectLayout::PerRecord => arena.records().for_each(|record| self.land(&record)),
            ObjectLayout::Batched(_) => self.collect(arena),
        }
    }

    /// All visible records below `position` were delivered: this reader reached the end of the log
    /// there. It must be the end that this very reader reached: the tracker passes the holes below
    /// it for good, and ignores a record below it that comes later.
    pub fn end_of_partition(&mut self, partition: Partition, position: Offset) {
        if let Some(running) = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::taking_records)
        {
            match &mut running.work {
                Work::PerRecord(tracker) => tracker.advance_to(position),
                Work::Batched(chain) => chain.advance(position, self.now),
            }
            self.close_next(partition);
        }
    }

    /// The client can no longer read at its position (removed by retention, truncated, re-created):
    /// what was delivered is finished and committed, then the partition is inspected again.
    pub fn position_lost(&mut self, partition: Partition) {
        if let Some(running) = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::taking_records)
        {
            running.position_lost = true;
            self.finish_what_came(partition);
            self.inspect_if_settled(partition);
        }
    }

    /// An upload was answered for good.
    pub fn upload_finished(&mut self, id: UploadId, outcome: Outcome) {
        self.in_flight -= 1;
        self.requests.remove(&id.number);
        self.memory.give_back_upload(id.bytes);
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
            Outcome::Claimed(claim) => self.claim_found(id, claim),
            Outcome::Conflict { key, difference } => {
                self.conflict(id, Stop::Conflict { key, difference })
            }
        }
        self.settled_or_released(id.partition);
    }

    /// The store asked for fewer requests.
    pub fn slow_down(&mut self) {
        self.limit.slow_down();
    }

    /// The broker answered a commit.
    pub fn commit_finished(&mut self, partition: Partition, offset: Offset, confirmed: bool) {
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

    /// The broker was asked and holds this next offset for the group. One that is lower than it
    /// confirmed to us (a late commit of an earlier owner, a reset) does not stand: ours is offered
    /// again. It also counts towards the end of the run ([`Engine::until_end`]), no matter which
    /// member committed it.
    pub fn group_committed(&mut self, partition: Partition, committed: &Committed) {
        let running = self
            .partitions
            .get_mut(&partition)
            .and_then(PartitionState::running_mut);
        if let Some(running) = running
            && running.committing.is_none()
            && running
                .committed
                .is_some_and(|known| committed.next < known)
        {
            running.committed = Some(committed.next);
        }
        self.count_towards_goal(partition, committed);
    }

    /// Lets time pass: `now` counts from the start of the run.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.now = now;
        self.release_overdue();
        self.rotate_by_time();
        self.flush_up_to_goal();
        if now < self.next_commit {
            return;
        }
        self.next_commit = now + self.settings.commit_interval;
        for (&partition, state) in &mut self.partitions {
            if state.is_revoked() {
                continue;
            }
            let Some(running) = state
                .running_mut()
                .filter(|running| running.committing.is_none())
            else {
                continue;
            };
            if let Some((next, landed)) = running.to_commit() {
                running.committing = Some(next);
                self.actions.push_back(Action::Commit {
                    partition,
                    next,
                    metadata: note(&self.settings, landed),
                });
            }
        }
    }

    /// When to call [`Engine::handle_timeout`] next.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        let release = self
            .partitions
            .values()
            .filter_map(|state| state.release_by);
        let next = release.chain(self.next_rotation()).min();
        next.map_or(self.next_commit, |next| next.min(self.next_commit))
    }

    /// The next thing to do, if there is one now.
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.regulate();
        }
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        if let Some(extent) = self.batches.next_to_encode() {
            return Some(Action::Encode(extent));
        }
        debug_assert!(
            self.holds_something() || self.memory.used() == 0,
            "{} bytes are in use, but nothing is held",
            self.memory.used()
        );
        if self.in_flight >= self.limit.current() {
            return None;
        }
        let mut upload = self.waiting.pop_front()?;
        self.in_flight += 1;
        self.handed_out += 1;
        upload.id.number = self.handed_out;
        self.requests.insert(self.handed_out, self.now);
        if let Some(state) = self.partitions.get_mut(&upload.id.partition) {
            state.in_flight += 1;
        }
        Some(Action::Upload(upload))
    }

    /// Whether anything is there that takes up memory.
    fn holds_something(&self) -> bool {
        let has_uploads = self.in_flight > 0 || !self.waiting.is_empty() || !self.held.is_empty();
        has_uploads || !self.batches.is_idle() || self.memory_of_chains() > 0
    }

    /// Memory of what the chains hold themselves: what is not being encoded or uploaded.
    fn memory_of_chains(&self) -> usize {
        let running = self.partitions.values().filter_map(PartitionState::running);
        let chains = running.filter_map(Running::chain);
        chains.map(Chain::memory).sum()
    }
}

#[cfg(test)]
pub(crate) mod tests;
