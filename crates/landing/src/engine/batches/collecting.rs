//! How delivered records get into the open extent of their partition: whole arenas where possible,
//! otherwise one by one.
//!
//! Not here: when time or the memory's bound closes an extent (see `rotation`). Invariant: where an
//! extent ends by number or bytes does not depend on how its records were packed.

use crate::{
    arena::{RecordArena, RecordRun},
    chain::{Chain, Filling, Rotation},
    engine::Engine,
    extent::MAX_EXTENT_BYTES,
    place::Partition,
    record::Record,
};

impl Engine {
    /// Takes records into the open extents of their partitions.
    pub(in crate::engine) fn collect(&mut self, arena: RecordArena) {
        match arena.run().filter(|run| self.takes_whole(&arena, run)) {
            Some(run) => self.take_whole(arena, run),
            None => arena.records().for_each(|record| self.collect_one(&record)),
        }
    }

    /// Whether an arena can become part of an extent as it is, which saves copying its records: all
    /// of them go into the open extent, and little memory is wasted, neither in the arena nor in
    /// the chunk before it.
    fn takes_whole(&mut self, arena: &RecordArena, run: &RecordRun) -> bool {
        let most_bytes = self.batches.max_bytes();
        let Some(chain) = self.chain(run.partition) else {
            return false;
        };
        let most_records = chain.batching().max_records;
        let fits = |open: &Filling| {
            let records = (open.batch.len() + arena.len()) as u64;
            let memory = open.batch.memory_of_records() + arena.memory();
            open.adopted.is_none()
                && arena.byte_len() > open.batch.room()
                && run.first >= open.position
                && records < most_records
                && open.batch.bytes() + arena.byte_len() < most_bytes
                && memory < MAX_EXTENT_BYTES
        };
        arena.is_compact() && chain.look_at_open().is_some_and(fits)
    }

    fn take_whole(&mut self, arena: RecordArena, run: RecordRun) {
        let (output, now) = (self.batches.ratio.output_of(arena.byte_len()), self.now);
        let taken = self.chain(run.partition).and_then(|chain| {
            chain.take(run.first, run.last, now, |batch| {
                batch.take(arena, run) + batch.reserve(output)
            })
        });
        self.memory.take(taken.unwrap_or(0));
    }

    fn collect_one(&mut self, record: &Record<'_>) {
        let (most_bytes, now) = (self.batches.max_bytes(), self.now);
        let output = self.batches.ratio.output_of(record.byte_len());
        let Some(chain) = self.chain(record.partition) else {
            return;
        };
        let taken = chain.take(record.offset, record.offset, now, |batch| {
            batch.push(record) + batch.reserve(output)
        });
        let Some(memory) = taken else {
            return;
        };
        // Usually there is nothing else to do, and each look-up of a partition costs time.
        let is_full = chain.look_at_open().is_none() || full(chain, most_bytes).is_some();
        let more_to_do = is_full || chain.can_close_next();
        self.memory.take(memory);
        if more_to_do {
            self.rotate_if_full(record.partition);
        }
    }

    /// Closes the open extent of a partition if it has as much as it may.
    pub(in crate::engine) fn rotate_if_full(&mut self, partition: Partition) {
        let most_bytes = self.batches.max_bytes();
        let Some(chain) = self.chain_of(partition) else {
            return;
        };
        match full(chain, most_bytes) {
            Some(reason) => self.rotate(partition, reason),
            // A claimed end may just have been reached.
            None => self.close_next(partition),
        }
    }

    /// The chain of a partition that takes records in.
    fn chain(&mut self, partition: Partition) -> Option<&mut Chain> {
        let state = self.partitions.get_mut(&partition)?;
        state.taking_records()?.chain_mut()
    }
}

/// Why the open extent takes no more records in: it has as many bytes or records as it may.
fn full(chain: &Chain, most_bytes: usize) -> Option<Rotation> {
    let batch = &chain.look_at_open()?.batch;
    if batch.len() as u64 >= chain.batching().max_records {
        Some(Rotation::Records)
    } else if batch.bytes() >= most_bytes || batch.memory_of_records() >= MAX_EXTENT_BYTES {
        Some(Rotation::Bytes)
    } else {
        None
    }
}
