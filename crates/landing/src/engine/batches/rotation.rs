//! When open extents are closed, and the memory that they take up.
//!
//! An extent is closed by a limit, by time, by the memory's bound, or by the claim that it
//! finishes. Not here: how records get into it (see `collecting`), what happens to a closed one
//! (see `closing`), and the protocol (see [`crate::chain`]).

use std::time::Duration;

use crate::{
    chain::{Chain, Rotation},
    engine::{
        Engine,
        partition::{PartitionState, Phase, Running},
        types::{Encode, ExtentId},
    },
    place::{Partition, Place},
};

impl Engine {
    /// Closes the extents whose time has come. Called as time passes.
    pub(in crate::engine) fn rotate_by_time(&mut self) {
        let partitions = self.partitions.iter();
        let due: Vec<(Partition, Rotation)> = partitions
            .filter_map(|(&partition, state)| {
                Some((partition, state.running()?.chain()?.due(self.now)?))
            })
            .collect();
        for (partition, reason) in due {
            self.rotate(partition, reason);
        }
    }

    /// When the next extent must be closed because of its age, or because nothing comes.
    pub(in crate::engine) fn next_rotation(&self) -> Option<Duration> {
        let running = self.partitions.values().filter_map(PartitionState::running);
        running
            .filter_map(|running| running.chain()?.due_at())
            .min()
    }

    /// Closes the open extent of a partition now. One that has nothing, or whose end a claim fixes,
    /// stays open.
    pub(in crate::engine) fn rotate(&mut self, partition: Partition, reason: Rotation) {
        if let Some(chain) = self.chain_of(partition)
            && chain.seal(reason)
        {
            self.close_next(partition);
        }
    }

    /// Queues the next sealed extent of a partition for encoding.
    pub(in crate::engine) fn close_next(&mut self, partition: Partition) {
        let Some(state) = self.partitions.get_mut(&partition) else {
            return;
        };
        let generation = state.generation;
        let Some(chain) = state.chain_mut() else {
            return;
        };
        let Some((filling, reason)) = chain.close_next() else {
            return;
        };
        *self.counts.rotations.entry(reason).or_default() += 1;
        let files = match &filling.adopted {
            Some(claim) => claim.files.clone(),
            None => chain.batching().files.clone(),
        };
        self.batches.to_encode.push_back(Box::new(Encode {
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

    /// At the memory's bound: closes the largest open extents until the others hold no more than
    /// half of it. Returns whether anything is under way that will free memory.
    pub(in crate::engine) fn make_room(&mut self) -> bool {
        let half = self.memory.half();
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
        self.batches.encoding > 0 || self.in_flight > 0 || self.partitions.values().any(busy)
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

    /// Begins to read a partition, or lets it wait: the claims that are being finished at the same
    /// time must fit into half of the memory together, unless there is only one. After a crash each
    /// partition may have a claim, made by a process with more memory.
    pub(in crate::engine) fn admit(&mut self, partition: Partition, running: Running) {
        let claim = running.chain().and_then(Chain::adopting);
        let waits = claim.is_some_and(|claim| !self.has_room_for(claim.memory()));
        if !waits {
            return self.start_reading(partition, running);
        }
        if let Some(state) = self.partitions.get_mut(&partition) {
            state.phase = Phase::Queued(running);
            self.batches.queued.push_back(partition);
        }
    }

    /// Begins the partitions that waited for memory to finish their claims.
    pub(in crate::engine) fn admit_queued(&mut self) {
        while let Some(&partition) = self.batches.queued.front() {
            let phase = self.partitions.get(&partition).map(|state| &state.phase);
            if let Some(Phase::Queued(running)) = phase {
                let claim = running.chain().and_then(Chain::adopting);
                if claim.is_some_and(|claim| !self.has_room_for(claim.memory())) {
                    return;
                }
            }
            self.batches.queued.pop_front();
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
        taken == 0 || taken + memory <= self.memory.half()
    }

    /// Drops everything of a partition that is not durable.
    pub(in crate::engine) fn abandon_chain(&mut self, partition: Partition) {
        let waiting = self.batches.drop_waiting(partition);
        let state = self.partitions.get_mut(&partition);
        let chain = state
            .and_then(PartitionState::running_mut)
            .and_then(Running::chain_mut);
        let abandoned = chain.map_or(0, Chain::abandon);
        self.memory.give_back(waiting + abandoned);
    }

    /// The chain of a partition that is not stopped.
    pub(in crate::engine) fn chain_of(&mut self, partition: Partition) -> Option<&mut Chain> {
        self.partitions.get_mut(&partition)?.chain_mut()
    }
}
