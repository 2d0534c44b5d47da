//! What a process is told about its extents: when each is closed, and what its files are like.
//!
//! Only data. Not here: how the limits are applied (see [`crate::engine`]).

use std::time::Duration;

use crate::{claim::FileRules, format::Format};

/// When an extent is closed, and what its files are like.
#[derive(Clone, Debug)]
pub struct Batching {
    /// What enters the files, for extents that this process claims.
    pub files: FileRules,
    /// The format that the zone pins: not [`Format::Json`].
    pub format: Format,
    /// The most records.
    pub max_records: u64,
    /// About so many bytes of output, all files together.
    pub max_bytes: usize,
    /// The longest time from the first record to the rotation.
    pub max_age: Duration,
    /// The longest time without a new record.
    pub max_idle: Duration,
    /// How many extents may be encoded at the same time.
    pub max_encoding: usize,
    /// Bytes of output for a byte of input, before an extent has shown it.
    pub expected_ratio: f64,
}

impl Batching {
    /// The end of a data object's key under these rules: `jsonl.gz`, `csv`, `parquet`.
    #[must_use]
    pub fn suffix(&self, files: &FileRules) -> String {
        files.suffix(self.format)
    }
}
