//! Packs records into arenas on their way from the Kafka thread to the event loop.
//!
//! A full arena that holds only one partition's records becomes part of a batch without another
//! copy. Records leave in the order in which they came.

use landing::{Partition, arena::RecordArena};
use rdkafka::message::{BorrowedMessage, Message};

use crate::message;

/// The least room of an arena, in bytes; it is full when the next record does not fit.
const LEAST_ROOM: usize = 16 * 1024;
/// The most room of an arena, in bytes.
const MOST_ROOM: usize = 256 * 1024;
/// An arena is full with this many records, too: small ones cost the engine more than their bytes.
const RECORDS: usize = 1_000;
/// Bytes kept free for a record's headers, whose size is not known before they are read.
const HEADERS: usize = 1024;
/// An arena with this many bytes ends when a record of another partition comes.
const WORTH_BEING_WHOLE: usize = 32 * 1024;

/// The arena that is being filled.
pub struct Packing(RecordArena);

impl Default for Packing {
    fn default() -> Self {
        Self::new()
    }
}

impl Packing {
    /// An empty arena.
    #[must_use]
    pub fn new() -> Self {
        Self(RecordArena::with_capacity(LEAST_ROOM))
    }

    /// Takes a message in; returns the arena before it if that one is full.
    pub fn push(&mut self, message: &BorrowedMessage<'_>) -> Option<RecordArena> {
        let size = message.key_len() + message.payload_len() + HEADERS;
        self.add(Partition(message.partition()), size, |arena| {
            message::push(arena, message)
        })
    }

    /// The records not yet handed over, if any.
    pub fn take(&mut self) -> Option<RecordArena> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = self.0.byte_len();
        // A few records must not take up the memory of many; under load the room soon grows.
        let room = match self.0.len() < RECORDS {
            true => 2 * bytes,
            false => bytes + bytes / 8,
        };
        let next = self.0.another(room.clamp(LEAST_ROOM, MOST_ROOM), RECORDS);
        Some(std::mem::replace(&mut self.0, next))
    }

    fn add(
        &mut self,
        partition: Partition,
        size: usize,
        push: impl FnOnce(&mut RecordArena),
    ) -> Option<RecordArena> {
        let done = self.is_done_before(partition, size);
        let before = done.then(|| self.take()).flatten();
        push(&mut self.0);
        before
    }

    fn is_done_before(&self, partition: Partition, size: usize) -> bool {
        let another = self
            .0
            .last_partition()
            .is_some_and(|last| last != partition);
        another && self.0.byte_len() >= WORTH_BEING_WHOLE
            || self.0.room() < size
            || self.0.len() >= RECORDS
    }
}

#[cfg(test)]
mod tests {
    use landing::{Offset, Record, record::Headers};

    use super::*;

    /// What [`Packing::push`] does with a message of one value.
    fn push(
        packing: &mut Packing,
        partition: i32,
        offset: i64,
        value: &[u8],
    ) -> Option<RecordArena> {
        let partition = Partition(partition);
        let record = Record {
            partition,
            offset: Offset(offset),
            timestamp: None,
            key: None,
            value: Some(value),
            headers: Headers::default(),
        };
        packing.add(partition, value.len() + HEADERS, |arena| {
            arena.push(&record, std::iter::empty());
        })
    }

    #[test]
    fn arenas_grow_under_load_and_are_full_then() {
        let mut packing = Packing::new();
        let value = [b'x'; 300];
        let arenas: Vec<RecordArena> = (0..10_000)
            .filter_map(|offset| push(&mut packing, 0, offset, &value))
            .collect();
        assert!(
            arenas[0].memory() < 2 * LEAST_ROOM,
            "{}",
            arenas[0].memory()
        );
        let late = arenas.last().unwrap();
        assert!(late.is_compact() && late.byte_len() > MOST_ROOM - 2 * HEADERS);
        let packed: usize = arenas.iter().map(RecordArena::len).sum();
        assert_eq!(packed + packing.take().unwrap().len(), 10_000);
        assert!(packing.take().is_none());
    }

    #[test]
    fn a_record_of_another_partition_ends_an_arena_only_when_it_is_worth_it() {
        let mut packing = Packing::new();
        for offset in 0..40 {
            assert!(push(&mut packing, (offset % 2) as i32, offset, b"{}").is_none());
        }
        let large = vec![b'x'; WORTH_BEING_WHOLE];
        let mixed = push(&mut packing, 0, 40, &large).unwrap();
        assert_eq!((mixed.len(), mixed.run()), (40, None));
        let whole = push(&mut packing, 1, 41, b"{}").unwrap();
        assert_eq!(
            whole.run().map(|run| (run.partition, run.first)),
            Some((Partition(0), Offset(40)))
        );
    }

    #[test]
    fn records_without_bytes_fill_an_arena_by_their_number_and_make_none_larger() {
        // Bug: an arena that was done by its bytes alone took them in without end, and the next one
        // reserved memory for as many more of them as it had bytes.
        let mut packing = Packing::new();
        let arenas: Vec<RecordArena> = (0..50_000)
            .filter_map(|offset| push(&mut packing, 0, offset, b""))
            .collect();
        assert_eq!(arenas.len(), 49);
        for arena in &arenas {
            assert_eq!(arena.len(), RECORDS);
            assert!(arena.memory() < MOST_ROOM, "{}", arena.memory());
        }
    }

    #[test]
    fn a_record_larger_than_an_arena_has_one_of_its_own() {
        let mut packing = Packing::new();
        push(&mut packing, 0, 0, b"{}");
        let large = vec![b'x'; 4 * MOST_ROOM];
        assert_eq!(
            push(&mut packing, 0, 1, &large).map(|arena| arena.len()),
            Some(1)
        );
        let alone = push(&mut packing, 0, 2, b"{}").unwrap();
        assert_eq!((alone.len(), alone.byte_len()), (1, large.len()));
    }
}
