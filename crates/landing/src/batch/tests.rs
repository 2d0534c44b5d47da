//! A batch keeps records as they are, knows what they cost, and parts at any offset.

use super::*;
use crate::{place::Partition, record::Headers};

static LARGE: [u8; 100_000] = [b'x'; 100_000];

fn record(offset: i64) -> Record<'static> {
    Record {
        partition: Partition(1),
        offset: Offset(offset),
        timestamp: Some(offset * 10),
        key: (offset % 2 == 0).then_some(b"HSI"),
        value: match offset % 3 {
            0 => None,
            1 => Some(b""),
            _ => Some(&LARGE),
        },
        headers: Headers::default(),
    }
}

fn batch(offsets: std::ops::Range<i64>) -> Batch {
    let mut batch = Batch::default();
    offsets.for_each(|offset| {
        batch.push(&record(offset));
    });
    batch
}

/// The batch holds exactly the records of these offsets, and its numbers agree.
#[track_caller]
fn assert_holds(batch: &Batch, offsets: std::ops::Range<i64>) {
    let parts =
        |record: Record<'static>| (record.offset, record.timestamp, record.key, record.value);
    let due: Vec<_> = offsets
        .clone()
        .map(|offset| parts(record(offset)))
        .collect();
    let held = batch
        .records()
        .map(|r| (r.offset, r.timestamp, r.key, r.value));
    assert!(held.eq(due.iter().copied()), "{offsets:?}");
    let bytes: usize = offsets.map(|offset| record(offset).byte_len()).sum();
    assert_eq!((batch.len(), batch.bytes()), (due.len(), bytes));
    assert_eq!(batch.is_empty(), due.is_empty());
    let chunks: usize = batch.chunks.iter().map(RecordArena::memory).sum();
    assert_eq!(batch.memory(), chunks);
    assert!(batch.memory() >= bytes);
}

#[test]
fn records_come_out_as_they_went_in_and_the_growth_adds_up() {
    let mut all = Batch::default();
    let grown: usize = (0..40).map(|offset| all.push(&record(offset))).sum();
    assert_eq!(grown, all.memory());
    assert!(all.chunks.len() > 2, "more than one chunk");
    assert_holds(&all, 0..40);
}

#[test]
fn whole_arenas_and_single_records_go_into_one_batch_one_after_the_other() {
    let arena = |offsets: std::ops::Range<i64>| {
        let mut arena = RecordArena::default();
        offsets.for_each(|offset| arena.copy(&record(offset)));
        let run = arena.run().unwrap();
        (arena, run)
    };
    let mut all = batch(0..5);
    let before = all.memory();
    let (whole, run) = arena(5..9);
    assert_eq!(all.take(whole, run), all.memory() - before);
    all.push(&record(9));
    let (whole, run) = arena(10..12);
    all.take(whole, run);
    assert_holds(&all, 0..12);
    assert_holds(&all.split_off(Offset(7)), 7..12);
}

#[test]
fn a_batch_parts_at_any_offset() {
    for end in [-1, 0, 1, 7, 11, 12, 50] {
        let mut below = batch(0..12);
        let rest = below.split_off(Offset(end));
        let end = end.clamp(0, 12);
        assert_holds(&below, 0..end);
        assert_holds(&rest, end..12);
    }
}

#[test]
fn parts_that_are_put_together_again_are_whole() {
    let mut all = batch(0..5);
    all.append(batch(5..9));
    all.append(Batch::default());
    all.push(&record(9));
    assert_holds(&all, 0..10);
    assert_holds(&all.split_off(Offset(6)), 6..10);
    let mut empty = Batch::default();
    empty.append(all);
    assert_holds(&empty, 0..6);
}
