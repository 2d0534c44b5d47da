//! The exact inputs of a plan, in few bytes: neighbouring offsets of single records as ranges,
//! extents one by one.
//!
//! Not here: the keys of the objects. Invariant: inputs that are in order hold no object twice.

use serde::{Deserialize, Serialize};

use crate::{
    format::Format,
    offset::{Offset, OffsetRange},
    place::{Partition, Place},
};

/// An object of the zone, under a known date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanInput<'s> {
    /// The place of its record, or the start of its extent.
    pub place: Place,
    /// The end of its key: `json`, `jsonl.gz`, `parquet`.
    pub suffix: &'s str,
    /// Its size, where the plan knows it.
    pub bytes: Option<u64>,
    /// How many records it holds.
    pub records: u64,
}

/// The objects of a plan, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanInputs {
    /// One object for each record.
    Records(Vec<RecordInputs>),
    /// Batches.
    Extents(Vec<ExtentInputs>),
}

/// The records of one topic partition that have an object under the date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordInputs {
    /// Kafka partition.
    pub partition: Partition,
    /// Their offsets; each offset in a range has an object.
    pub ranges: Vec<OffsetRange>,
}

/// The extents of one topic partition that have an object under the date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtentInputs {
    /// Kafka partition.
    pub partition: Partition,
    /// In the order of their starts.
    pub extents: Vec<SourceExtent>,
}

/// One object of a batched zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceExtent {
    /// The first offset of the extent.
    pub start: Offset,
    /// The end of the object's key: `jsonl.gz`, `parquet`.
    pub suffix: String,
    /// The object's size in bytes.
    pub bytes: u64,
    /// How many records it holds.
    pub records: u64,
}

impl PlanInputs {
    /// No inputs yet, of a zone in this format.
    #[must_use]
    pub fn of_format(format: Format) -> Self {
        match format {
            Format::Json => Self::Records(Vec::new()),
            Format::Jsonl | Format::Csv | Format::Parquet => Self::Extents(Vec::new()),
        }
    }

    /// Adds the next object: in the order of keys, as a listing of the bucket returns them.
    pub fn push(&mut self, input: &PlanInput<'_>) {
        let PlanInput {
            place: Place { partition, offset },
            suffix,
            bytes,
            records,
        } = *input;
        match self {
            Self::Records(all) => {
                if all.last().is_none_or(|last| last.partition != partition) {
                    let ranges = Vec::new();
                    all.push(RecordInputs { partition, ranges });
                }
                let Some(records) = all.last_mut() else {
                    return;
                };
                match records.ranges.last_mut() {
                    Some(range) if range.end == offset => range.end = offset.next(),
                    _ => records.ranges.push(OffsetRange::new(offset, offset.next())),
                }
            }
            Self::Extents(all) => {
                if all.last().is_none_or(|last| last.partition != partition) {
                    let extents = Vec::new();
                    all.push(ExtentInputs { partition, extents });
                }
                let Some(of_partition) = all.last_mut() else {
                    return;
                };
                of_partition.extents.push(SourceExtent {
                    start: offset,
                    suffix: suffix.to_owned(),
                    bytes: bytes.unwrap_or(0),
                    records,
                });
            }
        }
    }

    /// The objects in their order.
    pub fn iter(&self) -> impl Iterator<Item = PlanInput<'_>> {
        let (records, extents) = match self {
            Self::Records(records) => (records.as_slice(), [].as_slice()),
            Self::Extents(extents) => ([].as_slice(), extents.as_slice()),
        };
        let records = records.iter().flat_map(|of| {
            let offsets = of
                .ranges
                .iter()
                .flat_map(|range| range.start.0..range.end.0);
            offsets.map(|offset| PlanInput {
                place: Place::new(of.partition, Offset(offset)),
                suffix: "json",
                bytes: None,
                records: 1,
            })
        });
        let extents = extents.iter().flat_map(|of| {
            of.extents.iter().map(|extent| PlanInput {
                place: Place::new(of.partition, extent.start),
                suffix: &extent.suffix,
                bytes: Some(extent.bytes),
                records: extent.records,
            })
        });
        records.chain(extents)
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Records(all) => {
                let ranges = all.iter().flat_map(|of| &of.ranges);
                ranges
                    .map(|range| range.end.0.abs_diff(range.start.0))
                    .sum()
            }
            Self::Extents(all) => all.iter().map(|of| of.extents.len() as u64).sum(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether partitions, and offsets within them, are in the order of keys, and none is there
    /// twice.
    pub(super) fn are_in_order(&self) -> bool {
        // As keys sort, and not as numbers do: from 100,000 on the two differ.
        let partitions: Vec<String> = match self {
            Self::Records(all) => all
                .iter()
                .map(|of| format!("{:05}", of.partition))
                .collect(),
            Self::Extents(all) => all
                .iter()
                .map(|of| format!("{:05}", of.partition))
                .collect(),
        };
        let offsets = match self {
            Self::Records(all) => all.iter().all(|of| {
                let ranges = || of.ranges.iter();
                let apart = ranges()
                    .zip(ranges().skip(1))
                    .all(|(one, next)| one.end <= next.start);
                apart && ranges().all(|range| range.start.0 >= 0 && range.start < range.end)
            }),
            Self::Extents(all) => all.iter().all(|of| {
                let starts = || of.extents.iter().map(|extent| extent.start);
                starts().zip(starts().skip(1)).all(|(one, next)| one < next)
            }),
        };
        offsets && partitions.windows(2).all(|two| two[0] < two[1])
    }
}
