//! What was listed of a zone with one object per record: the offsets that have an object or a dead
//! letter.

use std::collections::BTreeMap;

use bucket::listing::Listed;
use landing::{
    Offset, OffsetRange,
    layout::read::DataKey,
    offset_set::{OffsetSet, ranges_of_both},
};

use crate::{
    finding::{Finding, Kind},
    verification::Look,
};

/// `{}` and a line break.
const SMALLEST_BODY: u64 = 3;

/// What was listed.
#[derive(Debug, Default)]
pub(crate) struct PerRecord {
    pub(crate) partitions: BTreeMap<i32, Offsets>,
}

/// The offsets of a partition.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    pub(crate) landed: OffsetSet,
    pub(crate) dead_letters: OffsetSet,
}

impl PerRecord {
    pub fn data(&mut self, look: &mut Look, key: &DataKey<'_>, object: &Listed) {
        let offsets = self.partitions.entry(key.partition).or_default();
        let at = (
            key.partition,
            OffsetRange::new(key.offset, key.offset.next()),
        );
        let report = &mut look.partition(key.partition).report;
        report.objects += 1;
        report.bytes += object.bytes;
        if offsets.landed.insert(key.offset) {
            report.records += 1;
        } else {
            let text = "another object holds this offset under an earlier date";
            look.find(Finding::of_key(Kind::Duplicate, &object.key, text).at(at));
        }
        too_small(look, object, at);
    }

    pub fn dead_letter(
        &mut self,
        look: &mut Look,
        (partition, offset): (i32, Offset),
        object: &Listed,
    ) {
        let offsets = self.partitions.entry(partition).or_default();
        let report = &mut look.partition(partition).report;
        report.objects += 1;
        report.bytes += object.bytes;
        report.dead_letters += 1;
        offsets.dead_letters.insert(offset);
        too_small(
            look,
            object,
            (partition, OffsetRange::new(offset, offset.next())),
        );
    }
}

impl Offsets {
    pub(crate) fn bounds(&self) -> Option<OffsetRange> {
        match (self.landed.bounds(), self.dead_letters.bounds()) {
            (Some(a), Some(b)) => Some(OffsetRange::new(a.start.min(b.start), a.end.max(b.end))),
            (a, b) => a.or(b),
        }
    }

    pub(crate) fn ranges(&self) -> impl Iterator<Item = OffsetRange> + '_ {
        ranges_of_both(&self.landed, &self.dead_letters)
    }
}

fn too_small(look: &mut Look, object: &Listed, at: (i32, OffsetRange)) {
    // Under --deep it is read.
    if object.bytes < SMALLEST_BODY && !look.deep {
        let text = format!("{} bytes are no JSON object on a line", object.bytes);
        look.find(Finding::of_key(Kind::Unparseable, &object.key, text).at(at));
    }
}
