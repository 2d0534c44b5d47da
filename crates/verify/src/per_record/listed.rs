//! What was listed of a zone with one object per record: the offsets that have an object or a dead
//! letter.

use std::collections::BTreeMap;

use bucket::listing::Listed;
use landing::{
    OffsetRange, Partition, Place,
    layout::read::DataKey,
    offset_set::{OffsetSet, ranges_of_both},
};

use crate::{
    finding::{Finding, Kind},
    verification::Verification,
};

/// `{}` and a line break.
const SMALLEST_BODY: u64 = 3;

/// What was listed.
#[derive(Debug, Default)]
pub(crate) struct PerRecord {
    pub(crate) partitions: BTreeMap<Partition, Offsets>,
}

/// The offsets of a partition.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    pub(crate) landed: OffsetSet,
    pub(crate) dead_letters: OffsetSet,
}

impl PerRecord {
    /// Adds a data object.
    pub(crate) fn data(
        &mut self,
        verification: &mut Verification,
        key: &DataKey<'_>,
        object: &Listed,
    ) {
        let place = key.place;
        let offsets = self.partitions.entry(place.partition).or_default();
        let report = &mut verification.partition(place.partition).report;
        report.objects += 1;
        report.bytes += object.bytes;
        if offsets.landed.insert(place.offset) {
            report.records += 1;
        } else {
            let text = "another object holds this offset under an earlier date";
            verification.find(Finding::of_key(Kind::Duplicate, &object.key, text).at_place(place));
        }
        too_small(verification, object, place);
    }

    /// Adds a dead letter.
    pub(crate) fn dead_letter(
        &mut self,
        verification: &mut Verification,
        place: Place,
        object: &Listed,
    ) {
        let offsets = self.partitions.entry(place.partition).or_default();
        let report = &mut verification.partition(place.partition).report;
        report.objects += 1;
        report.bytes += object.bytes;
        report.dead_letters += 1;
        offsets.dead_letters.insert(place.offset);
        too_small(verification, object, place);
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

fn too_small(verification: &mut Verification, object: &Listed, place: Place) {
    // Under --deep the object is read anyway.
    if object.bytes < SMALLEST_BODY && !verification.deep {
        let text = format!("{} bytes are no JSON object on a line", object.bytes);
        verification.find(Finding::of_key(Kind::Unparseable, &object.key, text).at_place(place));
    }
}
