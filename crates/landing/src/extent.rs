//! One walk over the records of an extent: the date that each belongs to, the dead letters, and
//! what the claim will say about them.
//!
//! The caller writes the files (the `write` of [`lay_out`]). Not here: when an extent is closed and
//! who may write it (see [`crate::chain`]). The result is a function of the records and the rules:
//! it does not depend on the process, the time or the file format.

use std::collections::BTreeMap;

use schema::Classifier;

use crate::{
    claim::{Claim, ClaimedDate, ClaimedRecord, ContentHash},
    dead_letter,
    offset::Offset,
    partition_by::{DatePartition, Granularity, PartitionBy},
    record::Record,
    value::{Misfit, Reason, ValueRule, checker::Checker},
};

/// The most date partitions, and so the most data objects, of one extent.
pub const MAX_DATES: usize = 128;

/// An extent is closed at this many bytes of keys, values and headers at the latest. Part of the
/// protocol: whoever finds a claim must be able to hold its extent. A single record may exceed it.
pub const MAX_EXTENT_BYTES: usize = 64 * 1024 * 1024;

/// What decides where a record goes.
#[derive(Clone, Copy, Debug)]
pub struct ExtentRules<'r> {
    /// The topic; goes into dead letters.
    pub topic: &'r str,
    /// Where a record's date comes from.
    pub partition_by: &'r PartitionBy,
    /// How much time a date partition covers.
    pub granularity: Granularity,
    /// The rule by which the zone reads records.
    pub classifier: Classifier,
    /// Whether tombstones are dead letters instead of being skipped.
    pub keep_tombstones: bool,
}

/// What an extent holds of one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateContent {
    /// The date partition.
    pub date: DatePartition,
    /// Number of records.
    pub records: u64,
    /// [`ContentHash`] of the records, in hex.
    pub hash: String,
}

/// What an extent holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The offset after the last record that was laid out, or the end that was asked for if all
    /// were.
    pub end: Offset,
    /// The dates, in order.
    pub dates: Vec<DateContent>,
    /// The dead letters' object: JSON lines; empty when there are none.
    pub dead_letters: Vec<u8>,
    /// [`ContentHash`] of their records, in hex.
    pub dead_letter_hash: String,
    /// Dead letters by reason code.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Tombstones that were skipped.
    pub tombstones: u64,
    /// Whether a record had a field with the name of the partition column.
    pub has_partition_column: bool,
    /// Bytes of keys, values and headers of all records.
    pub bytes: u64,
    /// The first record.
    pub first: Option<ClaimedRecord>,
    /// The last record.
    pub last: Option<ClaimedRecord>,
}

impl Contents {
    /// Number of dead letters.
    #[must_use]
    pub fn dead_letter_records(&self) -> u64 {
        self.reasons.values().sum()
    }
}

/// Offers each record that can be landed to `write`, with its date, in offset order. `write` may
/// refuse a record, leaving no trace of it: then it becomes a dead letter. A claimed extent is laid
/// out to its `end`; a new one ends before the record whose date would be one more than
/// [`MAX_DATES`].
pub fn lay_out<'a>(
    records: impl Iterator<Item = Record<'a>>,
    rules: &ExtentRules<'_>,
    end: Offset,
    claim: Option<&Claim>,
    mut write: impl FnMut(&DatePartition, &Record<'_>) -> Result<(), Misfit>,
) -> Contents {
    let mut walk = Walk::new(rules, claim.map_or(MAX_DATES, |_| usize::MAX));
    let mut last = None;
    for record in records {
        if walk.take(&record, &mut write) == Taken::NoRoomForItsDate {
            return walk.contents(last, record.offset);
        }
        last = Some(record);
    }
    walk.contents(last, end)
}

/// The dates of a claim that have no records left, because compaction has removed them since. Their
/// objects are written all the same, without records, so that a claim is complete exactly when all
/// its objects are there.
pub fn emptied_dates<'c>(
    claim: &'c Claim,
    contents: &Contents,
) -> impl Iterator<Item = DatePartition> + use<'c> {
    let left: Vec<DatePartition> = contents
        .dates
        .iter()
        .map(|date| date.date.clone())
        .collect();
    let claimed = claim.dates.iter().filter_map(ClaimedDate::date_partition);
    claimed.filter(move |date| !left.contains(date))
}

/// Whether what is there now can be what the claim was made of: compaction removes records, nothing
/// adds or changes any.
#[must_use]
pub fn fits_claim(claim: &Claim, contents: &Contents) -> bool {
    // Fewer records have another hash, which proves nothing; the same number must be the same ones.
    let fits = |records: u64, hash: &str, claimed: u64, claimed_hash: &str| {
        records == 0 || records < claimed || records == claimed && hash == claimed_hash
    };
    let date_fits = |now: &DateContent| {
        let claimed = claim
            .dates
            .iter()
            .find(|date| date.date == now.date.as_str());
        claimed.is_some_and(|date| fits(now.records, &now.hash, date.records, &date.hash))
    };
    let letters_fit = fits(
        contents.dead_letter_records(),
        &contents.dead_letter_hash,
        claim.dead_letters.records,
        &claim.dead_letters.hash,
    );
    contents.dates.iter().all(date_fits)
        && letters_fit
        && contents.tombstones <= claim.tombstones
        && ends_fit(claim, contents)
}

/// Nothing lies before the claim's first record or after its last one; and if those are still
/// there, they are the same.
fn ends_fit(claim: &Claim, contents: &Contents) -> bool {
    let (Some(first), Some(last)) = (&contents.first, &contents.last) else {
        return true;
    };
    let (Some(claimed_first), Some(claimed_last)) = (&claim.first, &claim.last) else {
        return false;
    };
    (first.offset > claimed_first.offset || first == claimed_first)
        && (last.offset < claimed_last.offset || last == claimed_last)
}

#[derive(PartialEq, Eq)]
enum Taken {
    Yes,
    NoRoomForItsDate,
}

struct Walk<'r> {
    rules: &'r ExtentRules<'r>,
    checker: Checker,
    most_dates: usize,
    dates: Vec<OpenDate>,
    indexes: BTreeMap<DatePartition, usize>,
    /// The hour of the last timestamp and the index of its date: records come in runs of one date.
    recent: Option<(i64, usize)>,
    dead_letters: Vec<u8>,
    dead_letter_hash: ContentHash,
    reasons: BTreeMap<&'static str, u64>,
    tombstones: u64,
    bytes: u64,
    first: Option<ClaimedRecord>,
}

struct OpenDate {
    date: DatePartition,
    records: u64,
    hash: ContentHash,
}

const HOUR_IN_MILLIS: i64 = 60 * 60 * 1000;

impl<'r> Walk<'r> {
    fn new(rules: &'r ExtentRules<'r>, most_dates: usize) -> Self {
        Self {
            rules,
            checker: Checker::new(ValueRule::new(rules.classifier, rules.partition_by)),
            most_dates,
            dates: Vec::new(),
            indexes: BTreeMap::new(),
            recent: None,
            dead_letters: Vec::new(),
            dead_letter_hash: ContentHash::default(),
            reasons: BTreeMap::new(),
            tombstones: 0,
            bytes: 0,
            first: None,
        }
    }

    fn take(
        &mut self,
        record: &Record<'_>,
        write: &mut impl FnMut(&DatePartition, &Record<'_>) -> Result<(), Misfit>,
    ) -> Taken {
        match self.index(record) {
            Ok(None) => self.tombstones += 1,
            Ok(Some(index)) if index >= self.most_dates => return Taken::NoRoomForItsDate,
            Ok(Some(index)) => {
                let open = &mut self.dates[index];
                match write(&open.date, record) {
                    Ok(()) => {
                        open.records += 1;
                        open.hash.add(record.offset, record.value);
                    }
                    Err(misfit) => self.dead_letter(record, &misfit),
                }
            }
            Err(reason) => self.dead_letter(record, &Misfit::from(reason)),
        }
        self.bytes += record.byte_len() as u64;
        if self.first.is_none() {
            self.first = Some(ClaimedRecord::of(record));
        }
        Taken::Yes
    }

    /// The index of the record's date; `None` for a tombstone that is skipped.
    fn index(&mut self, record: &Record<'_>) -> Result<Option<usize>, Reason> {
        let Some(bytes) = record.value else {
            return match self.rules.keep_tombstones {
                true => Err(Reason::Tombstone),
                false => Ok(None),
            };
        };
        let in_field = self.checker.check(bytes)?;
        let by = self.rules.partition_by;
        let hour = match by {
            PartitionBy::Timestamp => record.timestamp.map(|at| at.div_euclid(HOUR_IN_MILLIS)),
            PartitionBy::Field(_) => None,
        };
        if let Some((_, index)) = self.recent.filter(|recent| Some(recent.0) == hour) {
            return Ok(Some(index));
        }
        let date = by.date(record.timestamp, in_field, self.rules.granularity);
        let index = self.index_of(date.ok_or(Reason::NoPartitionValue)?);
        if let Some(hour) = hour.filter(|_| index < self.most_dates) {
            self.recent = Some((hour, index));
        }
        Ok(Some(index))
    }

    fn index_of(&mut self, date: DatePartition) -> usize {
        if let Some(index) = self.indexes.get(&date) {
            return *index;
        }
        let index = self.dates.len();
        if index < self.most_dates {
            self.indexes.insert(date.clone(), index);
            self.dates.push(OpenDate {
                date,
                records: 0,
                hash: ContentHash::default(),
            });
        }
        index
    }

    fn dead_letter(&mut self, record: &Record<'_>, misfit: &Misfit) {
        // The first classifier's letters never named the column.
        let told = match self.rules.classifier {
            Classifier::One => Misfit::from(misfit.reason),
            Classifier::Two => misfit.clone(),
        };
        self.dead_letters
            .extend(dead_letter::body(self.rules.topic, record, told));
        self.dead_letter_hash.add(record.offset, record.value);
        *self.reasons.entry(misfit.reason.code()).or_default() += 1;
    }

    fn contents(self, last: Option<Record<'_>>, end: Offset) -> Contents {
        // A date whose only records were refused has no object.
        let mut open: Vec<OpenDate> = self.dates;
        open.retain(|date| date.records > 0);
        open.sort_by(|a, b| a.date.cmp(&b.date));
        let dates = open.into_iter().map(|open| DateContent {
            date: open.date,
            records: open.records,
            hash: open.hash.to_hex(),
        });
        Contents {
            end,
            dates: dates.collect(),
            dead_letter_hash: self.dead_letter_hash.to_hex(),
            dead_letters: self.dead_letters,
            reasons: self.reasons,
            tombstones: self.tombstones,
            has_partition_column: self.checker.has_partition_column(),
            bytes: self.bytes,
            first: self.first,
            last: last.as_ref().map(ClaimedRecord::of),
        }
    }
}

#[cfg(test)]
mod tests;
