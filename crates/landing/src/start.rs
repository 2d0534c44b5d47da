//! Where a topic partition begins after it was assigned, or why it must not.
//!
//! The driver gathers the facts first (committed offset, log ends, anchors as kept and as Kafka
//! shows them now); this is the table of what they mean. Not here: `--start` as the user wrote it
//! (it arrives as an offset). Invariant: an offset that was visible and is not landed is never
//! skipped without a stop or a recorded gap.

use std::sync::Arc;

use crate::{
    anchor::{Anchor, AnchorReading},
    claim::Claim,
    commit_note::{Committed, Committer},
    offset::{Offset, OffsetRange},
};

/// What is known of a topic partition when it is assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// What the group has committed.
    pub committed: Option<Committed>,
    /// The log's first offset.
    pub low: Offset,
    /// The log's end: the last stable offset, that is the next offset a committed reader can get
    /// to.
    pub high: Offset,
    /// The first landed record as the zone keeps it, and what Kafka holds there now.
    pub first: Option<(Anchor, AnchorReading)>,
    /// The last durable record as the newest claim or the commit names it, and what Kafka holds
    /// there now.
    pub last: Option<(Anchor, AnchorReading)>,
    /// Where `--start` points, for a group without a committed offset.
    pub start: Offset,
    /// The newest claim, in the batched layouts.
    pub newest: NewestClaim,
}

/// The newest claim of a topic partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewestClaim {
    /// Nobody looked: the layout has no claims, or a dry run does not ask the bucket.
    NotLookedAt,
    /// There is none.
    Missing,
    /// This one; and whether all its objects are there.
    Found(Arc<Claim>, Completeness),
}

/// Whether all objects of a claimed extent are in the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// All of them.
    Complete,
    /// At least one is missing: the extent must be finished.
    Incomplete,
}

/// What to do about records that were removed before they could be landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnGap {
    /// Stop the topic partition.
    Stop,
    /// Write the gap down in the zone and go on after it.
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

/// Where the chain of extents of a topic partition goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainStart {
    /// The start of the next extent: the end of the last finished one, 0 when there is none. A gap
    /// belongs to the extent that follows it.
    pub extent: Offset,
    /// The first offset to read, and the gap before it.
    pub read: Start,
    /// The claim that must be finished first.
    pub adopted: Option<Arc<Claim>>,
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
    /// The group has no offset, and the first landed record is gone: nobody knows how much of the
    /// rest was landed.
    #[error(
        "the group has no committed offset, and offsets {0} are gone from the topic: whether they were landed is not known; \
         start with --on-gap record to write that down and go on"
    )]
    UnknownGap(OffsetRange),
    /// The newest claim ends below what the group has committed.
    #[error(
        "the group has committed offset {committed}, but the newest claim of the zone ends at {end}: claims were removed, or the \
         offset was moved forward; reset the group to {end}, or use another --prefix"
    )]
    ClaimsEndEarlier {
        /// What the group has committed.
        committed: Offset,
        /// Where the newest claim ends.
        end: Offset,
    },
    /// The group's offset was committed by a consumer of another landing zone.
    #[error(
        "the group's committed offset {committed} belongs to another landing zone ({zone}), and says nothing about this one ({own}): \
         give each zone a group of its own; run this one with another --group, or without --group"
    )]
    AnotherZonesCommit {
        /// What the group has committed.
        committed: Offset,
        /// The zone that it belongs to, see [`crate::zone::commit_zone`].
        zone: String,
        /// This zone.
        own: String,
    },
    /// The group's offset names no zone, and nothing shows that it is this one's.
    #[error(
        "the group's committed offset {0} does not say which landing zone it belongs to, and the last landed record was not found in \
         this one, or the topic no longer has it: run this zone with another --group, or without --group; if the group is this zone's, set its offset to where to begin \
         (kafka-consumer-groups --reset-offsets)"
    )]
    NobodysCommit(Offset),
    /// What Kafka holds cannot be what a claim was made of.
    #[error(
        "the topic holds more in offsets {0} than the zone's claim for them says: it was re-created or truncated; \
         land the new topic under another --prefix"
    )]
    MoreThanClaimed(OffsetRange),
    /// A claim, or the schema that it names, cannot be used.
    #[error("object {key} cannot be used: {problem}; restore it, or use another --prefix")]
    UnusableControlObject {
        /// Key of the object.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
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

/// Decides where a partition begins in the zone of this name ([`crate::zone::commit_zone`]).
///
/// # Errors
/// [`Stop`] when going on could lose, mix or silently skip records.
pub fn decide(facts: &Inspection, zone: &str, on_gap: OnGap) -> Result<Start, Stop> {
    check_commit(facts, zone)?;
    check_anchors(facts)?;
    let resume = match (&facts.committed, facts.first) {
        (Some(committed), _) => committed.next,
        // The offsets expired or were deleted, or this is another group: what was landed is
        // replayed, which changes nothing in the zone.
        (None, Some((first, _))) => first.offset.min(facts.start),
        (None, None) => facts.start,
    };
    if resume > facts.high {
        return Err(Stop::LogTooShort {
            end: facts.high,
            landed: resume,
        });
    }
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

/// Decides where the chain of extents goes on: at the newest claim, whatever the group has
/// committed, because a claim proves that everything below its start is durable.
///
/// # Errors
/// [`Stop`] when going on could lose, mix or silently skip records.
pub fn decide_chain(facts: &Inspection, zone: &str, on_gap: OnGap) -> Result<ChainStart, Stop> {
    let read = match &facts.newest {
        NewestClaim::Found(claim, completeness) => {
            check_commit(facts, zone)?;
            return go_on(facts, claim, *completeness, on_gap);
        }
        NewestClaim::NotLookedAt | NewestClaim::Missing => decide(facts, zone, on_gap)?,
    };
    if facts.newest == NewestClaim::NotLookedAt {
        return Ok(ChainStart {
            extent: read.gap.map_or(read.offset, |gap| gap.start),
            read,
            adopted: None,
        });
    }
    // Anchors are committed only with the end of an extent, so there was a claim.
    if let (Some(committed), Some(_)) = (&facts.committed, facts.last) {
        return Err(Stop::ClaimsEndEarlier {
            committed: committed.next,
            end: Offset(0),
        });
    }
    Ok(ChainStart {
        extent: Offset(0),
        read,
        adopted: None,
    })
}

fn go_on(
    facts: &Inspection,
    claim: &Arc<Claim>,
    completeness: Completeness,
    on_gap: OnGap,
) -> Result<ChainStart, Stop> {
    check_anchors(facts)?;
    // A commit that records only where to begin says nothing about claims.
    if let Some(committed) = &facts.committed
        && committed.next > claim.end
        && !committed.is_start()
    {
        return Err(Stop::ClaimsEndEarlier {
            committed: committed.next,
            end: claim.end,
        });
    }
    if claim.end > facts.high {
        return Err(Stop::LogTooShort {
            end: facts.high,
            landed: claim.end,
        });
    }
    let (extent, from, adopted) = match completeness {
        Completeness::Complete => (claim.end, claim.end, None),
        Completeness::Incomplete => (claim.start, claim.reads_from(), Some(claim.clone())),
    };
    let gap = (from < facts.low).then(|| OffsetRange::new(from, facts.low));
    if let Some(gap) = gap.filter(|_| on_gap == OnGap::Stop) {
        return Err(Stop::Gap(gap));
    }
    Ok(ChainStart {
        extent,
        read: Start {
            offset: from.max(facts.low),
            gap,
        },
        adopted,
    })
}

/// What another zone has committed says nothing about this one, in either direction.
fn check_commit(facts: &Inspection, zone: &str) -> Result<(), Stop> {
    let Some(committed) = &facts.committed else {
        return Ok(());
    };
    match committed.committer(zone) {
        Committer::ThisZone | Committer::EarlierVersion | Committer::Operator => Ok(()),
        Committer::AnotherZone(Some(other)) => Err(Stop::AnotherZonesCommit {
            committed: committed.next,
            zone: other.to_owned(),
            own: zone.to_owned(),
        }),
        Committer::AnotherZone(None) => Err(Stop::NobodysCommit(committed.next)),
    }
}

/// Kafka must still hold what was landed, or have removed it in the ordinary way.
fn check_anchors(facts: &Inspection) -> Result<(), Stop> {
    let compared = [facts.first, facts.last];
    for (anchor, reading) in compared.into_iter().flatten() {
        match reading {
            AnchorReading::Holds(timestamp, value) if !anchor.matches(timestamp, value) => {
                return Err(Stop::AnotherRecord(anchor.offset));
            }
            AnchorReading::BeyondEnd => {
                return Err(Stop::LogTooShort {
                    end: facts.high,
                    landed: anchor.offset.next(),
                });
            }
            AnchorReading::Holds(..) | AnchorReading::Gone => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        claim::ClaimedRecord,
        commit_note::{CommitNote, Landed},
        record::ValueHash,
    };

    fn anchor(offset: i64) -> Anchor {
        Anchor {
            offset: Offset(offset),
            timestamp: Some(1),
            value: ValueHash::of(Some(b"{}")),
        }
    }

    fn same(offset: i64) -> Option<(Anchor, AnchorReading)> {
        Some((
            anchor(offset),
            AnchorReading::Holds(Some(1), ValueHash::of(Some(b"{}"))),
        ))
    }

    fn seen(offset: i64, reading: AnchorReading) -> Option<(Anchor, AnchorReading)> {
        Some((anchor(offset), reading))
    }

    /// A committed offset with this metadata.
    fn by(next: Offset, metadata: &str) -> Committed {
        Committed {
            next,
            note: CommitNote::from_text(metadata),
            recognised: false,
        }
    }

    fn facts(committed: Option<i64>, low: i64, high: i64) -> Inspection {
        Inspection {
            committed: committed.map(|offset| by(Offset(offset), "")),
            low: Offset(low),
            high: Offset(high),
            first: None,
            last: None,
            start: Offset(low),
            newest: NewestClaim::Missing,
        }
    }

    fn start(facts: &Inspection) -> Result<i64, Stop> {
        decide(facts, "z", OnGap::Stop).map(|start| start.offset.0)
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
                first: seen(0, AnchorReading::Gone),
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
        let other = AnchorReading::Holds(Some(2), ValueHash::of(Some(b"{}")));
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
            first: seen(3, AnchorReading::BeyondEnd),
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
            decide(&facts(Some(5), 7, 9), "z", OnGap::Record),
            Ok(Start {
                offset: Offset(7),
                gap: Some(gap)
            })
        );
        let expired = Inspection {
            first: seen(5, AnchorReading::Gone),
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
                first: seen(2, AnchorReading::Gone),
                ..facts(None, 0, 9)
            }),
            Ok(0)
        );
        let compacted = Inspection {
            first: seen(2, AnchorReading::Gone),
            start: Offset(9),
            ..facts(None, 0, 9)
        };
        assert_eq!(start(&compacted), Ok(2));
    }

    fn claim(start: i64, end: i64, first: Option<i64>) -> Claim {
        let seen = |offset: i64| ClaimedRecord {
            offset: Offset(offset),
            timestamp: Some(1),
            sha256: ValueHash::of(Some(b"{}")).to_hex(),
        };
        Claim {
            start: Offset(start),
            end: Offset(end),
            first: first.map(seen),
            ..crate::claim::tests::claim()
        }
    }

    fn claimed(claim: Claim, completeness: Completeness, facts: Inspection) -> Inspection {
        Inspection {
            newest: NewestClaim::Found(Arc::new(claim), completeness),
            ..facts
        }
    }

    /// The extent's start, the first offset to read, the gap before it, and whether a claim is to
    /// be finished.
    type Decided = (i64, i64, Option<(i64, i64)>, bool);

    fn chain(facts: &Inspection, on_gap: OnGap) -> Result<Decided, Stop> {
        let start = decide_chain(facts, "z", on_gap)?;
        let gap = start.read.gap.map(|gap| (gap.start.0, gap.end.0));
        Ok((
            start.extent.0,
            start.read.offset.0,
            gap,
            start.adopted.is_some(),
        ))
    }

    #[test]
    fn without_a_claim_the_first_extent_begins_at_0_wherever_reading_begins() {
        assert_eq!(
            chain(&facts(None, 3, 9), OnGap::Stop),
            Ok((0, 3, None, false))
        );
        assert_eq!(
            chain(&facts(Some(5), 3, 9), OnGap::Stop),
            Ok((0, 5, None, false))
        );
        let gone = facts(Some(2), 3, 9);
        assert_eq!(chain(&gone, OnGap::Record), Ok((0, 3, Some((2, 3)), false)));
        assert!(matches!(chain(&gone, OnGap::Stop), Err(Stop::Gap(_))));
        assert!(matches!(
            chain(&facts(Some(10), 3, 9), OnGap::Stop),
            Err(Stop::LogTooShort { .. })
        ));
    }

    #[test]
    fn the_newest_claim_says_where_to_go_on_whatever_was_committed() {
        for committed in [None, Some(0), Some(4), Some(6), Some(8)] {
            let facts = facts(committed, 0, 20);
            let complete = claimed(claim(4, 8, Some(5)), Completeness::Complete, facts.clone());
            assert_eq!(chain(&complete, OnGap::Stop), Ok((8, 8, None, false)));
            let open = claimed(claim(4, 8, Some(5)), Completeness::Incomplete, facts);
            assert_eq!(
                chain(&open, OnGap::Stop),
                Ok((4, 5, None, true)),
                "from its first record on"
            );
        }
    }

    #[test]
    fn what_retention_took_from_an_unfinished_claim_is_a_gap_and_what_it_never_held_is_none() {
        let open = |first, low| {
            claimed(
                claim(4, 8, first),
                Completeness::Incomplete,
                facts(Some(4), low, 20),
            )
        };
        assert_eq!(
            chain(&open(Some(6), 6), OnGap::Stop),
            Ok((4, 6, None, true))
        );
        assert_eq!(
            chain(&open(Some(5), 6), OnGap::Record),
            Ok((4, 6, Some((5, 6)), true))
        );
        assert_eq!(
            chain(&open(Some(5), 10), OnGap::Record),
            Ok((4, 10, Some((5, 10)), true))
        );
        assert_eq!(
            chain(&open(None, 10), OnGap::Record),
            Ok((4, 10, Some((8, 10)), true))
        );
        let gap = OffsetRange::new(Offset(5), Offset(6));
        assert_eq!(chain(&open(Some(5), 6), OnGap::Stop), Err(Stop::Gap(gap)));
        let complete = claimed(
            claim(4, 8, Some(5)),
            Completeness::Complete,
            facts(Some(8), 10, 20),
        );
        assert_eq!(
            chain(&complete, OnGap::Record),
            Ok((8, 10, Some((8, 10)), false))
        );
    }

    #[test]
    fn a_commit_beyond_all_claims_stops_unless_it_is_only_a_place_to_begin() {
        let earlier = |end| {
            Err(Stop::ClaimsEndEarlier {
                committed: Offset(9),
                end: Offset(end),
            })
        };
        let complete = claimed(
            claim(4, 8, Some(5)),
            Completeness::Complete,
            facts(Some(9), 0, 20),
        );
        assert_eq!(chain(&complete, OnGap::Stop), earlier(8));
        let begun = Inspection {
            committed: Some(by(Offset(9), "v1;start;z=z")),
            ..complete
        };
        assert_eq!(
            chain(&begun, OnGap::Stop),
            Ok((8, 8, None, false)),
            "two began at different offsets"
        );
        let removed = Inspection {
            last: same(8),
            ..facts(Some(9), 0, 20)
        };
        assert_eq!(
            chain(&removed, OnGap::Stop),
            earlier(0),
            "an extent was finished, so there was a claim"
        );
    }

    #[test]
    fn a_log_that_ends_within_the_newest_claim_stops() {
        for completeness in [Completeness::Complete, Completeness::Incomplete] {
            let cut = claimed(claim(4, 8, Some(5)), completeness, facts(Some(4), 0, 7));
            let stop = Stop::LogTooShort {
                end: Offset(7),
                landed: Offset(8),
            };
            assert_eq!(chain(&cut, OnGap::Stop), Err(stop));
        }
        let other = AnchorReading::Holds(Some(2), ValueHash::of(Some(b"{}")));
        let recreated = Inspection {
            last: seen(6, other),
            ..facts(Some(4), 0, 20)
        };
        let recreated = claimed(claim(4, 8, Some(5)), Completeness::Complete, recreated);
        assert_eq!(
            chain(&recreated, OnGap::Stop),
            Err(Stop::AnotherRecord(Offset(6)))
        );
    }

    #[test]
    fn a_start_beyond_the_end_of_the_log_stops() {
        // Bug: what `latest` had meant before the topic was re-created was asked for again and
        // again.
        let late = Inspection {
            start: Offset(12),
            ..facts(None, 0, 9)
        };
        let stop = Stop::LogTooShort {
            end: Offset(9),
            landed: Offset(12),
        };
        assert_eq!(start(&late), Err(stop));
    }

    /// The facts of a group that has committed 5 with this metadata.
    fn committed_by(metadata: &str, recognised: bool) -> Inspection {
        let committed = Committed {
            recognised,
            ..by(Offset(5), metadata)
        };
        Inspection {
            committed: Some(committed),
            ..facts(None, 0, 9)
        }
    }

    fn last_landed(zone: Option<&str>) -> String {
        let note = CommitNote {
            landed: Landed::Last(anchor(4)),
            zone: zone.map(str::to_owned),
        };
        note.to_text()
    }

    #[test]
    fn a_commit_of_another_zone_stops_and_never_skips() {
        // Bug: a zone that was run with another zone's group went on at that zone's offset, and
        // ended with 0 and half of the records.
        let another = Err(Stop::AnotherZonesCommit {
            committed: Offset(5),
            zone: "y".to_owned(),
            own: "z".to_owned(),
        });
        for metadata in [
            last_landed(Some("y")),
            "v1;start;z=y".to_owned(),
            "v1;none;z=y".to_owned(),
        ] {
            for recognised in [false, true] {
                let facts = committed_by(&metadata, recognised);
                assert_eq!(start(&facts), another, "{metadata}");
                for completeness in [Completeness::Complete, Completeness::Incomplete] {
                    let facts = claimed(claim(4, 8, Some(5)), completeness, facts.clone());
                    assert_eq!(
                        chain(&facts, OnGap::Record).unwrap_err(),
                        another.clone().unwrap_err()
                    );
                }
            }
        }
        assert_eq!(start(&committed_by(&last_landed(Some("z")), false)), Ok(5));
    }

    #[test]
    fn a_commit_of_an_earlier_version_counts_only_where_it_is_recognised() {
        for metadata in [last_landed(None), "v1;start".to_owned()] {
            assert_eq!(start(&committed_by(&metadata, true)), Ok(5));
            assert_eq!(
                start(&committed_by(&metadata, false)),
                Err(Stop::NobodysCommit(Offset(5)))
            );
        }
    }

    #[test]
    fn an_operators_reset_is_a_place_to_begin() {
        for metadata in ["", "reset by hand"] {
            assert_eq!(start(&committed_by(metadata, false)), Ok(5));
        }
    }

    #[test]
    fn claims_that_nobody_looked_at_are_not_missing() {
        // Bug: a dry run does not ask the bucket, and took the claims for removed.
        let dry_run = Inspection {
            last: same(4),
            newest: NewestClaim::NotLookedAt,
            ..committed_by(&last_landed(None), true)
        };
        assert_eq!(chain(&dry_run, OnGap::Stop), Ok((5, 5, None, false)));
        let looked = Inspection {
            newest: NewestClaim::Missing,
            ..dry_run
        };
        assert!(matches!(
            chain(&looked, OnGap::Stop),
            Err(Stop::ClaimsEndEarlier { .. })
        ));
    }
}
