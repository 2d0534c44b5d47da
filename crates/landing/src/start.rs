//! Where a topic partition begins after it was assigned, or why it must not.
//!
//! All facts are gathered before (committed offset, log ends, anchors as kept and as Kafka shows them now); this is the
//! table of what they mean. Not here: `--start` as the user wrote it (it arrives as an offset).
//! Invariant: an offset that was visible and not landed is never stepped over without a stop or a recorded gap.

use crate::{
    anchor::{Anchor, Reading},
    offset::{Offset, OffsetRange},
};

/// What is known of a topic partition when it is assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The group's committed next offset and the metadata committed with it.
    pub committed: Option<(Offset, String)>,
    /// The log's first offset.
    pub low: Offset,
    /// The log's end: the last stable offset, that is the next offset a committed reader can get to.
    pub high: Offset,
    /// The first landed record as the zone keeps it, and what Kafka holds there now.
    pub first: Option<(Anchor, Reading)>,
    /// The last durable record as the commit metadata has it, and what Kafka holds there now.
    pub last: Option<(Anchor, Reading)>,
    /// Where `--start` points, for a group without a committed offset.
    pub start: Offset,
}

/// What to do about records that were removed before they could be landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnGap {
    /// Stop the topic partition.
    Stop,
    /// Write the gap down in the zone and go on behind it.
    Record,
}

/// Where and how a topic partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The first offset to read.
    pub offset: Offset,
    /// A gap that ends at `offset` and must be recorded first.
    pub gap: Option<OffsetRange>,
}

/// Why a topic partition was stopped: going on could lose or mix records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// An anchor no longer matches what Kafka holds.
    #[error(
        "the topic was re-created or truncated: offset {0} holds another record than the one that was landed from it; \
         land the new topic under another --prefix"
    )]
    AnotherRecord(Offset),
    /// The log ends before what was already landed.
    #[error(
        "the topic was re-created or truncated: its log ends at {end}, but records up to {landed} were landed before; \
         land the new topic under another --prefix"
    )]
    LogTooShort {
        /// End of the log now.
        end: Offset,
        /// The next offset that was landed or committed.
        landed: Offset,
    },
    /// Retention removed records before they were landed.
    #[error(
        "offsets {0} were removed by the topic's retention before they were landed: they are lost to this zone; \
         start with --on-gap record to write the gap down and go on"
    )]
    Gap(OffsetRange),
    /// The group has no offset, and the first landed record is gone: nobody knows what was landed of the rest.
    #[error(
        "the group has no committed offset, and offsets {0} are gone from the topic: whether they were landed is not known; \
         start with --on-gap record to write that down and go on"
    )]
    UnknownGap(OffsetRange),
    /// The object that keeps the first landed record is not one of ours.
    #[error(
        "object {0} is no anchor of this program: it was changed or written by another one; restore it, or use another --prefix"
    )]
    UnreadableAnchor(String),
    /// An object is where a record must go, with other content.
    #[error(
        "object {key} is already there and does not hold this record: {difference}; it was left as it is. Was the topic re-created, \
         or does another program write here? use another --prefix, or remove that object"
    )]
    Conflict {
        /// Key of the object.
        key: String,
        /// What differs.
        difference: String,
    },
}

/// Decides from the facts.
///
/// # Errors
/// [`Stop`] when going on could lose, mix or silently skip records.
pub fn decide(facts: &Inspection, on_gap: OnGap) -> Result<Start, Stop> {
    check_anchors(facts)?;
    let resume = match (&facts.committed, facts.first) {
        (Some((committed, _)), _) if *committed > facts.high => {
            return Err(Stop::LogTooShort {
                end: facts.high,
                landed: *committed,
            });
        }
        (Some((committed, _)), _) => *committed,
        // Offsets expired or were deleted, or another group: what was landed is replayed, which changes nothing in the zone.
        (None, Some((first, _))) => first.offset.min(facts.start),
        (None, None) => facts.start,
    };
    if resume >= facts.low {
        return Ok(Start {
            offset: resume,
            gap: None,
        });
    }
    let gap = OffsetRange::new(resume, facts.low);
    match on_gap {
        OnGap::Stop if facts.committed.is_none() => Err(Stop::UnknownGap(gap)),
        OnGap::Stop => Err(Stop::Gap(gap)),
        OnGap::Record => Ok(Start {
            offset: facts.low,
            gap: Some(gap),
        }),
    }
}

/// Kafka must still hold what was landed, or have removed it in the ordinary way.
fn check_anchors(facts: &Inspection) -> Result<(), Stop> {
    let compared = [facts.first, facts.last];
    for (anchor, reading) in compared.into_iter().flatten() {
        match reading {
            Reading::Holds(timestamp, value) if !anchor.matches(timestamp, value) => {
                return Err(Stop::AnotherRecord(anchor.offset));
            }
            Reading::BeyondEnd => {
                return Err(Stop::LogTooShort {
                    end: facts.high,
                    landed: anchor.offset.next(),
                });
            }
            Reading::Holds(..) | Reading::Gone => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ValueHash;

    fn anchor(offset: i64) -> Anchor {
        Anchor {
            offset: Offset(offset),
            timestamp: Some(1),
            value: ValueHash::of(Some(b"{}")),
        }
    }

    fn same(offset: i64) -> Option<(Anchor, Reading)> {
        Some((
            anchor(offset),
            Reading::Holds(Some(1), ValueHash::of(Some(b"{}"))),
        ))
    }

    fn seen(offset: i64, reading: Reading) -> Option<(Anchor, Reading)> {
        Some((anchor(offset), reading))
    }

    fn facts(committed: Option<i64>, low: i64, high: i64) -> Inspection {
        Inspection {
            committed: committed.map(|offset| (Offset(offset), String::new())),
            low: Offset(low),
            high: Offset(high),
            first: None,
            last: None,
            start: Offset(low),
        }
    }

    fn start(facts: &Inspection) -> Result<i64, Stop> {
        decide(facts, OnGap::Stop).map(|start| start.offset.0)
    }

    #[test]
    fn a_committed_offset_in_the_log_goes_on_there() {
        assert_eq!(start(&facts(Some(5), 0, 9)), Ok(5));
        assert_eq!(start(&facts(Some(9), 0, 9)), Ok(9), "caught up");
        assert_eq!(
            start(&facts(Some(5), 5, 9)),
            Ok(5),
            "nothing lost: the log begins where we go on"
        );
        assert_eq!(
            start(&Inspection {
                first: seen(0, Reading::Gone),
                last: same(4),
                ..facts(Some(5), 3, 9)
            }),
            Ok(5)
        );
    }

    #[test]
    fn a_group_without_offsets_starts_where_it_is_told_and_replays_what_was_landed() {
        assert_eq!(start(&facts(None, 3, 9)), Ok(3));
        let latest = Inspection {
            start: Offset(9),
            ..facts(None, 3, 9)
        };
        assert_eq!(start(&latest), Ok(9));
        assert_eq!(
            start(&Inspection {
                first: same(4),
                ..latest
            }),
            Ok(4),
            "expired offsets never skip"
        );
    }

    #[test]
    fn another_record_at_an_anchor_stops() {
        let other = Reading::Holds(Some(2), ValueHash::of(Some(b"{}")));
        assert_eq!(
            start(&Inspection {
                first: seen(0, other),
                ..facts(Some(5), 0, 9)
            }),
            Err(Stop::AnotherRecord(Offset(0)))
        );
        assert_eq!(
            start(&Inspection {
                last: seen(4, other),
                ..facts(Some(5), 0, 9)
            }),
            Err(Stop::AnotherRecord(Offset(4)))
        );
        assert_eq!(
            start(&Inspection {
                first: seen(0, other),
                ..facts(None, 0, 9)
            }),
            Err(Stop::AnotherRecord(Offset(0)))
        );
    }

    #[test]
    fn a_log_shorter_than_what_was_landed_stops() {
        assert_eq!(
            start(&facts(Some(5), 0, 4)),
            Err(Stop::LogTooShort {
                end: Offset(4),
                landed: Offset(5)
            })
        );
        let expired = Inspection {
            first: seen(3, Reading::BeyondEnd),
            ..facts(None, 0, 2)
        };
        assert_eq!(
            start(&expired),
            Err(Stop::LogTooShort {
                end: Offset(2),
                landed: Offset(4)
            })
        );
    }

    #[test]
    fn records_that_retention_removed_stop_or_are_recorded() {
        let gap = OffsetRange::new(Offset(5), Offset(7));
        assert_eq!(start(&facts(Some(5), 7, 9)), Err(Stop::Gap(gap)));
        assert_eq!(
            decide(&facts(Some(5), 7, 9), OnGap::Record),
            Ok(Start {
                offset: Offset(7),
                gap: Some(gap)
            })
        );
        let expired = Inspection {
            first: seen(5, Reading::Gone),
            ..facts(None, 7, 9)
        };
        assert_eq!(
            start(&expired),
            Err(Stop::UnknownGap(gap)),
            "expired offsets and a first record that is gone: nobody knows what was landed"
        );
    }

    #[test]
    fn a_compacted_anchor_is_no_reason_to_stop() {
        assert_eq!(
            start(&Inspection {
                first: seen(2, Reading::Gone),
                ..facts(None, 0, 9)
            }),
            Ok(0)
        );
        let compacted = Inspection {
            first: seen(2, Reading::Gone),
            start: Offset(9),
            ..facts(None, 0, 9)
        };
        assert_eq!(start(&compacted), Ok(2));
    }
}
