//! How far each partition is: for log lines, metrics, and the end of a run.
//!
//! It only reads; nothing here changes the engine.

use std::time::Duration;

use super::{
    Engine,
    memory::TRACKED_BYTES,
    partition::{PartitionState, Work},
    types::{Counts, PartitionProgress},
};
use crate::{place::Partition, start::Stop};

impl Engine {
    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Bytes that wait or are in flight, overhead included. Also what is kept for records that are
    /// durable but wait for an earlier one before they can be committed: one object that fails
    /// forever must not let that grow forever.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        let running = self.partitions.values().filter_map(PartitionState::running);
        let tracked: usize = running
            .map(|running| match &running.work {
                Work::PerRecord(tracker) => tracker.pending(),
                Work::Batched(_) => 0,
            })
            .sum();
        self.memory.used() + tracked * TRACKED_BYTES
    }

    /// Requests in flight, and how many are allowed now.
    #[must_use]
    pub fn in_flight(&self) -> (usize, usize) {
        (self.in_flight, self.limit.current())
    }

    /// How long ago the oldest request in flight was handed out; zero without any.
    #[must_use]
    pub fn oldest_request(&self) -> Duration {
        let oldest = self.requests.values().next();
        oldest.map_or(Duration::ZERO, |since| self.now.saturating_sub(*since))
    }

    /// The partition with the record that has waited longest to become durable, and for how long;
    /// `None` when nothing waits.
    #[must_use]
    pub fn oldest_unlanded(&self) -> Option<(Partition, Duration)> {
        let waiting = self.partitions.iter().filter_map(|(&partition, state)| {
            let since = match &state.running()?.work {
                Work::PerRecord(tracker) => tracker.waiting_since(),
                Work::Batched(chain) => chain.waiting_since(),
            };
            Some((partition, self.now.saturating_sub(since?)))
        });
        waiting.max_by_key(|(_, age)| *age)
    }

    /// Whether reading is paused because the memory is used up.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// How far the running partitions are.
    pub fn progress(&self) -> impl Iterator<Item = PartitionProgress> {
        self.partitions.iter().filter_map(|(&partition, state)| {
            let running = state.running()?;
            Some(PartitionProgress {
                partition,
                position: running.position(),
                durable: running.next().0,
                committed: running.committed,
            })
        })
    }

    /// The partitions that stand still, with the reason; also those that nobody here reads, but
    /// that keep the run from coming to its end.
    pub fn stopped(&self) -> impl Iterator<Item = (Partition, &Stop)> {
        let here = self.partitions.iter();
        let here = here.filter_map(|(&partition, state)| Some((partition, state.stop()?)));
        let goal = self.goal.iter().flat_map(|goal| &goal.stopped);
        let elsewhere = goal.filter(|(partition, _)| !self.partitions.contains_key(partition));
        here.chain(elsewhere.map(|(&partition, stop)| (partition, stop)))
    }

    /// Whether there are partitions, all of them stand still, and nothing of theirs is in flight or
    /// left to commit.
    #[must_use]
    pub fn all_stopped(&self) -> bool {
        !self.partitions.is_empty()
            && self.partitions.values().all(|state| {
                state.stop().is_some()
                    && state.in_flight == 0
                    && state
                        .running()
                        .is_none_or(|running| running.to_commit().is_none())
            })
    }

    /// How many partitions are neither read nor stopped yet: the facts from which they begin are
    /// still asked for.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let begun = |state: &&PartitionState| state.running().is_none() && state.stop().is_none();
        self.partitions.values().filter(begun).count()
    }

    /// Whether no partition is left; after [`Engine::drain`] this is the end.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// The partitions that are assigned now.
    pub fn partitions(&self) -> impl Iterator<Item = Partition> {
        self.partitions.keys().copied()
    }
}
