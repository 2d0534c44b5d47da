//! The records of one topic partition that wait for their extent, in offset order.
//!
//! They lie in chunks: the arenas in which they were delivered, or arenas of a bounded size. A
//! single buffer that doubles as it grows would need up to twice the memory, and copy. Not here:
//! when a batch is closed (see [`crate::chain`]). Invariant: offsets only rise, and records come
//! out as they went in.

use crate::{
    arena::{RecordArena, RecordRun},
    offset::Offset,
    record::Record,
};

/// The size of a chunk in bytes, at least and at most; a larger record has one of its own.
const CHUNK: (usize, usize) = (16 * 1024, 64 * 1024);

/// Records in chunks.
#[derive(Debug, Default)]
pub struct Batch {
    chunks: Vec<RecordArena>,
    records: usize,
    bytes: usize,
    memory: usize,
    /// Memory that is set aside for the files that the records will become.
    reserved: usize,
    last: Option<Offset>,
}

impl Batch {
    /// Copies a record in. Returns the memory that the batch has grown by, in bytes.
    pub fn push(&mut self, record: &Record<'_>) -> usize {
        debug_assert!(self.last.is_none_or(|last| last < record.offset));
        let size = record.byte_len();
        let mut before = self.memory_of_last();
        if self.chunks.is_empty() || self.room() < size {
            // As large as all chunks before: a batch of few records must not take the memory of
            // many.
            let chunk = self.bytes.clamp(CHUNK.0, CHUNK.1);
            self.chunks
                .push(RecordArena::with_capacity(size.max(chunk)));
            before = 0;
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.copy(record);
        }
        self.records += 1;
        self.bytes += size;
        self.last = Some(record.offset);
        let grown = self.memory_of_last() - before;
        self.memory += grown;
        grown
    }

    /// Takes an arena of later records of the partition as it is. Returns the memory that the batch
    /// has grown by, in bytes.
    pub fn take(&mut self, arena: RecordArena, run: RecordRun) -> usize {
        debug_assert!(self.last.is_none_or(|last| last < run.first));
        let grown = arena.memory();
        self.records += arena.len();
        self.bytes += arena.byte_len();
        self.memory += grown;
        self.last = Some(run.last);
        self.chunks.push(arena);
        grown
    }

    /// How many more bytes of records fit into the last chunk.
    #[must_use]
    pub fn room(&self) -> usize {
        self.chunks.last().map_or(0, RecordArena::room)
    }

    /// Sets memory aside for the files that the records will become. Returns it as what the batch
    /// has grown by.
    pub fn reserve(&mut self, bytes: usize) -> usize {
        self.reserved += bytes;
        bytes
    }

    /// The files exist now and are counted themselves: returns the memory that was set aside for
    /// them.
    pub fn give_back_reserved(&mut self) -> usize {
        std::mem::take(&mut self.reserved)
    }

    /// The records, in offset order.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.chunks.iter().flat_map(RecordArena::records)
    }

    /// Splits at `end`: returns what is at or above it, and keeps what is below. It copies, because
    /// it is rare.
    #[must_use]
    pub fn split_off(&mut self, end: Offset) -> Self {
        if self.last.is_none_or(|last| last < end) {
            return Self::default();
        }
        let (mut below, mut rest) = (Self::default(), Self::default());
        for record in self.records() {
            let part = if record.offset < end {
                &mut below
            } else {
                &mut rest
            };
            part.push(&record);
        }
        below.reserved =
            (self.reserved as u64 * below.bytes as u64 / self.bytes.max(1) as u64) as usize;
        rest.reserved = self.reserved - below.reserved;
        *self = below;
        rest
    }

    /// Appends later records.
    pub fn append(&mut self, later: Self) {
        self.records += later.records;
        self.bytes += later.bytes;
        self.memory += later.memory;
        self.reserved += later.reserved;
        self.last = later.last.or(self.last);
        self.chunks.extend(later.chunks);
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Bytes of keys, values and headers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Memory that the records take up, in bytes.
    #[must_use]
    pub fn memory_of_records(&self) -> usize {
        self.memory
    }

    /// Memory that it takes up, in bytes, with what is set aside for its files.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory + self.reserved
    }

    fn memory_of_last(&self) -> usize {
        self.chunks.last().map_or(0, RecordArena::memory)
    }
}

#[cfg(test)]
mod tests;
