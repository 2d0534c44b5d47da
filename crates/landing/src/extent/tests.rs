//! What an extent holds, one rule a test.

use schema::Classifier;

use super::*;
use crate::{claim::tests::claim, place::Partition, record::Headers};

const DAY: i64 = 24 * HOUR_IN_MILLIS;

fn record(offset: i64, day: i64, value: Option<&'static [u8]>) -> Record<'static> {
    Record {
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: Some(day * DAY),
        key: None,
        value,
        headers: Headers::default(),
    }
}

fn rules() -> ExtentRules<'static> {
    ExtentRules {
        topic: "t",
        partition_by: &PartitionBy::Timestamp,
        granularity: Granularity::Day,
        classifier: Classifier::NEWEST,
        keep_tombstones: false,
    }
}

/// The contents, and what was written where.
fn laid_out(records: &[Record<'static>], end: i64) -> (Contents, Vec<(String, i64)>) {
    let mut written = Vec::new();
    let contents = lay_out(
        records.iter().copied(),
        &rules(),
        Offset(end),
        None,
        |date, record| {
            written.push((date.as_str().to_owned(), record.offset.0));
            Ok(())
        },
    );
    (contents, written)
}

#[test]
fn each_record_is_offered_once_with_its_date_and_the_claim_counts_it() {
    let (contents, written) = laid_out(
        &[
            record(4, 1, Some(b"{}")),
            record(5, 0, Some(b"{\"a\":1}")),
            record(8, 1, Some(b"{}")),
            record(9, 1, None),
            record(10, 1, Some(b"hello")),
        ],
        12,
    );
    let place = |date: &str, offset| (date.to_owned(), offset);
    assert_eq!(
        written,
        [
            place("1970-01-02", 4),
            place("1970-01-01", 5),
            place("1970-01-02", 8)
        ]
    );
    let dates: Vec<_> = contents
        .dates
        .iter()
        .map(|date| (date.date.as_str(), date.records))
        .collect();
    assert_eq!(dates, [("1970-01-01", 1), ("1970-01-02", 2)]);
    assert_eq!((contents.end, contents.tombstones), (Offset(12), 1));
    assert_eq!(contents.reasons, BTreeMap::from([("not-a-json-object", 1)]));
    assert_eq!(contents.first.unwrap().offset, Offset(4));
    assert_eq!(contents.last.unwrap().offset, Offset(10));
    assert!(contents.dead_letters.ends_with(b"\n"));
}

#[test]
fn the_record_that_would_open_one_date_too_many_is_the_next_extents_first() {
    let days = MAX_DATES as i64;
    let mut records: Vec<_> = (0..days).map(|day| record(day, day, Some(b"{}"))).collect();
    records.push(record(days, 0, Some(b"{}")));
    records.push(record(days + 1, days, Some(b"{}")));
    records.push(record(days + 2, 0, Some(b"{}")));
    let (contents, written) = laid_out(&records, days + 10);
    assert_eq!(contents.end, Offset(days + 1));
    assert_eq!(
        (contents.dates.len(), written.len()),
        (MAX_DATES, MAX_DATES + 1)
    );
    assert_eq!(contents.last.unwrap().offset, Offset(days));
}

#[test]
fn a_claimed_extent_is_laid_out_to_its_end_and_dates_that_compaction_emptied_are_named() {
    let mut claim = claim();
    claim.dates[0].date = "1970-01-01".into();
    let other = ClaimedDate {
        date: "1970-01-09".into(),
        ..claim.dates[0].clone()
    };
    claim.dates.push(other);
    let records = [record(10, 0, Some(b"{}"))];
    claim.first = Some(ClaimedRecord::of(&records[0]));
    claim.last = Some(ClaimedRecord::of(&record(12, 9, None)));
    let contents = lay_out(
        records.iter().copied(),
        &rules(),
        claim.end,
        Some(&claim),
        |_, _| Ok(()),
    );
    assert_eq!(contents.end, claim.end);
    let emptied: Vec<_> = emptied_dates(&claim, &contents).collect();
    assert_eq!(emptied.len(), 1);
    assert_eq!(emptied[0].as_str(), "1970-01-09");
    assert!(fits_claim(&claim, &contents));
}

/// A claim, and the records that it was made of: two of one date, a dead letter and a tombstone.
fn claimed() -> (Claim, [Record<'static>; 4]) {
    let all = [
        record(10, 0, Some(b"{}")),
        record(11, 0, Some(b"[]")),
        record(12, 0, None),
        record(13, 0, Some(b"{}")),
    ];
    let contents = laid_out(&all, 20).0;
    let mut claim = claim();
    claim.dates = vec![ClaimedDate {
        date: "1970-01-01".into(),
        records: 2,
        hash: contents.dates[0].hash.clone(),
        body: Default::default(),
    }];
    (claim.dead_letters.records, claim.dead_letters.hash) = (1, contents.dead_letter_hash);
    (claim.first, claim.last) = (contents.first, contents.last);
    (claim, all)
}

#[test]
fn what_compaction_left_fits_its_claim() {
    let (claim, all) = claimed();
    for left in [&all[..], &all[1..], &all[..3], &all[2..3], &[]] {
        assert!(fits_claim(&claim, &laid_out(left, 20).0), "{left:?}");
    }
}

#[test]
fn what_compaction_cannot_have_left_does_not_fit_a_claim() {
    let (claim, all) = claimed();
    let other = |index: usize, record: Record<'static>| {
        let mut other = all;
        other[index] = record;
        other.to_vec()
    };
    let changed = record(13, 0, Some(b"{\"a\":1}"));
    let others = [
        ("another value", other(3, changed)),
        ("another date", other(3, record(13, 1, Some(b"{}")))),
        ("another letter", other(1, record(11, 0, Some(b"hello")))),
        ("more tombstones", other(1, record(11, 0, None))),
        ("one before the first", vec![record(9, 0, Some(b"{}"))]),
        ("one after the last", vec![record(14, 0, Some(b"{}"))]),
        ("another last one, though fewer", vec![changed]),
    ];
    for (what, records) in others {
        assert!(!fits_claim(&claim, &laid_out(&records, 20).0), "{what}");
    }
}

#[test]
fn a_record_that_the_writer_refuses_is_a_dead_letter_and_its_date_has_no_object() {
    let records = [record(0, 3, Some(b"{}"))];
    let contents = lay_out(
        records.iter().copied(),
        &rules(),
        Offset(1),
        None,
        |_, _| Err(Misfit::from(Reason::KeysCollide)),
    );
    assert_eq!(contents.dates, []);
    assert_eq!(contents.reasons, BTreeMap::from([("keys-collide", 1)]));
}
