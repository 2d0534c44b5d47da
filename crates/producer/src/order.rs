//! Records in another order than that of their inputs: by time, shuffled, or drawn at random.
//!
//! First takes all records, in bounded memory and temporary files, then gives them back. Where a
//! record comes from, and its number there, stay as they were.

mod dice;
mod packed_record;
mod sorter;
mod store;

use std::{
    hash::{BuildHasher, RandomState},
    io,
};

use self::{dice::Dice, packed_record::PackedRecord, sorter::Sorter, store::RecordStore};
use crate::{
    outcome::Failure,
    source::{
        Source,
        record::{BadRow, InputNames, RecordOrigin, SourceRecord},
    },
};

/// How many bytes of records are kept in memory.
const MEMORY: usize = 32 << 20;

/// Another order than that of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reordering {
    /// By the time at which they happened; records without one stay behind the record before them.
    Time,
    /// Each once, in random order.
    Shuffle { seed: u64 },
    /// One at random, again and again without end.
    Sample { seed: u64 },
}

/// A seed that nobody has chosen.
pub(crate) fn any_seed() -> u64 {
    // The standard library seeds its hash maps from the system's random numbers.
    RandomState::new().hash_one(0)
}

/// The records of a source in another order.
pub(crate) struct Reordered {
    reordering: Reordering,
    dice: Dice,
    pass: u64,
    kept: KeptRecords,
    inputs: Vec<KeptInput>,
    /// The time of the last record with one, of the input that is being read.
    last_time: i64,
    is_loading: bool,
    /// Whether the rows are kept as they were in their inputs.
    keeps_raw: bool,
    packed: Vec<u8>,
    /// The record at hand.
    current: Vec<u8>,
    bad: BadRow,
}

enum KeptRecords {
    Sorted(Box<Sorter>),
    Drawn(Box<RecordStore>),
}

/// What is needed of an input after it was read.
struct KeptInput {
    name: String,
    source: String,
    header: Vec<u8>,
}

impl Reordered {
    /// `keeps_raw` says whether a record that is rejected is to have its row as it was.
    pub(crate) fn new(reordering: Reordering, keeps_raw: bool) -> Self {
        let kept = match reordering {
            Reordering::Time | Reordering::Shuffle { .. } => {
                KeptRecords::Sorted(Box::new(Sorter::new(MEMORY)))
            }
            Reordering::Sample { .. } => KeptRecords::Drawn(Box::new(RecordStore::new(MEMORY))),
        };
        Self {
            reordering,
            dice: Dice::new(reordering.seed(), 0),
            pass: 0,
            kept,
            inputs: Vec::new(),
            last_time: i64::MIN,
            is_loading: true,
            keeps_raw,
            packed: Vec::new(),
            current: Vec::new(),
            bad: BadRow::default(),
        }
    }

    /// Whether it still takes records.
    pub(crate) fn is_loading(&self) -> bool {
        self.is_loading
    }

    /// Takes the record at hand of the source.
    pub(crate) fn take(&mut self, source: &Source) -> Result<(), Failure> {
        let (record, origin, row) = (source.record(), source.origin(), source.row_text());
        let input = self.number_of(source, origin.source);
        self.last_time = record.time.unwrap_or(self.last_time);
        self.packed.clear();
        PackedRecord {
            input,
            row: origin.row,
            line: row.line,
            time: record.time,
            key: record.key,
            event_time: origin.event_time,
            value: record.value,
            raw: if self.keeps_raw { row.raw } else { &[] },
        }
        .append(&mut self.packed);
        let kept = match &mut self.kept {
            KeptRecords::Sorted(sorter) => {
                let rank = match self.reordering {
                    Reordering::Time => self.last_time,
                    Reordering::Shuffle { .. } | Reordering::Sample { .. } => {
                        self.dice.any().cast_signed()
                    }
                };
                sorter.push(rank, &self.packed)
            }
            KeptRecords::Drawn(store) => store.push(&self.packed),
        };
        kept.map_err(|error| cannot_keep(&error))
    }

    /// To be called after the last record was taken; [`next`](Self::next) gives records then.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.is_loading = false;
        let finished = match &mut self.kept {
            KeptRecords::Sorted(sorter) => sorter.finish(),
            KeptRecords::Drawn(store) => store.finish(),
        };
        finished.map_err(|error| cannot_keep(&error))
    }

    /// Moves to the next record; returns false after the last one.
    pub(crate) fn next(&mut self) -> Result<bool, Failure> {
        let found = match &mut self.kept {
            KeptRecords::Sorted(sorter) => match sorter.next() {
                Ok(is_there) => Ok(is_there.then(|| sorter.record())),
                Err(error) => Err(error),
            },
            KeptRecords::Drawn(store) if store.count() == 0 => Ok(None),
            KeptRecords::Drawn(store) => store.get(self.dice.below(store.count())).map(Some),
        };
        let Some(record) = found.map_err(|error| cannot_keep(&error))? else {
            return Ok(false);
        };
        self.current.clear();
        self.current.extend_from_slice(record);
        Ok(true)
    }

    /// The record at hand; after [`next`](Self::next) only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        let packed = self.at_hand();
        SourceRecord {
            key: packed.key,
            value: packed.value,
            time: packed.time,
        }
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        let packed = self.at_hand();
        RecordOrigin {
            source: &self.inputs[packed.input as usize].source,
            row: packed.row,
            event_time: packed.event_time,
        }
    }

    /// Makes the record at hand the last bad row.
    pub(crate) fn reject(&mut self, reason: String) {
        let packed = self.at_hand();
        self.bad = BadRow {
            line: packed.line,
            reason,
            raw: packed.raw.to_vec(),
        };
    }

    /// The last bad row among the records.
    pub(crate) fn bad(&self) -> &BadRow {
        &self.bad
    }

    /// The input of the record at hand.
    pub(crate) fn input(&self) -> InputNames<'_> {
        let input = &self.inputs[self.at_hand().input as usize];
        InputNames {
            name: &input.name,
            header: &input.header,
        }
    }

    /// Begins again without records. Another pass has another random order.
    pub(crate) fn begin_pass(&mut self) {
        let next = Self::new(self.reordering, self.keeps_raw);
        let (pass, seed) = (self.pass + 1, self.reordering.seed());
        *self = Self {
            pass,
            dice: Dice::new(seed, pass),
            ..next
        };
    }

    fn at_hand(&self) -> PackedRecord<'_> {
        let packed = PackedRecord::read(&self.current);
        packed.expect("a record is asked for only after a step has found it")
    }

    /// The number of the input that the source is reading.
    fn number_of(&mut self, source: &Source, short_name: &str) -> u32 {
        let InputNames { name, header } = source.input();
        if self.inputs.last().is_none_or(|last| last.name != name) {
            self.last_time = i64::MIN;
            self.inputs.push(KeptInput {
                name: name.to_owned(),
                source: short_name.to_owned(),
                header: header.to_vec(),
            });
        }
        // No command line names so many files.
        u32::try_from(self.inputs.len() - 1).unwrap_or(u32::MAX)
    }
}

impl Reordering {
    fn seed(self) -> u64 {
        match self {
            Self::Time => 0,
            Self::Shuffle { seed } | Self::Sample { seed } => seed,
        }
    }
}

fn cannot_keep(error: &io::Error) -> Failure {
    let folder = std::env::temp_dir();
    Failure::failed(format!(
        "cannot keep rows in a temporary file in {}: {error}; TMPDIR names another folder",
        folder.display()
    ))
}
