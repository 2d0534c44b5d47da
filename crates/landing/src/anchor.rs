//! Anchors: records remembered by offset, timestamp and hash, so that a re-created or truncated
//! topic is noticed.
//!
//! The first landed record of a topic partition is kept create-once in the zone; the last durable
//! one travels in the note of the offset commit ([`crate::commit_note`]). Kafka's client shows
//! neither topic ids nor leader epochs, so anchors are the only way to notice. Invariant: the body
//! of an anchor object reads back to the same anchor, and anything else reads as no anchor.

use serde::{Deserialize, Serialize};

use crate::{
    offset::Offset,
    place::Partition,
    record::{Record, ValueHash},
};

/// A record that was landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its offset.
    pub offset: Offset,
    /// Kafka's timestamp in milliseconds.
    pub timestamp: Option<i64>,
    /// The hash of its value.
    pub value: ValueHash,
}

/// What Kafka holds now at the offset of an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorReading {
    /// A record with this timestamp and hash.
    Holds(Option<i64>, ValueHash),
    /// Nothing: retention or compaction removed it.
    Gone,
    /// The log ends at or below that offset.
    BeyondEnd,
}

#[derive(Serialize, Deserialize)]
struct AnchorObject {
    partition: Partition,
    offset: Offset,
    timestamp: Option<i64>,
    sha256: String,
}

impl Anchor {
    /// The anchor of this record.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Self {
        Self {
            offset: record.offset,
            timestamp: record.timestamp,
            value: ValueHash::of(record.value),
        }
    }

    /// Whether Kafka still holds the same record there.
    #[must_use]
    pub fn matches(&self, timestamp: Option<i64>, value: ValueHash) -> bool {
        self.timestamp == timestamp && self.value == value
    }

    /// The body of the anchor object: one line of JSON.
    #[must_use]
    pub fn to_body(&self, partition: Partition) -> Vec<u8> {
        let object = AnchorObject {
            partition,
            offset: self.offset,
            timestamp: self.timestamp,
            sha256: self.value.to_hex(),
        };
        let mut body = serde_json::to_vec(&object).expect("strings and numbers always serialize");
        body.push(b'\n');
        body
    }

    /// Reads an anchor object's body; `None` when it is something else.
    #[must_use]
    pub fn from_body(body: &[u8]) -> Option<Self> {
        let object: AnchorObject = serde_json::from_slice(body).ok()?;
        Some(Self {
            offset: object.offset,
            timestamp: object.timestamp,
            value: ValueHash::from_hex(&object.sha256)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_object_reads_back() {
        for timestamp in [None, Some(-1), Some(1_795_244_645_000)] {
            let anchor = Anchor {
                offset: Offset(i64::MAX),
                timestamp,
                value: ValueHash::of(Some(b"{}")),
            };
            assert_eq!(
                Anchor::from_body(&anchor.to_body(Partition(7))),
                Some(anchor)
            );
        }
        assert_eq!(Anchor::from_body(b"hello"), None);
    }
}
