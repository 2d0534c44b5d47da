//! The engine's way with extents that are collected: when each is closed, and the memory that they
//! take up.
//!
//! Not here: how records come into them (see `collecting`), what happens to a closed one (see
//! `closing`), the protocol (see [`crate::chain`]), and what the two layouts share (see the parent
//! module). Invariant: an extent that takes records in is closed by a limit, by time, by the
//! memory's bound, or by the claim that it finishes.

use std::time::Duration;

use super::{Action, Encode, Engine, ExtentId, Form};
use crate::{
    chain::{Chain, Rotation},
    partition_state::{PartitionState, Phase, Running},
    place::{Partition, Place},
};

impl Engine {
    /// Closes extents whose time has come. Called as time passes. While an earlier extent is being
    /// closed, the next one is not: when the bucket does not answer for a while, one larger extent
    /// is better than many small ones that wait.
    pub(super) fn rotate_by_time(&mut self) {
        let Form::Batched(batching) = &self.settings.form else {
            return;
        };
        let (max_age, max_idle, now) = (batching.max_age, batching.max_idle, self.now);
        let due = |chain: &Chain| {
            let (since, last) = awaits_its_time(chain)?;
            match () {
                () if now >= since + max_age => Some(Rotation::Age),
                () if now >= last + max_idle => Some(Rotation::Idle),
                () => None,
            }
        };
        let partitions = self.partitions.iter();
        let due: Vec<(Partition, Rotation)> = partitions
            .filter_map(|(&partition, state)| Some((partition, due(state.running()?.chain()?)?)))
            .collect();
        for (partition, reason) in due {
            self.rotate(partition, reason);
        }
    }

    /// When the next extent must be closed because of its age, or because nothing comes.
    pub(super) fn next_rotation(&self) -> Option<Duration> {
        let Form::Batched(batching) = &self.settings.form else {
            return None;
        };
        let chains = self
            .partitions
            .values()
            .filter_map(|state| state.running()?.chain());
        chains
            .filter_map(awaits_its_time)
            .map(|(since, last)| (since + batching.max_age).min(last + batching.max_idle))
            .min()
    }

    /// Closes the open extent of a partition now. One that has nothing, or whose end a claim fixes,
    /// stays open.
    pub(super) fn rotate(&mut self, partition: Partition, reason: Rotation) {
        if let Some(chain) = self.chain_of(partition)
            && chain.seal(reason)
        {
            self.close_next(partition);
        }
    }

    /// Everything that was delivered shall be landed now: the end of the run is reached.
    pub fn flush(&mut self, partition: Partition) {
        self.rotate(partition, Rotation::End);
    }

    /// Hands the next sealed extent out for encoding.
    pub(super) fn close_next(&mut self, partition: Partition) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        let generation = state.generation;
        let Some(running) = state
            .running_mut()
            .filter(|running| running.stopped.is_none())
        else {
            return;
        };
        let Some((filling, reason)) = running.chain_mut().and_then(Chain::close_next) else {
            return;
        };
        *self.counts.rotations.entry(reason).or_default() += 1;
        let Form::Batched(batching) = &self.settings.form else {
            return;
        };
        let files = match &filling.adopted {
            Some(claim) => claim.files.clone(),
            None => batching.files.clone(),
        };
        self.to_encode.push_back(Box::new(Encode {
            id: ExtentId {
                start: Place::new(partition, filling.start),
                generation,
            },
            batch: filling.batch,
            end: filling.position,
            files,
            claim: filling.adopted,
            reason,
        }));
    }

    /// The next extent to encode, if one more may be encoded now.
    pub(super) fn poll_encode(&mut self) -> Option<Action> {
        let Form::Batched(batching) = &self.settings.form else {
            return None;
        };
        if self.encoding >= batching.max_encoding {
            return None;
        }
        let encode = self.to_encode.pop_front()?;
        self.encoding += 1;
        Some(Action::Encode(encode))
    }

    /// At the memory's bound the largest open extents are closed until the others hold no more than
    /// half of it. Gives whether anything is under way that will free memory.
    pub(super) fn make_room(&mut self) -> bool {
        let half = self.settings.memory_bytes / 2;
        let mut open = self.open_memory();
        while open > half
            && let Some((memory, partition)) = self.largest_open()
        {
            self.rotate(partition, Rotation::Memory);
            open -= memory;
        }
        let busy = |state: &PartitionState| {
            let chain = state.running().and_then(Running::chain);
            chain.is_some_and(Chain::is_busy)
        };
        self.encoding > 0 || self.in_flight > 0 || self.partitions.values().any(busy)
    }

    fn open_memory(&self) -> usize {
        let running = self.partitions.values().filter_map(PartitionState::running);
        let open = running.filter_map(|running| running.chain()?.look_at_open());
        open.map(|open| open.batch.memory()).sum()
    }

    /// The open extent that takes up the most, of those that may be closed.
    fn largest_open(&self) -> Option<(usize, Partition)> {
        let partitions = self.partitions.iter();
        let open = partitions.filter_map(|(&partition, state)| {
            let running = state
                .running()
                .filter(|running| running.stopped.is_none())?;
            let open = running.chain()?.look_at_open()?;
            let closable = open.adopted.is_none() && !open.batch.is_empty();
            closable.then(|| (open.batch.memory(), partition))
        });
        open.max()
    }

    /// Begins to read a partition, or lets it wait: the claims that are finished at the same time
    /// fit into half of the memory together, or there is only one. After a crash each partition may
    /// have one, made by processes with more memory.
    pub(super) fn admit(&mut self, partition: Partition, running: Running) {
        let claim = running.chain().and_then(Chain::adopting);
        let waits = claim.is_some_and(|claim| !self.has_room_for(claim.memory()));
        if !waits {
            return self.start_reading(partition, running);
        }
        if let Some(state) = self.partitions.get_mut(&partition) {
            state.phase = Phase::Queued(running);
            self.queued.push_back(partition);
        }
    }

    /// Lets those begin that waited for memory to finish their claims.
    pub(super) fn admit_queued(&mut self) {
        while let Some(&partition) = self.queued.front() {
            let phase = self.partitions.get(&partition).map(|state| &state.phase);
            if let Some(Phase::Queued(running)) = phase {
                let claim = running.chain().and_then(Chain::adopting);
                if claim.is_some_and(|claim| !self.has_room_for(claim.memory())) {
                    return;
                }
            }
            self.queued.pop_front();
            if let Some(state) = self.partitions.get_mut(&partition)
                && matches!(state.phase, Phase::Queued(_))
                && let Phase::Queued(running) =
                    std::mem::replace(&mut state.phase, Phase::Inspecting)
            {
                self.start_reading(partition, running);
            }
        }
    }

    fn has_room_for(&self, memory: usize) -> bool {
        let adopting = self
            .partitions
            .values()
            .filter_map(PartitionState::adopting);
        let taken: usize = adopting.map(|claim| claim.memory().max(1)).sum();
        taken == 0 || taken + memory <= self.settings.memory_bytes / 2
    }

    /// Everything of a partition that is not durable is dropped.
    pub(super) fn abandon_chain(&mut self, partition: Partition) {
        let mut freed = 0;
        self.to_encode.retain(|encode| {
            let keep = encode.id.start.partition != partition;
            freed += if keep { 0 } else { encode.batch.memory() };
            keep
        });
        let state = self.partitions.get_mut(&partition);
        if let Some(chain) = state
            .and_then(PartitionState::running_mut)
            .and_then(|running| running.chain_mut())
        {
            freed += chain.abandon();
        }
        self.buffered -= freed;
    }

    /// The chain of a partition that is not stopped.
    pub(super) fn chain_of(&mut self, partition: Partition) -> Option<&mut Chain> {
        let running = self.partitions.get_mut(&partition)?.running_mut()?;
        if running.stopped.is_some() {
            return None;
        }
        running.chain_mut()
    }
}

/// When the first thing came into an open extent and when the last one, if time may close it now.
fn awaits_its_time(chain: &Chain) -> Option<(Duration, Duration)> {
    let open = chain.look_at_open()?;
    let free = open.adopted.is_none() && !chain.is_busy();
    open.since.filter(|_| free)
}
