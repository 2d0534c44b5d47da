//! The engine that lands a Kafka topic in S3: which object each record goes into, when, and what
//! may be committed.
//!
//! It takes facts and the time, and returns actions; it never waits and never does I/O. "Pure"
//! means here: no tokio, no Kafka or AWS client, no files, no clock, no randomness, no environment
//! (the `tidy` test checks it). So a simulation can test the hard rules, thousands of schedules a
//! second.
//!
//! Reading order: [`offset`], [`place`] and [`record`] (the words), [`partition_by`] and [`layout`]
//! (from a record to its object key), [`value`] and [`dead_letter`] (what cannot be landed),
//! [`zone`], [`anchor`], [`commit_note`] and [`start`] (where to begin, and when to refuse),
//! [`offset_tracker`] (what may be committed); for the batched layouts [`claim`], [`extent`] and
//! [`chain`] (which records share an object, and what fixes that); [`engine`] (all of it together);
//! [`compaction`] (what a compacted copy of a zone records about how it was made).
#![doc = ""]
#![doc = include_str!("../README.md")]

pub mod anchor;
pub mod arena;
pub mod batch;
pub mod chain;
pub mod claim;
pub mod commit_note;
pub mod compaction;
pub mod dead_letter;
pub mod engine;
pub mod extent;
pub mod format;
pub mod group_note;
pub mod identity;
pub mod layout;
pub mod offset;
pub mod offset_set;
pub mod offset_tracker;
pub mod partition_by;
pub mod place;
pub mod record;
pub mod start;
pub mod start_note;
pub mod value;
pub mod zone;

pub use engine::{Action, Counts, Engine, Outcome, Settings, Upload, UploadId, UploadKind};
pub use format::Format;
pub use offset::{Offset, OffsetRange};
pub use place::{Extent, Partition, Place};
pub use record::Record;
