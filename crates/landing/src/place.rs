//! Where something lies in a topic: its partition, and an offset or a range of offsets there.
//!
//! Only the words. Not here: what an offset is (see [`crate::offset`]) and what lies at a place
//! (see [`crate::record`]).

use std::{fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::offset::{Offset, OffsetRange};

/// The number of a Kafka topic partition, counted from 0.
///
/// It is written as the bare number, in JSON too, and takes the padding of a format string:
/// `{partition:05}`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Partition(pub i32);

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Partition {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// One offset of one topic partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Kafka partition.
    pub partition: Partition,
    /// The offset in that partition.
    pub offset: Offset,
}

impl Place {
    /// This offset of this partition.
    #[must_use]
    pub const fn new(partition: Partition, offset: Offset) -> Self {
        Self { partition, offset }
    }
}

/// A range of offsets of one topic partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Kafka partition.
    pub partition: Partition,
    /// The offsets, half-open.
    pub range: OffsetRange,
}

impl Extent {
    /// These offsets of this partition.
    #[must_use]
    pub const fn new(partition: Partition, range: OffsetRange) -> Self {
        Self { partition, range }
    }

    /// Where it begins.
    #[must_use]
    pub const fn start(&self) -> Place {
        Place::new(self.partition, self.range.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_written_as_its_bare_number() {
        let partition = Partition(7);
        assert_eq!(format!("{partition} {partition:05}"), "7 00007");
        assert_eq!(serde_json::to_string(&partition).unwrap(), "7");
        assert_eq!(serde_json::from_str::<Partition>("7").unwrap(), partition);
        assert_eq!("7".parse(), Ok(partition));
    }
}
