//! What the topic holds of one extent, record by record, and whether the extent's objects hold it.
//!
//! Records are handled as they come, and forgotten. Plain JSON Lines are compared with the records
//! themselves. Where files hold columns or Kafka's metadata, the records are encoded by the claim's
//! rules, and the files are compared, byte for byte or else row for row. A record must be at the
//! next place in its object, or after it where compaction took records from the topic. Invariant: a
//! date is called whole only when each record of its object was matched by one of the topic, and
//! the other way round.

use std::collections::BTreeMap;

use anyhow::Result;
use bucket::zone::ZoneFacts;
use format::{encoding::FinishedFile, files::Files};
use landing::{
    Extent, Offset, OffsetRange, Record,
    arena::RecordArena,
    claim::{Claim, ClaimedBody, ClaimedRecord, ContentHash},
    partition_by::DatePartition,
    value,
};

use crate::{
    batched::{
        lines::{self, LineHash},
        object_content::{self, ObjectFacts, ObjectForm},
    },
    expected_place::{ExpectedPlace, expected_place},
    topic::Topic,
};

/// What the topic holds of an extent.
#[derive(Debug, Default)]
pub(crate) struct TopicSide {
    pub(crate) dates: BTreeMap<String, TopicPart>,
    pub(crate) letters: TopicPart,
    pub(crate) tombstones: u64,
    pub(crate) seen: Seen,
}

/// All records of an extent, tombstones included, as far as its claim speaks of them.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    records: u64,
    /// Of keys, values and headers.
    bytes: u64,
    first: Option<ClaimedRecord>,
    last: Option<ClaimedRecord>,
}

/// What the topic holds of one date, or of dead letters.
#[derive(Debug, Default)]
pub(crate) struct TopicPart {
    pub(crate) records: u64,
    pub(crate) hash: ContentHash,
    /// Records of the object up to the last one that was matched.
    matched_to: usize,
    /// The first line that the object does not hold, in words.
    pub(crate) not_in_object: Option<String>,
}

/// What the records of an extent are compared with.
pub(crate) struct WantedExtent<'w> {
    pub(crate) zone: &'w ZoneFacts,
    pub(crate) claim: &'w Claim,
    /// The offsets of it that the topic has.
    pub(crate) range: OffsetRange,
    /// The objects by their dates.
    pub(crate) facts: BTreeMap<&'w str, &'w ObjectFacts>,
}

impl Seen {
    fn take(&mut self, arena: &RecordArena) {
        for record in arena.records() {
            self.records += 1;
            self.bytes += record.byte_len() as u64;
        }
        if self.first.is_none() {
            self.first = arena.records().next().as_ref().map(ClaimedRecord::of);
        }
        let last = arena.records().last().as_ref().map(ClaimedRecord::of);
        self.last = last.or(self.last.take());
    }

    /// Whether a claim was made of these, and of more where compaction took some: nothing lies
    /// before its first or after its last.
    pub(crate) fn fits(&self, claim: &Claim) -> bool {
        if self.records == claim.all_records() {
            return (&self.first, &self.last, self.bytes)
                == (&claim.first, &claim.last, claim.bytes);
        }
        let offset = |record: &Option<ClaimedRecord>| record.as_ref().map(|record| record.offset);
        let starts = offset(&self.first) > offset(&claim.first) || self.first == claim.first;
        let ends = offset(&self.last) < offset(&claim.last) || self.last == claim.last;
        self.records == 0 || starts && ends
    }
}

impl TopicPart {
    /// Whether the object has nothing but what the topic has.
    pub(crate) fn is_whole(&self, rows: u64) -> bool {
        self.not_in_object.is_none() && self.matched_to as u64 == rows && self.records == rows
    }

    fn find(&mut self, what: impl FnOnce() -> String, rows: &[LineHash], hash: LineHash) {
        if self.not_in_object.is_some() {
            return;
        }
        let rest = rows.get(self.matched_to..).unwrap_or_default();
        match rest.iter().position(|row| *row == hash) {
            Some(skipped) => self.matched_to += skipped + 1,
            None => self.not_in_object = Some(what()),
        }
    }
}

/// Reads the extent. `files` encodes the records where lines are not enough.
pub(crate) async fn read(
    topic: &Topic,
    wanted: &WantedExtent<'_>,
    mut files: Option<Files>,
) -> Result<TopicSide> {
    let mut side = TopicSide::default();
    let mut records = topic.records(Extent::new(wanted.claim.partition, wanted.range));
    while let Some(arena) = records.next().await? {
        side.seen.take(&arena);
        for record in arena.records() {
            side.take(&record, wanted, files.as_mut());
        }
    }
    if let Some(files) = files {
        for file in files.finish(wanted.claim.end)? {
            side.compare(file, wanted).await?;
        }
    }
    Ok(side)
}

impl TopicSide {
    fn take(&mut self, record: &Record<'_>, wanted: &WantedExtent<'_>, files: Option<&mut Files>) {
        let zone = wanted.zone;
        let part = match expected_place(record, zone) {
            ExpectedPlace::Tombstone if !wanted.claim.files.keep_tombstones => {
                self.tombstones += 1;
                return;
            }
            ExpectedPlace::Tombstone | ExpectedPlace::Letter(_) => &mut self.letters,
            ExpectedPlace::Date(date) => self.data(&date, record, wanted, files),
        };
        part.records += 1;
        part.hash.add(record.offset, record.value);
    }

    /// The part of a record that has a date; it is the dead letters when a schema refuses the
    /// record.
    fn data(
        &mut self,
        date: &DatePartition,
        record: &Record<'_>,
        wanted: &WantedExtent<'_>,
        files: Option<&mut Files>,
    ) -> &mut TopicPart {
        if let Some(files) = files {
            return match files.write(date, record) {
                Ok(()) => self.date(date),
                Err(_) => &mut self.letters,
            };
        }
        let part = self.date(date);
        let facts = wanted.facts.get(date.as_str());
        if let (Some(rows), Some(value)) = (facts.and_then(|facts| facts.hashes()), record.value) {
            let hash = lines::hash(&value::on_one_line(value));
            part.find(|| of_offset(record.offset), rows, hash);
        }
        part
    }

    fn date(&mut self, date: &DatePartition) -> &mut TopicPart {
        if !self.dates.contains_key(date.as_str()) {
            self.dates
                .insert(date.as_str().to_owned(), TopicPart::default());
        }
        self.dates.entry(date.as_str().to_owned()).or_default()
    }

    /// Compares a file that was encoded from the topic with the object.
    async fn compare(&mut self, file: FinishedFile, wanted: &WantedExtent<'_>) -> Result<()> {
        let part = self.date(&file.date);
        let Some(facts) = wanted.facts.get(file.date.as_str()) else {
            return Ok(());
        };
        if ClaimedBody::of(&file.bytes).sha256 == facts.sha256 {
            part.matched_to = usize::try_from(file.records)?;
            return Ok(());
        }
        let form = ObjectForm::of(wanted.zone.format, &wanted.claim.files);
        let (header, rows) = object_content::hashes(file.bytes, form)
            .await
            .map_err(anyhow::Error::msg)?;
        if facts.header != header {
            part.not_in_object = Some("the line with the names of the columns".to_owned());
        }
        for (hash, number) in rows.into_iter().zip(1..) {
            let what = || format!("record {number} of those that the topic holds of this date");
            part.find(what, facts.hashes().unwrap_or_default(), hash);
        }
        Ok(())
    }
}

fn of_offset(offset: Offset) -> String {
    format!("the record of offset {offset}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rows: &[&str], records: &[&str]) -> TopicPart {
        let rows: Vec<LineHash> = rows.iter().map(|row| lines::hash(row.as_bytes())).collect();
        let mut part = TopicPart::default();
        for (record, offset) in records.iter().zip(0..) {
            part.find(
                || of_offset(Offset(offset)),
                &rows,
                lines::hash(record.as_bytes()),
            );
            part.records += 1;
        }
        part
    }

    #[test]
    fn only_the_same_records_in_the_same_order_are_whole() {
        assert!(part(&["a", "b", "b"], &["a", "b", "b"]).is_whole(3));
        assert!(part(&[], &[]).is_whole(0));
        for (rows, records) in [
            (&["a", "b"][..], &["a"][..]),
            (&["a", "b", "b"], &["a", "b"]),
            (&["b", "a", "b"], &["a", "b"]),
            (&["a"], &["a", "b"]),
            (&["b", "a"], &["a", "b"]),
        ] {
            assert!(
                !part(rows, records).is_whole(rows.len() as u64),
                "{rows:?} {records:?}"
            );
        }
    }

    #[test]
    fn a_record_that_is_not_in_its_place_is_named_and_what_compaction_took_is_not() {
        let missing = |rows, records| part(rows, records).not_in_object;
        assert_eq!(missing(&["a", "b", "c"], &["a", "c"]), None);
        let second = Some(of_offset(Offset(1)));
        assert_eq!(missing(&["a", "x", "c"], &["a", "b", "c"]), second);
        assert_eq!(missing(&["b", "a"], &["a", "b"]), second);
    }
}
