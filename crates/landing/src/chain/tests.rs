//! The chain alone: what is taken in, closed, adopted and given back.

use super::*;
use crate::{
    claim::tests::claim,
    format::Format,
    place::Partition,
    record::{Headers, Record},
    start::Start,
};

const SOON: Duration = Duration::from_secs(1);

fn chain(extent: i64, read: i64, adopted: Option<(i64, i64)>) -> Chain {
    let adopted = adopted.map(|(start, end)| {
        let (start, end) = (Offset(start), Offset(end));
        Arc::new(Claim {
            start,
            end,
            ..claim()
        })
    });
    let read = Start {
        offset: Offset(read),
        gap: None,
    };
    let start = ChainStart {
        extent: Offset(extent),
        read,
        adopted,
    };
    let batching = Batching {
        files: claim().files,
        format: Format::Jsonl,
        max_records: 3,
        max_bytes: 1 << 20,
        max_age: Duration::from_secs(60),
        max_idle: Duration::from_secs(20),
        max_encoding: 2,
        expected_ratio: 1.0,
    };
    Chain::new(&start, None, Arc::new(batching))
}

fn record(offset: i64) -> Record<'static> {
    Record {
        partition: Partition(3),
        offset: Offset(offset),
        timestamp: None,
        key: None,
        value: Some(b"{}"),
        headers: Headers::default(),
    }
}

/// Takes one record in.
fn push(chain: &mut Chain, offset: i64) -> Option<usize> {
    let at = Offset(offset);
    chain.take(at, at, SOON, |batch| batch.push(&record(offset)))
}

fn feed(chain: &mut Chain, offsets: impl IntoIterator<Item = i64>) {
    for offset in offsets {
        push(chain, offset);
    }
}

fn offsets(batch: &Batch) -> Vec<i64> {
    batch.records().map(|record| record.offset.0).collect()
}

/// Closes the next extent: its range and records, and why.
fn close(chain: &mut Chain) -> Option<(i64, i64, Vec<i64>, Rotation)> {
    let (filling, reason) = chain.close_next()?;
    let records = offsets(&filling.batch);
    Some((filling.start.0, filling.position.0, records, reason))
}

#[test]
fn what_was_delivered_before_is_ignored_and_holes_belong_to_the_extent() {
    let mut chain = chain(5, 5, None);
    assert!(push(&mut chain, 6).is_some());
    assert_eq!(push(&mut chain, 6), None);
    assert_eq!(push(&mut chain, 4), None);
    chain.advance(Offset(9), SOON);
    chain.advance(Offset(7), SOON);
    assert!(chain.seal(Rotation::Idle));
    assert!(!chain.seal(Rotation::Idle), "nothing came since");
    assert_eq!(close(&mut chain), Some((5, 9, vec![6], Rotation::Idle)));
    assert_eq!((chain.position(), chain.next().0), (Offset(9), Offset(5)));
    chain.finished(None);
    assert_eq!(chain.next().0, Offset(9));
    assert!(chain.is_empty() && !chain.is_busy());
}

#[test]
fn one_extent_is_closed_at_a_time() {
    let mut chain = chain(5, 5, None);
    feed(&mut chain, 5..7);
    chain.seal(Rotation::Records);
    feed(&mut chain, 7..8);
    chain.seal(Rotation::Records);
    assert!(close(&mut chain).is_some());
    assert_eq!(close(&mut chain), None);
    chain.finished(None);
    assert_eq!(close(&mut chain), Some((7, 8, vec![7], Rotation::Records)));
}

#[test]
fn the_first_extent_begins_at_0_and_until_it_is_finished_only_the_place_to_begin_is_known() {
    let mut chain = chain(0, 5, None);
    assert!(chain.is_fresh() && !chain.seal(Rotation::Drain));
    assert_eq!(chain.next().0, Offset(5));
    feed(&mut chain, [6]);
    chain.seal(Rotation::Drain);
    assert_eq!(close(&mut chain), Some((0, 7, vec![6], Rotation::Drain)));
    assert_eq!(chain.next().0, Offset(5));
    chain.finished(None);
    assert!(!chain.is_fresh());
    assert_eq!(chain.next().0, Offset(7));
}

#[test]
fn a_claimed_extent_ends_where_its_claim_says_and_by_nothing_else() {
    let mut chain = chain(5, 5, Some((5, 9)));
    feed(&mut chain, 5..7);
    assert!(!chain.seal(Rotation::Age));
    assert!(chain.adopting().is_some());
    feed(&mut chain, [8, 9, 11]);
    assert_eq!(
        close(&mut chain),
        Some((5, 9, vec![5, 6, 8], Rotation::Adopted))
    );
    chain.finished(None);
    chain.seal(Rotation::Age);
    assert_eq!(close(&mut chain), Some((9, 12, vec![9, 11], Rotation::Age)));
}

#[test]
fn what_is_passed_beyond_a_claimed_end_waits_for_its_time() {
    let mut chain = chain(5, 5, Some((5, 9)));
    chain.advance(Offset(12), SOON);
    assert_eq!(close(&mut chain), Some((5, 9, vec![], Rotation::Adopted)));
    let open = chain.look_at_open().unwrap();
    assert_eq!(
        (open.start, open.position, open.since),
        (Offset(9), Offset(12), Some((SOON, SOON)))
    );
}

#[test]
fn a_claim_whose_records_are_gone_is_closed_at_once() {
    let mut chain = chain(5, 12, Some((5, 9)));
    assert_eq!(chain.position(), Offset(12));
    assert_eq!(close(&mut chain), Some((5, 9, vec![], Rotation::Adopted)));
    feed(&mut chain, [12]);
    chain.finished(None);
    chain.seal(Rotation::Idle);
    assert_eq!(close(&mut chain), Some((9, 13, vec![12], Rotation::Idle)));
}

#[test]
fn whichever_way_the_records_were_closed_a_claim_takes_its_own_and_leaves_the_rest() {
    // Extents [5,7), [7,9) and [9,..) are closed or open when the claim for 5 turns out to end at
    // `end`.
    for end in 6..=11 {
        let mut chain = chain(5, 5, None);
        for start in [5, 7] {
            feed(&mut chain, start..start + 2);
            chain.seal(Rotation::Records);
        }
        feed(&mut chain, 9..11);
        let (filling, _) = chain.close_next().unwrap();
        let found = Claim {
            start: Offset(5),
            end: Offset(end),
            ..claim()
        };
        assert!(chain.covers(&found));
        chain.adopt(Arc::new(found), filling.batch);
        let mut seen = Vec::new();
        let mut next = 5;
        while let Some((start, end, records, reason)) = close(&mut chain) {
            assert_eq!(
                (start, reason == Rotation::Adopted),
                (next, start == 5),
                "no hole, no overlap"
            );
            assert!(records.iter().all(|offset| (start..end).contains(offset)));
            next = end;
            seen.extend(records);
            chain.finished(None);
        }
        assert!(next >= end);
        let open = chain.look_at_open().unwrap();
        assert_eq!(open.start, Offset(next));
        assert_eq!(open.since.is_some(), open.position > open.start, "{end}");
        seen.extend(offsets(&open.batch));
        assert_eq!(seen, [5, 6, 7, 8, 9, 10], "the claim ends at {end}");
    }
}

#[test]
fn a_claim_is_covered_when_all_that_it_was_made_of_was_read() {
    let first = |offset: i64| crate::claim::ClaimedRecord::of(&record(offset));
    let found = |end: i64, from: i64| Claim {
        start: Offset(0),
        end: Offset(end),
        first: Some(first(from)),
        ..claim()
    };
    let mut chain = chain(0, 3, None);
    feed(&mut chain, 3..8);
    chain.seal(Rotation::Records);
    chain.close_next();
    assert!(chain.covers(&found(8, 3)) && chain.covers(&found(5, 4)));
    assert!(!chain.covers(&found(9, 3)), "it ends later");
    assert!(!chain.covers(&found(8, 2)), "it begins earlier");
}

#[test]
fn an_extent_that_is_cut_short_leaves_the_rest_closed_for_the_same_reason() {
    let mut chain = chain(5, 5, None);
    feed(&mut chain, 5..9);
    chain.seal(Rotation::Age);
    let (mut filling, _) = chain.close_next().unwrap();
    let rest = filling.batch.split_off(Offset(7));
    chain.cut_short(Offset(7), rest);
    chain.finished(None);
    assert_eq!(chain.next().0, Offset(7));
    assert_eq!(close(&mut chain), Some((7, 9, vec![7, 8], Rotation::Age)));
}

#[test]
fn a_gap_alone_is_no_extent_until_the_end_of_the_log_is_reached_behind_it() {
    let mut chain = chain(5, 8, None);
    assert!(chain.is_empty() && !chain.seal(Rotation::Drain));
    chain.advance(Offset(8), SOON);
    assert!(!chain.is_empty() && chain.seal(Rotation::Idle));
    assert_eq!(close(&mut chain), Some((5, 8, vec![], Rotation::Idle)));
}

#[test]
fn what_is_given_up_or_abandoned_gives_its_memory_back() {
    let mut half = chain(5, 5, Some((5, 9)));
    let memory: usize = (5..7).filter_map(|offset| push(&mut half, offset)).sum();
    assert_eq!(half.waiting_memory(), memory);
    assert_eq!(half.give_up_open(), memory);
    assert!(half.is_empty());

    let mut chain = chain(5, 5, None);
    feed(&mut chain, 5..7);
    chain.seal(Rotation::Age);
    feed(&mut chain, 7..8);
    let (filling, _) = chain.close_next().unwrap();
    let kept = filling.batch.memory() + chain.waiting_memory();
    chain.closing.as_mut().unwrap().step = Step::Claiming(Box::new(Claiming {
        batch: filling.batch,
        encoded: Encoded::default(),
    }));
    assert_eq!(chain.abandon(), kept);
    assert!(chain.is_empty());
    assert_eq!(
        chain.next().0,
        Offset(5),
        "what is not durable is not committed"
    );
}
