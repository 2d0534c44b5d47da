//! The batched layouts, driven by hand: one rule a test.

use std::sync::Arc;

use super::*;
use crate::{
    chain::{Batching, Encoded, EncodedFile, Rotation},
    claim::{Claim, ClaimedBody, ClaimedRecord, FileRules},
    extent::{self, ExtentRules},
    format::Format,
    identity::About,
    offset::OffsetRange,
    partition_by::DatePartition,
    start::Completeness,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn files() -> FileRules {
    FileRules {
        compression: "gzip".into(),
        level: None,
        csv_header: false,
        metadata_columns: false,
        schema: None,
        keep_tombstones: false,
    }
}

fn batching() -> Batching {
    Batching {
        files: files(),
        format: Format::Jsonl,
        max_records: 3,
        max_bytes: 1 << 20,
        max_age: Duration::from_secs(60),
        max_idle: Duration::from_secs(20),
        max_encoding: 2,
        expected_ratio: 1.0,
    }
}

fn by(batching: Batching) -> Settings {
    Settings {
        layout: ObjectLayout::Batched(Arc::new(batching)),
        ..settings()
    }
}

pub(super) fn batched() -> Settings {
    by(batching())
}

/// A record of the day after 1970-01-01 that its offset says, by tens.
fn on_day(offset: i64) -> Record<'static> {
    Record {
        timestamp: Some(offset / 10 * DAY),
        ..record(offset)
    }
}

pub(super) fn feed(engine: &mut Engine, offsets: std::ops::Range<i64>) {
    offsets.for_each(|offset| engine.record(&on_day(offset)));
}

/// What an encoder does, with as many dates as `dates`.
pub(super) fn encode(extent: &Encode, dates: usize) -> Encoded {
    let rules = ExtentRules {
        topic: "t",
        partition_by: &PartitionBy::Timestamp,
        granularity: Granularity::Day,
        classifier: Classifier::NEWEST,
        keep_tombstones: extent.files.keep_tombstones,
    };
    let mut seen = std::collections::BTreeSet::new();
    let cut = extent.batch.records().find(|record| {
        seen.insert(record.timestamp.map(|time| time / DAY));
        seen.len() > dates
    });
    let end = cut.map_or(extent.end, |record| record.offset);
    let below = extent
        .batch
        .records()
        .take_while(|record| record.offset < end);
    let mut bodies: BTreeMap<_, (u64, Vec<u8>)> = BTreeMap::new();
    let write = |date: &DatePartition, record: &Record<'_>| {
        let body = bodies.entry(date.clone()).or_default();
        body.0 += 1;
        body.1.extend(record.offset.to_string().into_bytes());
        Ok(())
    };
    let contents = extent::lay_out(below, &rules, end, extent.claim.as_deref(), write);
    let emptied = extent
        .claim
        .iter()
        .flat_map(|claim| extent::emptied_dates(claim, &contents));
    bodies.extend(emptied.map(|date| (date, (0, Vec::new()))));
    let files = bodies
        .into_iter()
        .map(|(date, (records, body))| EncodedFile {
            date,
            records,
            claimed: ClaimedBody::of(&body),
            body,
        });
    let files = files.collect();
    Encoded {
        contents,
        files,
        ..Encoded::default()
    }
}

/// Encodes what is to be encoded, and gives the keys and bodies of what is to be uploaded then.
pub(super) fn encode_all(engine: &mut Engine) -> Vec<Upload> {
    let mut sent = Vec::new();
    for action in actions(engine) {
        match action {
            Action::Upload(upload) => sent.push(upload),
            Action::Encode(extent) => {
                let encoded = encode(&extent, 128);
                engine.encoded(extent, encoded);
                sent.extend(uploads(engine));
            }
            _ => {}
        }
    }
    sent
}

/// The extent that is to be encoded.
fn extent_of(engine: &mut Engine) -> Box<Encode> {
    let extent = actions(engine).into_iter().find_map(|action| match action {
        Action::Encode(extent) => Some(extent),
        _ => None,
    });
    extent.expect("nothing is to be encoded")
}

fn keys(uploads: &[Upload]) -> Vec<&str> {
    uploads.iter().map(|upload| upload.key.as_str()).collect()
}

fn claim_of(upload: &Upload) -> Claim {
    Claim::from_body(&upload.body, "z", upload.identity.place).unwrap()
}

/// A claim as another process with other settings would have written it over the same records.
fn theirs(range: std::ops::Range<i64>) -> Claim {
    let mut other = batching();
    other.files.compression = "zstd".into();
    other.max_records = (range.end - range.start) as u64;
    let mut engine = running(by(other), &after(range.start));
    actions(&mut engine);
    feed(&mut engine, range);
    claim_of(&encode_all(&mut engine)[0])
}

/// Facts of a partition whose newest claim ends at `end` and is complete.
pub(super) fn after(end: i64) -> Inspection {
    let mut claim = crate::claim::tests::claim();
    claim.partition = Partition(0);
    (claim.start, claim.end) = (Offset(end - 1), Offset(end));
    Inspection {
        newest: match end {
            0 => NewestClaim::Missing,
            _ => NewestClaim::Found(Arc::new(claim), Completeness::Complete),
        },
        ..anchored(end)
    }
}

fn unfinished(claim: Claim) -> Inspection {
    let last = claim.last.as_ref().and_then(ClaimedRecord::to_anchor);
    Inspection {
        last: last.map(|last| (last, AnchorReading::Holds(last.timestamp, last.value))),
        newest: NewestClaim::Found(Arc::new(claim), Completeness::Incomplete),
        ..anchored(0)
    }
}

fn claim_key(start: i64) -> String {
    settings()
        .prefix
        .claim_key(Place::new(Partition(0), Offset(start)))
}

/// Answers uploads as stored.
pub(super) fn store(engine: &mut Engine, uploads: &[Upload]) {
    for upload in uploads {
        engine.upload_finished(upload.id, Outcome::Stored);
    }
}

/// The claim of the open extent, which is closed by its third record.
fn claiming(engine: &mut Engine, start: i64) -> Upload {
    feed(engine, start..start + 3);
    let [claim] = &encode_all(engine)[..] else {
        panic!("no claim")
    };
    assert_eq!(claim.key, claim_key(start));
    claim.clone()
}

#[test]
fn claim_then_files_then_commit() {
    let mut engine = running(batched(), &anchored(0));
    actions(&mut engine);
    feed(&mut engine, 8..11);
    let claim = encode_all(&mut engine);
    assert_eq!(keys(&claim), [claim_key(0)], "the first extent begins at 0");
    assert_eq!(
        claim_of(&claim[0]).range(),
        OffsetRange::new(Offset(0), Offset(11))
    );
    assert_eq!(claim[0].identity.about, About::Claim);
    store(&mut engine, &claim);
    let files = uploads(&mut engine);
    assert_eq!(
        keys(&files),
        [
            "p/dt=1970-01-01/00000-00000000000000000000.jsonl.gz",
            "p/dt=1970-01-02/00000-00000000000000000000.jsonl.gz",
        ]
    );
    assert!(commits(&mut engine, 1).is_empty());
    engine.upload_finished(files[1].id, Outcome::AlreadyThere);
    assert!(commits(&mut engine, 2).is_empty(), "one is missing");
    engine.upload_finished(files[0].id, Outcome::Stored);
    let committed = commits(&mut engine, 3);
    let anchor = claim_of(&claim[0]).last.unwrap().to_anchor().unwrap();
    assert_eq!(committed, [(11, landed(anchor))]);
    assert_eq!((engine.buffered_bytes(), engine.counts().records), (0, 3));
    assert_eq!(
        engine.counts().rotations,
        BTreeMap::from([(Rotation::Records, 1)])
    );
}

#[test]
fn the_next_claim_is_written_only_when_the_extent_before_it_is_durable() {
    let mut engine = running(batched(), &anchored(0));
    actions(&mut engine);
    feed(&mut engine, 0..6);
    let claim = encode_all(&mut engine);
    assert_eq!(keys(&claim), [claim_key(0)]);
    store(&mut engine, &claim);
    let files = uploads(&mut engine);
    assert_eq!(files.len(), 1);
    store(&mut engine, &files);
    assert_eq!(keys(&encode_all(&mut engine)), [claim_key(3)]);
}

#[test]
fn the_place_to_begin_is_committed_as_such_until_an_extent_is_finished() {
    let late = Inspection {
        start: Offset(7),
        ..facts(None)
    };
    let mut engine = running(batched(), &late);
    assert_eq!(commits(&mut engine, 1), [(7, "v1;start;z=z".to_owned())]);
}

#[test]
fn the_anchor_is_durable_before_the_first_claim_and_an_extent_without_records_needs_none() {
    let mut engine = running(batched(), &facts(Some(0)));
    actions(&mut engine);
    engine.end_of_partition(Partition(0), Offset(4));
    engine.handle_timeout(Duration::from_secs(20));
    let claim = encode_all(&mut engine);
    assert_eq!(keys(&claim), [claim_key(0)]);
    store(&mut engine, &claim);
    assert_eq!(
        commits(&mut engine, 21)[0].0,
        4,
        "an extent that holds nothing has no files"
    );
    engine.commit_finished(Partition(0), Offset(4), true);
    feed(&mut engine, 4..7);
    let anchor = encode_all(&mut engine);
    assert_eq!(keys(&anchor), ["_control/p/anchors/00000.json"]);
    store(&mut engine, &anchor);
    assert_eq!(keys(&uploads(&mut engine)), [claim_key(4)]);
}

#[test]
fn time_closes_an_extent_and_asks_to_be_called_for_it() {
    let mut engine = running(batched(), &anchored(0));
    actions(&mut engine);
    engine.handle_timeout(Duration::from_secs(100));
    feed(&mut engine, 0..1);
    engine.handle_timeout(Duration::from_secs(110));
    feed(&mut engine, 1..2);
    let mut seen = Vec::new();
    for second in 111..=130 {
        assert!(engine.poll_timeout() <= Duration::from_secs(130));
        engine.handle_timeout(Duration::from_secs(second));
        seen.extend(
            encode_all(&mut engine)
                .into_iter()
                .map(|upload| (second, upload.key)),
        );
    }
    assert_eq!(seen, [(130, claim_key(0))], "idle for 20 seconds");
    assert_eq!(
        engine.counts().rotations,
        BTreeMap::from([(Rotation::Idle, 1)])
    );
}

#[test]
fn while_an_extent_is_being_closed_time_does_not_close_the_next_one() {
    // Bug: a bucket that did not answer for an hour got an extent for each minute of it.
    let mut engine = running(batched(), &anchored(0));
    actions(&mut engine);
    let claim = claiming(&mut engine, 0);
    feed(&mut engine, 3..4);
    engine.handle_timeout(Duration::from_secs(1_000));
    engine.handle_timeout(Duration::from_secs(2_000));
    feed(&mut engine, 4..5);
    assert!(
        engine.poll_timeout() > Duration::from_secs(2_000),
        "nothing to be called for"
    );
    store(&mut engine, &[claim]);
    let files = uploads(&mut engine);
    store(&mut engine, &files);
    engine.handle_timeout(Duration::from_secs(3_000));
    let claim = encode_all(&mut engine);
    assert_eq!(
        claim_of(&claim[0]).range(),
        OffsetRange::new(Offset(3), Offset(5))
    );
}

#[test]
fn a_longer_claim_of_another_process_is_read_again_from_its_beginning() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    let claim = claiming(&mut engine, 10);
    feed(&mut engine, 13..14);
    let found = Outcome::Claimed(Arc::new(theirs(10..15)));
    engine.upload_finished(claim.id, found);
    let all = actions(&mut engine);
    assert!(
        matches!(
            all[..],
            [Action::Inspect {
                partition: Partition(0),
                ..
            }]
        ),
        "{all:?}"
    );
    assert_eq!(engine.buffered_bytes(), 0);
}

#[test]
fn a_claim_of_another_process_within_what_was_read_is_finished_by_its_values() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    let claim = claiming(&mut engine, 10);
    feed(&mut engine, 13..16);
    let found = Outcome::Claimed(Arc::new(theirs(10..15)));
    engine.upload_finished(claim.id, found);
    let files = encode_all(&mut engine);
    assert_eq!(
        keys(&files),
        ["p/dt=1970-01-02/00000-00000000000000000010.jsonl.zst"]
    );
    assert_eq!(files[0].body, b"1011121314");
    assert_eq!(
        files[0].identity.about,
        About::Extent {
            end: Offset(15),
            part: "1970-01-02".into()
        }
    );
    store(&mut engine, &files);
    let next = encode_all(&mut engine);
    assert_eq!(
        keys(&next),
        [claim_key(15)],
        "what was closed past the claim's end stays closed"
    );
    assert_eq!(
        claim_of(&next[0]).files.compression,
        "gzip",
        "own settings for own claims"
    );
    assert_eq!(claim_of(&next[0]).end, Offset(16));
}

#[test]
fn records_that_compaction_took_from_the_claimer_are_read_again() {
    // Bug: a process that had read before the compaction took the topic for a re-created one.
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    let claim = claiming(&mut engine, 10);
    let mut compacted = theirs(10..12);
    compacted.end = Offset(13);
    engine.upload_finished(claim.id, Outcome::Claimed(Arc::new(compacted)));
    let extent = extent_of(&mut engine);
    let encoded = encode(&extent, 128);
    engine.encoded(extent, encoded);
    let all = actions(&mut engine);
    assert!(matches!(all[..], [Action::Inspect { .. }]), "{all:?}");
    assert_eq!(engine.buffered_bytes(), 0);
}

#[test]
fn a_shorter_claim_of_another_process_leaves_the_rest_to_the_next_extent() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    let claim = claiming(&mut engine, 10);
    engine.upload_finished(claim.id, Outcome::Claimed(Arc::new(theirs(10..11))));
    let files = encode_all(&mut engine);
    assert_eq!(files[0].body, b"10");
    store(&mut engine, &files);
    let next = encode_all(&mut engine);
    assert_eq!(
        claim_of(&next[0]).range(),
        OffsetRange::new(Offset(11), Offset(13))
    );
    store(&mut engine, &next);
    assert_eq!(uploads(&mut engine)[0].body, b"1112");
}

#[test]
fn the_same_claim_counts_as_ours() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    let claim = claiming(&mut engine, 10);
    let same = claim_of(&claim);
    engine.upload_finished(claim.id, Outcome::Claimed(Arc::new(same)));
    assert_eq!(uploads(&mut engine).len(), 1, "nothing is encoded again");
}

#[test]
fn a_claim_that_was_made_of_records_before_ours_is_begun_anew() {
    // Bug: two processes that begin at different offsets, as retention goes on between them,
    // claimed extents that overlap.
    let late = Inspection {
        low: Offset(2),
        start: Offset(2),
        first: anchored(0).first,
        ..facts(Some(2))
    };
    let mut engine = running(batched(), &late);
    actions(&mut engine);
    feed(&mut engine, 2..5);
    let [claim] = &encode_all(&mut engine)[..] else {
        panic!("no claim")
    };
    assert_eq!(claim.key, claim_key(0), "both meet at one key");
    let earlier = theirs(0..4);
    engine.upload_finished(claim.id, Outcome::Claimed(Arc::new(earlier)));
    assert!(matches!(actions(&mut engine)[..], [Action::Inspect { .. }]));
}

#[test]
fn an_unfinished_claim_is_read_from_its_first_record_and_finished_by_its_values() {
    let mut claim = theirs(11..14);
    claim.start = Offset(10);
    let mut engine = running(batched(), &unfinished(claim));
    let all = actions(&mut engine);
    assert!(
        matches!(
            all[..],
            [Action::Start {
                offset: Offset(11),
                ..
            }]
        ),
        "{all:?}"
    );
    feed(&mut engine, 11..12);
    let below = (10, "v1;none;z=z".to_owned());
    assert_eq!(
        commits(&mut engine, 500),
        [below],
        "its last record is not durable"
    );
    engine.commit_finished(Partition(0), Offset(10), true);
    assert!(encode_all(&mut engine).is_empty(), "time does not end it");
    feed(&mut engine, 12..15);
    let files = encode_all(&mut engine);
    assert_eq!(
        keys(&files),
        ["p/dt=1970-01-02/00000-00000000000000000010.jsonl.zst"]
    );
    assert_eq!(files[0].body, b"111213");
    store(&mut engine, &files);
    assert_eq!(commits(&mut engine, 501)[0].0, 14);
}

#[test]
fn holes_behind_a_claimed_end_are_committed_in_their_time() {
    // Bug: an extent that was opened by holes alone was never closed.
    let mut engine = running(batched(), &unfinished(theirs(10..12)));
    actions(&mut engine);
    feed(&mut engine, 10..11);
    engine.end_of_partition(Partition(0), Offset(15));
    let files = encode_all(&mut engine);
    store(&mut engine, &files);
    engine.handle_timeout(Duration::from_secs(20));
    let next = encode_all(&mut engine);
    assert_eq!(
        claim_of(&next[0]).range(),
        OffsetRange::new(Offset(12), Offset(15))
    );
}

#[test]
fn an_unfinished_claim_whose_records_are_gone_gets_empty_files() {
    let gone = Inspection {
        low: Offset(14),
        ..unfinished(theirs(10..12))
    };
    let settings = Settings {
        on_gap: OnGap::Record,
        ..batched()
    };
    let mut engine = running(settings, &gone);
    let gap = uploads(&mut engine);
    assert_eq!(
        keys(&gap),
        ["_control/p/gaps/00000-00000000000000000010-00000000000000000014.json"]
    );
    store(&mut engine, &gap);
    let [
        Action::Start {
            generation,
            offset: Offset(14),
            ..
        },
    ] = actions(&mut engine)[..]
    else {
        panic!("no start")
    };
    engine.started(Partition(0), generation);
    let files = encode_all(&mut engine);
    assert_eq!(
        keys(&files),
        ["p/dt=1970-01-02/00000-00000000000000000010.jsonl.zst"]
    );
    assert!(files[0].body.is_empty());
    store(&mut engine, &files);
    assert_eq!(commits(&mut engine, 1)[0].0, 12);
}

#[test]
fn a_gap_that_nothing_follows_is_an_extent_of_its_own() {
    // Bug: a partition whose rest retention had removed was never committed to its end.
    let gone = Inspection {
        low: Offset(14),
        high: Offset(14),
        ..after(10)
    };
    let settings = Settings {
        on_gap: OnGap::Record,
        ..batched()
    };
    let mut engine = running(settings, &gone);
    let gap = uploads(&mut engine);
    store(&mut engine, &gap);
    let [Action::Start { generation, .. }] = actions(&mut engine)[..] else {
        panic!("no start")
    };
    engine.started(Partition(0), generation);
    engine.handle_timeout(Duration::from_secs(100));
    assert!(
        encode_all(&mut engine).is_empty(),
        "something may still follow"
    );
    engine.end_of_partition(Partition(0), Offset(14));
    engine.handle_timeout(Duration::from_secs(120));
    let claim = encode_all(&mut engine);
    assert_eq!(
        claim_of(&claim[0]).range(),
        OffsetRange::new(Offset(10), Offset(14))
    );
}

#[test]
fn records_that_a_claim_was_not_made_of_stop_the_partition() {
    for (offsets, changed) in [(10..14, true), (10..14, false)] {
        let mut claim = theirs(10..13);
        claim.end = Offset(14);
        if changed {
            claim = theirs(10..14);
            claim.dates[0].hash = theirs(10..13).dates[0].hash.clone();
        }
        let mut engine = running(batched(), &unfinished(claim));
        actions(&mut engine);
        feed(&mut engine, offsets);
        encode_all(&mut engine);
        let stop = engine.stopped().next().map(|(_, stop)| stop);
        assert!(
            matches!(stop, Some(Stop::MoreThanClaimed(_))),
            "{changed}: {stop:?}"
        );
        assert_eq!(engine.buffered_bytes(), 0);
    }
}

#[test]
fn dead_letters_of_an_extent_are_one_object_even_when_compaction_left_none() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    feed(&mut engine, 10..12);
    let letter = Record {
        value: Some(b"hello"),
        ..on_day(12)
    };
    engine.record(&letter);
    let claim = encode_all(&mut engine);
    let claimed = claim_of(&claim[0]);
    assert_eq!((claimed.dead_letters.records, claimed.records()), (1, 2));
    store(&mut engine, &claim);
    let key = "_control/p/dead-letters/00000-00000000000000000010.jsonl";
    let files = uploads(&mut engine);
    assert_eq!(files[0].key, key);
    store(&mut engine, &files);
    assert_eq!(
        engine.counts().dead_letters,
        BTreeMap::from([("not-a-json-object", 1)])
    );

    let mut engine = running(batched(), &unfinished(claimed));
    actions(&mut engine);
    feed(&mut engine, 10..12);
    engine.end_of_partition(Partition(0), Offset(13));
    let files = encode_all(&mut engine);
    assert_eq!((files[0].key.as_str(), files[0].body.len()), (key, 0));
}

#[test]
fn an_extent_with_too_many_dates_ends_before_the_one_too_many() {
    let mut engine = running(batched(), &after(8));
    actions(&mut engine);
    feed(&mut engine, 8..11);
    let extent = extent_of(&mut engine);
    let encoded = encode(&extent, 1);
    engine.encoded(extent, encoded);
    let claim = uploads(&mut engine);
    assert_eq!(
        claim_of(&claim[0]).range(),
        OffsetRange::new(Offset(8), Offset(10))
    );
    store(&mut engine, &claim);
    let files = uploads(&mut engine);
    store(&mut engine, &files);
    let next = encode_all(&mut engine);
    assert_eq!(
        claim_of(&next[0]).range(),
        OffsetRange::new(Offset(10), Offset(11))
    );
    store(&mut engine, &next);
    let files = uploads(&mut engine);
    store(&mut engine, &files);
    assert_eq!(engine.buffered_bytes(), 0);
}

#[test]
fn a_revoked_partition_lands_what_came_before_it_is_released() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    feed(&mut engine, 10..12);
    engine.revoked(Partition(0));
    feed(&mut engine, 12..13);
    let claim = encode_all(&mut engine);
    assert_eq!(claim_of(&claim[0]).end, Offset(12));
    store(&mut engine, &claim);
    let files = uploads(&mut engine);
    store(&mut engine, &files);
    let [
        Action::Release {
            commit: Some((Offset(12), _)),
            ..
        },
    ] = actions(&mut engine)[..]
    else {
        panic!("not released")
    };
    assert!(engine.is_empty() && engine.buffered_bytes() == 0);
}

#[test]
fn a_revoked_partition_does_not_wait_for_what_it_cannot_finish() {
    let longer = || Outcome::Claimed(Arc::new(theirs(10..15)));
    let conflict = || Outcome::Conflict {
        key: "k".into(),
        difference: "d".into(),
    };
    for (facts, outcome) in [(after(10), longer()), (unanchored(10), conflict())] {
        let mut engine = running(batched(), &facts);
        actions(&mut engine);
        feed(&mut engine, 10..13);
        let sent = encode_all(&mut engine);
        engine.revoked(Partition(0));
        engine.upload_finished(sent[0].id, outcome);
        let all = actions(&mut engine);
        assert!(matches!(all[..], [Action::Release { .. }]), "{all:?}");
        assert_eq!(engine.buffered_bytes(), 0);
    }
}

fn unanchored(end: i64) -> Inspection {
    Inspection {
        first: None,
        ..after(end)
    }
}

#[test]
fn a_partition_that_lost_its_position_in_the_middle_of_a_claim_is_inspected_again() {
    let mut engine = running(batched(), &unfinished(theirs(10..15)));
    actions(&mut engine);
    feed(&mut engine, 10..12);
    commits(&mut engine, 1);
    engine.commit_finished(Partition(0), Offset(10), true);
    engine.position_lost(Partition(0));
    let all = actions(&mut engine);
    assert!(matches!(all[..], [Action::Inspect { .. }]), "{all:?}");
    assert_eq!(engine.buffered_bytes(), 0);
}

#[test]
fn everything_of_a_lost_partition_is_forgotten_at_each_step() {
    for step in 0..5 {
        let mut engine = running(batched(), &after(10));
        actions(&mut engine);
        feed(&mut engine, 10..14);
        let mut late = None;
        let mut sent = Vec::new();
        if step > 0 {
            late = Some(extent_of(&mut engine));
        }
        if step > 1
            && let Some(extent) = late.take()
        {
            let encoded = encode(&extent, 128);
            engine.encoded(extent, encoded);
            sent = uploads(&mut engine);
        }
        if step > 2 {
            store(&mut engine, &sent);
            sent = uploads(&mut engine);
        }
        if step > 3 {
            store(&mut engine, &sent);
            sent = encode_all(&mut engine);
        }
        engine.lost(Partition(0));
        if let Some(extent) = late {
            let encoded = encode(&extent, 128);
            engine.encoded(extent, encoded);
        }
        store(&mut engine, &sent);
        assert!(actions(&mut engine).is_empty());
        assert_eq!(
            (engine.buffered_bytes(), engine.is_empty()),
            (0, true),
            "step {step}"
        );
    }
}

#[test]
fn an_extent_that_cannot_be_encoded_stops_its_partition() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    feed(&mut engine, 10..13);
    let extent = extent_of(&mut engine);
    let stop = Stop::UnusableControlObject {
        key: "k".into(),
        problem: "gone".into(),
    };
    engine.encode_refused(extent, stop.clone());
    assert_eq!(
        engine.stopped().collect::<Vec<_>>(),
        [(Partition(0), &stop)]
    );
    assert_eq!(engine.buffered_bytes(), 0);
}

#[test]
fn the_end_of_a_run_closes_what_is_open() {
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    feed(&mut engine, 10..11);
    engine.flush(Partition(0));
    assert_eq!(claim_of(&encode_all(&mut engine)[0]).end, Offset(11));
    assert_eq!(
        engine.counts().rotations,
        BTreeMap::from([(Rotation::End, 1)])
    );
}

#[test]
fn at_the_memory_bound_the_largest_extent_is_closed_and_reading_goes_on_afterwards() {
    let mut large = batching();
    large.max_records = 1_000;
    let settings = Settings {
        memory_bytes: 40_000,
        ..by(large)
    };
    let mut engine = running(settings, &after(10));
    actions(&mut engine);
    let mut offset = 10;
    while engine.buffered_bytes() < 40_000 {
        engine.record(&on_day(offset));
        offset += 1;
    }
    let claim = encode_all(&mut engine);
    assert!(engine.is_paused());
    store(&mut engine, &claim);
    loop {
        let files = uploads(&mut engine);
        if files.is_empty() {
            break;
        }
        store(&mut engine, &files);
    }
    assert!(!engine.is_paused());
    assert_eq!(
        engine.counts().rotations,
        BTreeMap::from([(Rotation::Memory, 1)])
    );
}

#[test]
fn a_claim_that_does_not_fit_into_the_memory_is_read_to_its_end() {
    let settings = Settings {
        memory_bytes: 1_000,
        ..batched()
    };
    let mut engine = running(settings, &unfinished(theirs(10..15)));
    actions(&mut engine);
    for offset in 10..15 {
        assert!(!engine.is_paused(), "its records are what it waits for");
        feed(&mut engine, offset..offset + 1);
        let files = encode_all(&mut engine);
        assert_eq!(files.is_empty(), offset < 14);
    }
}

#[test]
fn reading_goes_on_when_only_the_rest_of_a_claim_can_free_memory() {
    let settings = Settings {
        memory_bytes: 20_000,
        ..batched()
    };
    let mut engine = running(settings, &unfinished(theirs(10..15)));
    actions(&mut engine);
    engine.assigned(Partition(1));
    let [Action::Inspect { generation, .. }] = actions(&mut engine)[..] else {
        panic!("no inspection")
    };
    engine.inspected(Partition(1), generation, &after(10));
    actions(&mut engine);
    engine.started(Partition(1), generation);
    feed(&mut engine, 10..12);
    // Not packed tight: it is copied into a chunk, which has room for more.
    let mut arena = RecordArena::with_capacity(1_000);
    arena.copy(&Record {
        partition: Partition(1),
        ..on_day(10)
    });
    engine.records(arena);
    let claim = encode_all(&mut engine);
    assert!(engine.is_paused(), "the other partition's extent is closed");
    store(&mut engine, &claim);
    let files = uploads(&mut engine);
    store(&mut engine, &files);
    assert!(matches!(actions(&mut engine)[..], [Action::Resume]));
    assert!(
        engine.buffered_bytes() > 10_000,
        "though more than half is used"
    );
}

#[test]
fn claims_that_do_not_fit_into_half_of_the_memory_together_are_finished_one_after_another() {
    let settings = Settings {
        memory_bytes: 1_000,
        ..batched()
    };
    let mut engine = Engine::new(settings);
    for partition in [Partition(0), Partition(1)] {
        engine.assigned(partition);
        let mut claim = theirs(10..15);
        claim.partition = partition;
        let [Action::Inspect { generation, .. }] = actions(&mut engine)[..] else {
            panic!("no inspection")
        };
        engine.inspected(partition, generation, &unfinished(claim));
        let started = actions(&mut engine);
        let starts = |action: &Action| {
            matches!(
                action,
                Action::Start {
                    partition: Partition(0),
                    ..
                }
            )
        };
        assert_eq!(
            started.iter().any(starts),
            partition == Partition(0),
            "{started:?}"
        );
        engine.started(partition, generation);
    }
    assert_eq!(engine.waiting(), 1);
    feed(&mut engine, 10..15);
    let extent = extent_of(&mut engine);
    let encoded = encode(&extent, 128);
    engine.encoded(extent, encoded);
    let all = actions(&mut engine);
    let starts = |action: &Action| {
        matches!(
            action,
            Action::Start {
                partition: Partition(1),
                ..
            }
        )
    };
    assert!(all.iter().any(starts), "{all:?}");
}

#[test]
fn a_claimed_record_that_is_no_hash_is_no_anchor() {
    let record = ClaimedRecord {
        offset: Offset(1),
        timestamp: None,
        sha256: "zz".into(),
    };
    assert_eq!(record.to_anchor(), None);
}
