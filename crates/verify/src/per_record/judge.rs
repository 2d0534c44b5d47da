//! Zones with one object per record: which offsets have an object or a dead letter, and why the
//! others have none.
//!
//! The topic is read only at offsets without an object. Under `--deep` all of it is read (see
//! [`with_topic`]), and then the objects that it no longer has a record for (see
//! [`without_topic`]). An offset that the zone must hold has an object, is explained, or is in a
//! finding.

use std::collections::BTreeMap;

use anyhow::Result;
use landing::{Extent, Offset, OffsetRange, Partition, Place, offset_set::holes};

use crate::{
    finding::{Finding, Kind},
    group_offsets::Committed,
    per_record::{
        listed::{Offsets, PerRecord},
        with_topic::{self, missing, not_yet},
        without_topic,
    },
    report::MOST_RANGES,
    topic::Topic,
    verification::Verification,
};

/// What the zone must hold of a partition.
#[derive(Clone, Copy, Debug)]
struct WantedOffsets {
    /// From where the zone begins to where the group has come, or to the last object.
    range: OffsetRange,
    /// The ends of the log; `None` when Kafka is not asked.
    log: Option<OffsetRange>,
}

/// Judges what was listed, and under `--deep` the content of its objects.
pub(crate) async fn judge(
    per_record: &mut PerRecord,
    verification: &mut Verification,
) -> Result<()> {
    let topic = verification.topic.clone();
    for partition in topic.iter().flat_map(|topic| topic.partitions()) {
        per_record.partitions.entry(*partition).or_default();
    }
    let mut compared = BTreeMap::new();
    for (&partition, offsets) in &per_record.partitions {
        let Some(wanted) = wanted(verification, partition, offsets) else {
            continue;
        };
        both(verification, partition, offsets);
        report_ranges(verification, partition, offsets, wanted);
        forgotten(verification, partition, offsets, wanted);
        let (Some(topic), Some(log)) = (&topic, wanted.log) else {
            continue;
        };
        let range = wanted.range;
        let first = range.start.max(log.start);
        let there = OffsetRange::new(first, range.end.min(log.end).max(first));
        if verification.deep {
            let extent = Extent::new(partition, there);
            let seen = with_topic::compare(verification, topic, offsets, extent, log.end).await?;
            compared.insert(partition, seen);
        } else {
            let landed_end = offsets.bounds().map_or(there.end, |bounds| bounds.end);
            let ahead = OffsetRange::new(there.end, landed_end.min(log.end));
            for (range, must) in [(there, true), (ahead, false)] {
                let extent = Extent::new(partition, range);
                explain_holes(verification, topic, offsets, extent, must).await?;
            }
        }
    }
    if verification.deep {
        without_topic::read(verification, &per_record.partitions, &compared).await?;
    }
    Ok(())
}

/// What the zone must hold of the partition; `None` when nobody knows, or the topic has no such
/// partition.
fn wanted(
    verification: &mut Verification,
    partition: Partition,
    offsets: &Offsets,
) -> Option<WantedOffsets> {
    let (bounds, topic) = (offsets.bounds(), verification.topic.clone());
    if verification.is_unknown(partition) {
        verification.no_such_partition(partition, bounds);
        return None;
    }
    let log = verification.partition(partition).log;
    no_anchor(verification, partition, bounds);
    let known = verification.partition(partition);
    let first = known.anchor.map(|anchor| anchor.offset);
    let lowest = bounds.map(|bounds| bounds.start);
    let begin = [known.start, first, lowest].into_iter().flatten().min();
    let begin = begin.or(log.map(|log| log.start));
    let committed = topic.as_ref().and_then(|topic| topic.committed(partition));
    let landed = committed.and_then(Committed::landed);
    let end = match committed {
        None => bounds.map(|bounds| bounds.end),
        // Where only a start is known, nothing has to be there yet.
        Some(_) => landed.or(begin),
    };
    if let Some(log) = log {
        beyond_end(verification, partition, offsets, log);
        verification.committed_beyond_end(partition, landed, log);
    }
    begin.zip(end).map(|(begin, end)| WantedOffsets {
        range: OffsetRange::new(begin, end),
        log,
    })
}

/// The first landed record is recorded before any object of the partition is written.
fn no_anchor(verification: &mut Verification, partition: Partition, bounds: Option<OffsetRange>) {
    if let (Some(bounds), None) = (bounds, verification.partition(partition).anchor) {
        let key = verification.zone.prefix.anchor_key(partition);
        let text = "it says which record was landed first, and is written before any other object of the partition";
        let extent = Extent::new(partition, bounds);
        verification.find(Finding::of_key(Kind::MissingObject, &key, text).at(extent));
    }
}

fn beyond_end(
    verification: &mut Verification,
    partition: Partition,
    offsets: &Offsets,
    log: OffsetRange,
) {
    if offsets.bounds().is_none_or(|bounds| bounds.end <= log.end) {
        return;
    }
    for range in offsets.ranges().filter(|range| range.end > log.end) {
        let beyond = OffsetRange::new(range.start.max(log.end), range.end);
        let text = "the topic ends before these offsets";
        let extent = Extent::new(partition, beyond);
        verification.find(Finding::of_offsets(Kind::UnknownObject, extent, text));
    }
}

fn both(verification: &mut Verification, partition: Partition, offsets: &Offsets) {
    let letters = offsets.dead_letters.ranges();
    let offsets_of_letters = letters
        .flat_map(|range| range.start.0..range.end.0)
        .map(Offset);
    for offset in offsets_of_letters.filter(|offset| offsets.landed.contains(*offset)) {
        let place = Place::new(partition, offset);
        let text = "the record has a data object and a dead letter";
        verification.find(Finding::of_place(Kind::LandedAndDeadLettered, place, text));
    }
}

fn report_ranges(
    verification: &mut Verification,
    partition: Partition,
    offsets: &Offsets,
    wanted: WantedOffsets,
) {
    let report = &mut verification.partition(partition).report;
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

/// The offsets in a range that have neither an object nor a dead letter, and are not recorded as
/// lost.
fn open_offsets<'o>(
    offsets: &'o Offsets,
    range: OffsetRange,
    recorded: &'o [OffsetRange],
) -> impl Iterator<Item = OffsetRange> + 'o {
    // A LIST shows the recorded ones in the order of their starts.
    holes(offsets.ranges(), range).flat_map(move |hole| holes(recorded.iter().copied(), hole))
}

/// Offsets without an object below the log's start, and before landed ones: nobody knows what they
/// held.
fn forgotten(
    verification: &mut Verification,
    partition: Partition,
    offsets: &Offsets,
    wanted: WantedOffsets,
) {
    let low = wanted.log.map_or(wanted.range.end, |log| log.start);
    let landed_end = offsets.bounds().map(|bounds| bounds.end);
    let end = landed_end.map_or(wanted.range.end, |end| end.max(wanted.range.end));
    let range = OffsetRange::new(wanted.range.start, end.min(low));
    let recorded = verification.partition(partition).gaps.clone();
    for hole in open_offsets(offsets, range, &recorded) {
        let text =
            "these offsets have no object, and nobody tells any more whether they held records";
        let extent = Extent::new(partition, hole);
        verification.find(Finding::of_offsets(Kind::Unverifiable, extent, text));
    }
}

/// Reads the topic at those offsets of the extent that have no object. `must` says whether a record
/// there is missing; otherwise see [`not_yet`].
async fn explain_holes(
    verification: &mut Verification,
    topic: &Topic,
    offsets: &Offsets,
    extent: Extent,
    must: bool,
) -> Result<()> {
    let partition = extent.partition;
    verification
        .progress
        .step("reading the topic where offsets have no object:", None);
    // What the topic still has was not lost: recorded gaps are read, too.
    for hole in holes(offsets.ranges(), extent.range) {
        let mut records = topic.records(Extent::new(partition, hole));
        let (mut met, mut tombstones) = (0, 0);
        while let Some(arena) = records.next().await? {
            for record in arena.records() {
                met += 1;
                if record.value.is_none() {
                    tombstones += 1;
                    continue;
                }
                let problem = match must {
                    true => missing(),
                    false => not_yet(topic, record.place()),
                };
                verification.find(problem.of_place(record.place()));
            }
        }
        verification.progress.add(hole.end.0.abs_diff(hole.start.0));
        let report = &mut verification.partition(partition).report;
        report.tombstones += tombstones;
        report.holes += hole.end.0.abs_diff(hole.start.0) - met;
    }
    Ok(())
}
