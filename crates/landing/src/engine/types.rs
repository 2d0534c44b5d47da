//! What the engine and its driver exchange: settings, uploads, outcomes, actions, counts, progress.
//!
//! Only data; no rule lives here. An [`UploadId`] must come back exactly as it was given out.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use schema::{Classifier, Losses, TableSchema};

use crate::{
    anchor::Anchor,
    batch::Batch,
    chain::{Batching, Rotation},
    claim::{Claim, FileRules},
    identity::Identity,
    layout::Prefix,
    offset::{Offset, OffsetRange},
    partition_by::{Granularity, PartitionBy},
    place::{Partition, Place},
    record::ValueHash,
    start::{OnGap, Stop},
    value::Reason,
};

/// What the engine is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The zone's folder.
    pub prefix: Prefix,
    /// Id of the zone, see [`crate::zone::Zone::id`].
    pub zone_id: String,
    /// What commits name as their zone, see [`crate::zone::commit_zone`].
    pub commit_zone: String,
    /// The topic.
    pub topic: String,
    /// Where a record's date comes from.
    pub partition_by: PartitionBy,
    /// How much time a date partition covers.
    pub granularity: Granularity,
    /// The rule by which the zone reads records.
    pub classifier: Classifier,
    /// The columns that each record must fit; in the batched layouts the claims have them.
    pub check_columns: Option<Arc<TableSchema>>,
    /// What becomes of records without a value.
    pub tombstones: Tombstones,
    /// What to do about records that retention removed first.
    pub on_gap: OnGap,
    /// The most requests in flight.
    pub max_in_flight: usize,
    /// Bytes of records that may wait or be in flight before reading pauses; it goes on at half of
    /// it.
    pub memory_bytes: usize,
    /// Time between commits of one partition.
    pub commit_interval: Duration,
    /// How long a partition that the group takes back has to finish what is in flight.
    pub drain_deadline: Duration,
    /// How records become objects.
    pub layout: ObjectLayout,
}

/// How records become objects.
#[derive(Clone, Debug)]
pub enum ObjectLayout {
    /// One object for each record.
    PerRecord,
    /// Extents of records, closed by these limits.
    Batched(Arc<Batching>),
}

/// What becomes of tombstones (records with a null value).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstones {
    /// Counted, nothing is written.
    Skip,
    /// Kept as dead letters.
    DeadLetter,
}

/// What an upload is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKind {
    /// A record's data object.
    Record,
    /// A record's dead letter.
    DeadLetter(Reason),
    /// The partition's first landed record, remembered.
    Anchor,
    /// A gap, written down.
    Gap(OffsetRange),
    /// The claim of an extent.
    Claim,
    /// What an extent holds of one date: so many records.
    File(u64),
    /// The dead letters of an extent.
    DeadLetters,
}

/// Names an extent that is being encoded; give it back with its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtentId {
    /// Where the extent begins.
    pub start: Place,
    pub(crate) generation: u64,
}

/// Lay these records out ([`crate::extent::lay_out`]) and encode them, on a thread that may take
/// long; then call [`crate::engine::Engine::encoded`].
#[derive(Debug)]
pub struct Encode {
    /// To be given back.
    pub id: ExtentId,
    /// The records, to be given back as well: they are needed again if another claim counts.
    pub batch: Batch,
    /// The offset after the extent.
    pub end: Offset,
    /// What enters the files.
    pub files: FileRules,
    /// The claim that fixes it already, when one was found.
    pub claim: Option<Arc<Claim>>,
    /// Why it was closed.
    pub reason: Rotation,
}

/// Names an upload; give it back with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadId {
    /// Kafka partition.
    pub partition: Partition,
    /// What it is for.
    pub kind: UploadKind,
    pub(crate) generation: u64,
    pub(crate) anchor: Anchor,
    pub(crate) bytes: usize,
    /// The requests of a process are numbered as they are handed out.
    pub(crate) number: u64,
}

impl UploadId {
    /// Of an object of this extent, whose body has so many bytes.
    pub(super) fn of_extent(extent: ExtentId, kind: UploadKind, bytes: usize) -> Self {
        Self {
            partition: extent.start.partition,
            kind,
            generation: extent.generation,
            anchor: Anchor {
                offset: extent.start.offset,
                timestamp: None,
                value: ValueHash::of(None),
            },
            bytes,
            number: 0,
        }
    }

    /// The extent that it was made of.
    pub(super) fn extent(&self) -> ExtentId {
        ExtentId {
            start: self.place(),
            generation: self.generation,
        }
    }

    /// The place of the record that the object is about, or the start of the extent.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new(self.partition, self.anchor.offset)
    }
}

/// An object to be written create-once (`If-None-Match: *`), retried until it is answered for good.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name.
    pub id: UploadId,
    /// Object key.
    pub key: String,
    /// The body.
    pub body: Vec<u8>,
    /// Goes into the object's metadata, and is compared when an object is already there.
    pub identity: Identity,
}

/// How an upload ended. There is no "failed": until it ends in one of these it is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written now.
    Stored,
    /// An object with the same identity was already there.
    AlreadyThere,
    /// An object with another identity is there.
    Conflict {
        /// Key of the object.
        key: String,
        /// What differs, see [`Identity::compare`].
        difference: String,
    },
    /// A claim for the same start was already there: this one.
    Claimed(Arc<Claim>),
}

/// What the engine wants done.
#[derive(Debug)]
pub enum Action {
    /// Stop reading this partition, gather the facts of [`crate::start::Inspection`] and give them
    /// back with this generation.
    Inspect {
        /// Kafka partition.
        partition: Partition,
        /// To be given back.
        generation: u64,
    },
    /// Gather the facts of a partition that another process reads, and give them to
    /// [`crate::engine::Engine::looked_at`]: it counts as reached only after it was looked at once.
    Look {
        /// Kafka partition.
        partition: Partition,
    },
    /// Read this partition from `offset`, then call [`crate::engine::Engine::started`]: only
    /// records delivered after that count.
    Start {
        /// Kafka partition.
        partition: Partition,
        /// To be given back.
        generation: u64,
        /// First offset to deliver.
        offset: Offset,
        /// Reading is paused at the moment: begin with the next [`Action::Resume`].
        paused: bool,
    },
    /// Deliver nothing until [`Action::Resume`]: the memory is used up.
    Pause,
    /// Deliver again.
    Resume,
    /// Write an object.
    Upload(Upload),
    /// Encode an extent.
    Encode(Box<Encode>),
    /// Commit `next` for the group.
    Commit {
        /// Kafka partition.
        partition: Partition,
        /// The next offset: everything below it is durable.
        next: Offset,
        /// Goes with the commit.
        metadata: String,
    },
    /// Commit (if there is something to commit), then let the partition go: the assignment with
    /// this generation, which may not be the newest.
    Release {
        /// Kafka partition.
        partition: Partition,
        /// What [`crate::engine::Engine::revoked`] returned.
        generation: u64,
        /// Next offset and metadata.
        commit: Option<(Offset, String)>,
    },
    /// This partition stands still until an operator has looked at it; others go on.
    Stop {
        /// Kafka partition.
        partition: Partition,
        /// Why, and what to do.
        stop: Stop,
    },
}

/// What was done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records in data objects, those found already there included.
    pub records: u64,
    /// Data objects and dead letters written by this process.
    pub objects: u64,
    /// Bytes of those objects.
    pub bytes: u64,
    /// Objects that were found already there with the same identity.
    pub already_there: u64,
    /// Dead letters by reason code.
    pub dead_letters: BTreeMap<&'static str, u64>,
    /// Tombstones that were skipped.
    pub tombstones: u64,
    /// What the columns of batches rounded or cut off.
    pub rounded: Losses,
    /// Gaps that were recorded.
    pub gaps: u64,
    /// Whether a record that keeps its bytes has a field with the name of the partition column.
    pub has_partition_column: bool,
    /// Extents that were closed, by what closed them.
    pub rotations: BTreeMap<Rotation, u64>,
}

impl Counts {
    /// Dead letters of all reasons.
    #[must_use]
    pub fn dead_letter_total(&self) -> u64 {
        self.dead_letters.values().sum()
    }
}

/// How far one running partition is, as next offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionProgress {
    /// Kafka partition.
    pub partition: Partition,
    /// After the last delivered record.
    pub position: Offset,
    /// Everything below is durable.
    pub durable: Offset,
    /// What the broker confirmed as committed.
    pub committed: Option<Offset>,
}
