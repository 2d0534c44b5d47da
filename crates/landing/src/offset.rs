//! Offsets of one topic partition, and half-open ranges of them.
//!
//! Not here: arithmetic that assumes offsets without holes. Compaction, transaction markers and
//! aborted records leave holes, so a difference of two offsets is never a count of records.
//! The `end` of a range is the *next offset* after it, and only next offsets are ever committed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The offset of a record in its topic partition, counted from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(pub i64);

impl Offset {
    /// The offset after this one: what is committed when everything up to and including this one is
    /// durable.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The offsets `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetRange {
    /// The first offset of the range.
    pub start: Offset,
    /// The first offset after the range.
    pub end: Offset,
}

impl OffsetRange {
    /// The range `[start, end)`; empty when `end` is not above `start`.
    #[must_use]
    pub fn new(start: Offset, end: Offset) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}
