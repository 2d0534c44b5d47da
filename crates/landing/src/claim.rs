//! Claims: the create-once objects that fix where an extent of a topic partition ends, and
//! everything else that enters its files.
//!
//! Whoever finds a claim finishes it by the values in it, not by its own settings; so any process
//! may crash at any step. A claim also proves what belongs to the extent (records and a hash for
//! each date), long after Kafka has forgotten the records. Claims of a topic partition are
//! contiguous, and a claim at `start` proves that everything below `start` is durable. Not here:
//! when an extent is closed (see [`crate::chain`]) and how its files are encoded.

use schema::Classifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    anchor::Anchor,
    format::Format,
    offset::{Offset, OffsetRange},
    partition_by::DatePartition,
    place::{Extent, Partition, Place},
    record::{Record, ValueHash},
};

/// The version of the claim's fields and their meaning.
pub const CLAIM_VERSION: u32 = 1;

/// Memory that a record costs in addition to its bytes.
const RECORD_MEMORY: u64 = 64;

/// What enters the files of an extent besides the records themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRules {
    /// How the files are compressed: `none`, `gzip`, `zstd` or `snappy`.
    pub compression: String,
    /// The compression's level, where one was given.
    pub level: Option<i32>,
    /// Whether CSV files begin with the column names.
    pub csv_header: bool,
    /// Whether Kafka's key, partition, offset, timestamp and headers are columns, too.
    pub metadata_columns: bool,
    /// SHA-256 in hex of the schema that is kept under `_control`. JSON Lines have one only where
    /// records are checked against its columns.
    pub schema: Option<String>,
    /// Whether tombstones are dead letters instead of being skipped.
    pub keep_tombstones: bool,
}

impl FileRules {
    /// The end of a data object's key in a zone of this format: `jsonl.gz`, `csv`, `parquet`.
    #[must_use]
    pub fn suffix(&self, format: Format) -> String {
        let compressed = match self.compression.as_str() {
            _ if format == Format::Parquet => "",
            "gzip" => ".gz",
            "zstd" => ".zst",
            _ => "",
        };
        format!("{format}{compressed}")
    }
}

/// What an extent holds of one date: one data object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedDate {
    /// The date partition, without `dt=`.
    pub date: String,
    /// Number of records.
    pub records: u64,
    /// [`ContentHash`] of the records, in hex: comparable with the topic.
    pub hash: String,
    /// The object as the claimer encoded it: comparable without the topic. Whoever finishes the
    /// claim later may write other bytes.
    pub body: ClaimedBody,
}

/// What an extent holds of dead letters: one object, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedDeadLetters {
    /// Number of dead letters.
    pub records: u64,
    /// [`ContentHash`] of their records, in hex.
    pub hash: String,
    /// The object as the claimer wrote it.
    pub body: ClaimedBody,
}

/// The bytes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedBody {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256 in hex.
    pub sha256: String,
}

impl ClaimedBody {
    /// Describes these bytes.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self {
            bytes: body.len() as u64,
            sha256: hex::encode(Sha256::digest(body)),
        }
    }
}

/// A claimed extent: what the claimer saw, and how it writes the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// [`CLAIM_VERSION`] of the writer.
    pub version: u32,
    /// The number of the zone's [`Classifier`].
    pub classifier: u32,
    /// Id of the landing zone.
    pub zone: String,
    /// Kafka partition.
    pub partition: Partition,
    /// First offset.
    pub start: Offset,
    /// The offset after the last one, holes at the end included.
    pub end: Offset,
    /// What enters the files.
    pub files: FileRules,
    /// The dates, in order, each of them one data object.
    pub dates: Vec<ClaimedDate>,
    /// The dead letters, one object together.
    pub dead_letters: ClaimedDeadLetters,
    /// Tombstones that were skipped.
    pub tombstones: u64,
    /// Bytes of keys, values and headers of all records seen in it: whoever finishes the claim has
    /// to hold them.
    pub bytes: u64,
    /// The first record that was seen in the extent; a re-created topic holds another one.
    pub first: Option<ClaimedRecord>,
    /// The last one.
    pub last: Option<ClaimedRecord>,
}

/// An [`Anchor`] inside a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedRecord {
    /// Its offset.
    pub offset: Offset,
    /// Kafka's timestamp in milliseconds.
    pub timestamp: Option<i64>,
    /// SHA-256 of its value, in hex.
    pub sha256: String,
}

/// Why a claim that was found cannot be finished by this process.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClaim {
    /// It is not one of ours.
    #[error("its content is no claim ({0})")]
    Unreadable(String),
    /// It was written by a newer version of the program.
    #[error(
        "it is of version {claim}.{classifier}, which this program does not know: use a newer one"
    )]
    Newer {
        /// Its version.
        claim: u32,
        /// The version of its rules.
        classifier: u32,
    },
    /// It is about something else than its key says.
    #[error("it is about {0}, not about what its key says")]
    Misplaced(String),
}

impl Claim {
    /// Where the extent begins.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new(self.partition, self.start)
    }

    /// The extent that it fixes.
    #[must_use]
    pub fn extent(&self) -> Extent {
        Extent::new(self.partition, self.range())
    }

    /// The offsets of the extent.
    #[must_use]
    pub fn range(&self) -> OffsetRange {
        OffsetRange::new(self.start, self.end)
    }

    /// Number of records in data objects.
    #[must_use]
    pub fn records(&self) -> u64 {
        let records = self.dates.iter().map(|date| date.records);
        // A claim that was changed by hand may say anything.
        records.fold(0, u64::saturating_add)
    }

    /// Number of records seen in it: those in data objects, dead letters, and tombstones.
    #[must_use]
    pub fn all_records(&self) -> u64 {
        let letters = self.records().saturating_add(self.dead_letters.records);
        letters.saturating_add(self.tombstones)
    }

    /// Reading from here finds everything that the extent holds: its first record, or its end when
    /// it holds nothing.
    #[must_use]
    pub fn reads_from(&self) -> Offset {
        self.first.as_ref().map_or(self.end, |first| first.offset)
    }

    /// The rule by which its records are read: the zone's. [`Self::from_body`] takes no other ones
    /// than those that this program knows.
    #[must_use]
    pub fn classifier(&self) -> Option<Classifier> {
        Classifier::from_number(self.classifier)
    }

    /// The memory that its records take up, about, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let records = self.all_records().saturating_mul(RECORD_MEMORY);
        let memory = self.bytes.saturating_add(records);
        usize::try_from(memory).unwrap_or(usize::MAX)
    }

    /// The body: one line of JSON.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        let mut body = serde_json::to_vec(self).expect("strings and numbers always serialize");
        body.push(b'\n');
        body
    }

    /// Reads the claim of this zone for the extent that begins at `start`.
    ///
    /// # Errors
    /// [`BadClaim`] when it is something else, of a newer version, or not about what its key says.
    pub fn from_body(body: &[u8], zone: &str, start: Place) -> Result<Self, BadClaim> {
        #[derive(Deserialize)]
        struct Versions {
            version: u32,
            classifier: u32,
        }
        let unreadable = |error: serde_json::Error| BadClaim::Unreadable(error.to_string());
        let versions: Versions = serde_json::from_slice(body).map_err(unreadable)?;
        let is_known = Classifier::from_number(versions.classifier).is_some();
        if versions.version != CLAIM_VERSION || !is_known {
            return Err(BadClaim::Newer {
                claim: versions.version,
                classifier: versions.classifier,
            });
        }
        let claim: Self = serde_json::from_slice(body).map_err(unreadable)?;
        let is_misplaced = claim.zone != zone || claim.place() != start;
        if is_misplaced || claim.end <= claim.start {
            let text = format!(
                "offsets {} of partition {} in zone {}",
                claim.range(),
                claim.partition,
                claim.zone
            );
            return Err(BadClaim::Misplaced(text));
        }
        Ok(claim)
    }
}

impl ClaimedRecord {
    /// The claim's copy of this record's identity.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Self {
        Self {
            offset: record.offset,
            timestamp: record.timestamp,
            sha256: ValueHash::of(record.value).to_hex(),
        }
    }

    /// As an anchor; `None` when the text is not a hash.
    #[must_use]
    pub fn to_anchor(&self) -> Option<Anchor> {
        Some(Anchor {
            offset: self.offset,
            timestamp: self.timestamp,
            value: ValueHash::from_hex(&self.sha256)?,
        })
    }
}

/// The hash of what a file holds, whatever the file's format: over each record in offset order its
/// offset and the length of its value, both as 8 bytes big endian (a null value has the length
/// `u64::MAX`), and the value as Kafka has it.
#[derive(Clone, Debug, Default)]
pub struct ContentHash(Sha256);

impl ContentHash {
    /// Adds the next record.
    pub fn add(&mut self, offset: Offset, value: Option<&[u8]>) {
        let mut head = [0; 16];
        let length = value.map_or(u64::MAX, |value| value.len() as u64);
        head[..8].copy_from_slice(&offset.0.to_be_bytes());
        head[8..].copy_from_slice(&length.to_be_bytes());
        self.0.update(head);
        self.0.update(value.unwrap_or_default());
    }

    /// The hash in hex.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0.finalize())
    }
}

impl ClaimedDate {
    /// The date partition that the claim names; `None` when it is not one.
    #[must_use]
    pub fn date_partition(&self) -> Option<DatePartition> {
        DatePartition::from_folder(&self.date)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn claim() -> Claim {
        Claim {
            version: CLAIM_VERSION,
            classifier: Classifier::NEWEST.number(),
            zone: "z".into(),
            partition: Partition(3),
            start: Offset(10),
            end: Offset(20),
            files: FileRules {
                compression: "gzip".into(),
                level: Some(1),
                csv_header: false,
                metadata_columns: false,
                schema: None,
                keep_tombstones: false,
            },
            dates: vec![ClaimedDate {
                date: "2026-11-21".into(),
                records: 7,
                hash: ContentHash::default().to_hex(),
                body: ClaimedBody::of(b"x"),
            }],
            dead_letters: ClaimedDeadLetters::default(),
            tombstones: 1,
            bytes: 700,
            first: None,
            last: None,
        }
    }

    /// Where [`claim`] begins.
    fn here() -> Place {
        Place::new(Partition(3), Offset(10))
    }

    #[test]
    fn a_claim_reads_back() {
        let body = claim().to_body();
        assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(Claim::from_body(&body, "z", here()), Ok(claim()));
        assert_eq!(
            claim().dates[0].date_partition().unwrap().as_str(),
            "2026-11-21"
        );
    }

    #[test]
    fn a_claim_with_absurd_numbers_does_not_overflow() {
        let mut absurd = claim();
        absurd.dates.push(absurd.dates[0].clone());
        absurd.dates[0].records = u64::MAX;
        absurd.tombstones = u64::MAX;
        assert_eq!((absurd.records(), absurd.memory()), (u64::MAX, usize::MAX));
    }

    #[test]
    fn what_is_no_claim_of_this_place_is_refused() {
        assert!(matches!(
            Claim::from_body(b"hello", "z", here()),
            Err(BadClaim::Unreadable(_))
        ));
        let newer = Claim {
            classifier: 3,
            ..claim()
        };
        assert!(matches!(
            Claim::from_body(&newer.to_body(), "z", here()),
            Err(BadClaim::Newer { classifier: 3, .. })
        ));
        let empty = Claim {
            end: Offset(10),
            ..claim()
        };
        let beside = Place::new(Partition(3), Offset(11));
        for (claim, zone, start) in [
            (claim(), "y", here()),
            (claim(), "z", beside),
            (empty, "z", here()),
        ] {
            let read = Claim::from_body(&claim.to_body(), zone, start);
            assert!(matches!(read, Err(BadClaim::Misplaced(_))), "{read:?}");
        }
    }

    #[test]
    fn the_content_hash_tells_null_from_empty_and_one_record_from_two() {
        let of = |records: &[(i64, Option<&[u8]>)]| {
            let mut hash = ContentHash::default();
            for (offset, value) in records {
                hash.add(Offset(*offset), *value);
            }
            hash.to_hex()
        };
        let all = [
            of(&[]),
            of(&[(1, None)]),
            of(&[(1, Some(b""))]),
            of(&[(1, Some(b"ab"))]),
            of(&[(1, Some(b"a")), (2, Some(b"b"))]),
            of(&[(2, Some(b"ab"))]),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
