//! Zones with one object per record: offsets that have an object or a dead letter, and what the
//! others are.
//!
//! Offsets without an object are looked up in the topic, which is read only there; under `--deep`
//! all of it is (see [`with_topic`]), and then the objects that it no longer has (see [`without_topic`]).
//! Invariant: an offset that the zone must hold has an object, is explained, or is in a finding.

use std::collections::BTreeMap;

use anyhow::Result;
use landing::{Offset, OffsetRange, offset_set::holes};

use crate::{
    finding::{Finding, Kind},
    per_record::{
        listed::{Offsets, PerRecord},
        with_topic::{self, MISSING, NOT_YET},
        without_topic,
    },
    report::MOST_RANGES,
    topic::Topic,
    verification::Look,
};

/// What a partition must hold.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    /// From where the zone begins to where the group has come, or the last object lies.
    range: OffsetRange,
    /// The ends of the log; `None` when Kafka is not asked.
    log: Option<OffsetRange>,
}

/// Judges what was listed, and under `--deep` what is in it.
pub(crate) async fn judge(per_record: &mut PerRecord, look: &mut Look) -> Result<()> {
    let topic = look.topic.clone();
    for partition in topic.iter().flat_map(|topic| topic.partitions()) {
        per_record.partitions.entry(*partition).or_default();
    }
    let mut compared = BTreeMap::new();
    for (&partition, offsets) in &per_record.partitions {
        let Some(wanted) = wanted(look, (partition, offsets)) else {
            continue;
        };
        both(look, partition, offsets);
        report_ranges(look, partition, offsets, wanted);
        forgotten(look, partition, offsets, wanted);
        let (Some(topic), Some(log)) = (&topic, wanted.log) else {
            continue;
        };
        let range = wanted.range;
        let there = OffsetRange::new(range.start.max(log.start), range.end.min(log.end));
        if look.deep {
            let there = (there, log.end);
            let seen = with_topic::compare(look, topic, (partition, offsets), there).await?;
            compared.insert(partition, seen);
        } else {
            let landed_end = offsets.bounds().map_or(there.end, |bounds| bounds.end);
            let ahead = OffsetRange::new(there.end, landed_end.min(log.end));
            let of = (partition, offsets);
            explain_holes(look, topic, of, (there, Kind::MissingObject)).await?;
            explain_holes(look, topic, of, (ahead, Kind::Unfinished)).await?;
        }
    }
    if look.deep {
        without_topic::read(look, &per_record.partitions, &compared).await?;
    }
    Ok(())
}

/// What the partition must hold; `None` when there is nothing to say, or nothing that is right.
fn wanted(look: &mut Look, (partition, offsets): (i32, &Offsets)) -> Option<Wanted> {
    let (bounds, topic) = (offsets.bounds(), look.topic.clone());
    if look.is_unknown(partition) {
        look.no_such_partition(partition, bounds);
        return None;
    }
    let log = look.partition(partition).log;
    no_anchor(look, partition, bounds);
    let known = look.partition(partition);
    let first = known.anchor.map(|anchor| anchor.offset);
    let lowest = bounds.map(|bounds| bounds.start);
    let begin = [known.start, first, lowest].into_iter().flatten().min();
    let begin = begin.or(log.map(|log| log.start));
    let committed = topic.as_ref().and_then(|topic| topic.committed(partition));
    let committed = committed.map(|committed| committed.next);
    let end = committed.or(bounds.map(|bounds| bounds.end));
    if let Some(log) = log {
        beyond_end(look, (partition, offsets), log);
        look.committed_beyond_end(partition, committed, log);
    }
    begin.zip(end).map(|(begin, end)| Wanted {
        range: OffsetRange::new(begin, end),
        log,
    })
}

/// The first landed record is written down before any object of the partition.
fn no_anchor(look: &mut Look, partition: i32, bounds: Option<OffsetRange>) {
    if let (Some(bounds), None) = (bounds, look.partition(partition).anchor) {
        let key = look.zone.prefix.anchor_key(partition);
        let text = "it says which record was landed first, and is written before any other object of the partition";
        look.find(Finding::of_key(Kind::MissingObject, &key, text).at((partition, bounds)));
    }
}

fn beyond_end(look: &mut Look, (partition, offsets): (i32, &Offsets), log: OffsetRange) {
    if offsets.bounds().is_none_or(|bounds| bounds.end <= log.end) {
        return;
    }
    for range in offsets.ranges().filter(|range| range.end > log.end) {
        let beyond = OffsetRange::new(range.start.max(log.end), range.end);
        let text = "the topic ends before these offsets";
        look.find(Finding::of_offsets(
            Kind::UnknownObject,
            (partition, beyond),
            text,
        ));
    }
}

fn both(look: &mut Look, partition: i32, offsets: &Offsets) {
    let letters = offsets.dead_letters.ranges();
    let offsets_of_letters = letters
        .flat_map(|range| range.start.0..range.end.0)
        .map(Offset);
    for offset in offsets_of_letters.filter(|offset| offsets.landed.contains(*offset)) {
        let at = (partition, OffsetRange::new(offset, offset.next()));
        let text = "the record has a data object and a dead letter";
        look.find(Finding::of_offsets(Kind::LandedAndDeadLettered, at, text));
    }
}

fn report_ranges(look: &mut Look, partition: i32, offsets: &Offsets, wanted: Wanted) {
    let report = &mut look.partition(partition).report;
    report.offsets = Some(wanted.range);
    let mut ranges: Vec<OffsetRange> = Vec::new();
    for range in offsets.ranges() {
        let is_full = ranges.len() == MOST_RANGES;
        match ranges.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ if is_full => break,
            _ => ranges.push(range),
        }
    }
    report.ranges = ranges;
    let behind = offsets
        .bounds()
        .map_or(wanted.range.end, |bounds| bounds.end.max(wanted.range.end));
    let not_yet = wanted.log.map(|log| OffsetRange::new(behind, log.end));
    report.not_landed_yet = not_yet.filter(|range| range.start < range.end);
}

/// The offsets in a range that have neither object nor dead letter, and are not written down as
/// lost.
fn open_offsets<'o>(
    offsets: &'o Offsets,
    range: OffsetRange,
    recorded: &'o [OffsetRange],
) -> impl Iterator<Item = OffsetRange> + 'o {
    // A LIST shows the recorded ones in the order of their starts.
    holes(offsets.ranges(), range).flat_map(move |hole| holes(recorded.iter().copied(), hole))
}

/// What is below the log's start, and has no object: nobody knows.
fn forgotten(look: &mut Look, partition: i32, offsets: &Offsets, wanted: Wanted) {
    let low = wanted.log.map_or(wanted.range.end, |log| log.start);
    let range = OffsetRange::new(wanted.range.start, wanted.range.end.min(low));
    let recorded = look.partition(partition).gaps.clone();
    for hole in open_offsets(offsets, range, &recorded) {
        let text =
            "these offsets have no object, and nobody tells any more whether they held records";
        look.find(Finding::of_offsets(
            Kind::Unverifiable,
            (partition, hole),
            text,
        ));
    }
}

/// Looks offsets without an object up in the topic; a record there is a finding of this kind.
async fn explain_holes(
    look: &mut Look,
    topic: &Topic,
    (partition, offsets): (i32, &Offsets),
    (there, kind): (OffsetRange, Kind),
) -> Result<()> {
    let is_ahead = kind == Kind::Unfinished;
    let text = if is_ahead { NOT_YET } else { MISSING };
    look.progress
        .step("reading the topic where offsets have no object:", None);
    // Nothing that the topic still has can have been lost: what is written down as a gap is looked
    // up, too.
    for hole in holes(offsets.ranges(), there) {
        let mut records = topic.records(partition, hole);
        let (mut met, mut tombstones) = (0, 0);
        while let Some(arena) = records.next().await? {
            for record in arena.records() {
                met += 1;
                if record.value.is_none() {
                    tombstones += 1;
                    continue;
                }
                let at = (
                    partition,
                    OffsetRange::new(record.offset, record.offset.next()),
                );
                look.find(Finding::of_offsets(kind, at, text));
            }
        }
        look.progress.add(hole.end.0.abs_diff(hole.start.0));
        let report = &mut look.partition(partition).report;
        report.tombstones += tombstones;
        report.holes += hole.end.0.abs_diff(hole.start.0) - met;
    }
    Ok(())
}
