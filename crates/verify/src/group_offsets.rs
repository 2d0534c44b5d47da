//! What the consumer groups of a zone have committed, and what of it proves that records were
//! landed.
//!
//! Of several groups the furthest one counts in each partition: all that lies below its offset was
//! landed into this zone, wherever the others are. [`Committer`] says whose a commit is, as it does
//! for the consumer. Not here: asking Kafka.

use std::collections::BTreeMap;

use kafka::look_up::CommittedOffset;
use landing::{
    Offset, Partition, Place,
    anchor::Anchor,
    commit_note::{self, CommitNote, Committer},
};

/// A consumer group that may have landed into the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AskedGroup {
    pub(crate) name: String,
    /// The zone names it: it has entered the zone.
    pub(crate) is_listed: bool,
    /// It is the one that is derived from bucket and prefix.
    pub(crate) is_derived: bool,
    /// Nothing says that it was ever used: the zone names other groups.
    pub(crate) is_guess: bool,
}

/// What the furthest group has committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) next: Offset,
    /// The last record that was durable then.
    pub(crate) anchor: Option<Anchor>,
    /// It says only where to begin, and proves nothing.
    pub(crate) only_start: bool,
}

/// Why records without an object may have been landed all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OffsetDoubt {
    /// Only records below this offset.
    pub(crate) end: Offset,
    /// Half a sentence.
    pub(crate) reason: String,
}

/// A commit of an earlier version, which does not name its zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnnamedCommit {
    partition: Partition,
    committed: Committed,
}

/// What the groups have committed for the zone.
#[derive(Debug, Default)]
pub(crate) struct GroupOffsets {
    /// The zone as commits name it ([`landing::zone::commit_zone`]).
    zone: String,
    furthest: BTreeMap<Partition, Committed>,
    doubts: BTreeMap<Partition, OffsetDoubt>,
    unnamed: Vec<UnnamedCommit>,
}

impl Committed {
    /// Whether this one says more of the zone: what was landed before what is only to begin with,
    /// then the further offset.
    fn is_beyond(&self, other: &Self) -> bool {
        (!self.only_start, self.next) > (!other.only_start, other.next)
    }

    /// Everything below this offset was landed; `None` when only a start is known.
    pub(crate) fn landed(&self) -> Option<Offset> {
        (!self.only_start).then_some(self.next)
    }
}

impl UnnamedCommit {
    /// The record that was landed last, if the commit says so. It shows whether the commit is this
    /// zone's.
    pub(crate) fn last(&self) -> Option<(Place, Anchor)> {
        let anchor = self.committed.anchor?;
        Some((Place::new(self.partition, anchor.offset), anchor))
    }
}

impl GroupOffsets {
    pub(crate) fn of_zone(zone: String) -> Self {
        Self {
            zone,
            ..Self::default()
        }
    }

    /// Adds what a group has committed for these partitions.
    pub(crate) fn add(
        &mut self,
        group: &AskedGroup,
        partitions: &[Partition],
        offsets: &[CommittedOffset],
    ) {
        for offset in offsets {
            self.add_offset(group, offset);
        }
        let is_told = |partition: &Partition| {
            let mut offsets = offsets.iter();
            offsets.any(|offset| offset.partition == *partition)
        };
        let silent = partitions.iter().filter(|partition| !is_told(partition));
        for &partition in silent.filter(|_| group.is_listed) {
            let reason = format!(
                "group '{}' has entered this zone, and Kafka has no offset of it: it has not committed yet, was deleted, or its offsets have \
                 expired",
                group.name
            );
            let end = Offset(i64::MAX);
            self.doubt(partition, OffsetDoubt { end, reason });
        }
    }

    fn add_offset(&mut self, group: &AskedGroup, offset: &CommittedOffset) {
        let partition = offset.partition;
        let judged = commit_note::Committed {
            next: offset.next,
            note: CommitNote::from_text(&offset.metadata),
            recognised: group.is_derived,
        };
        let committed = Committed {
            next: offset.next,
            anchor: judged.anchor(),
            only_start: judged.is_start(),
        };
        match judged.committer(&self.zone) {
            Committer::ThisZone | Committer::EarlierVersion => self.take(partition, committed),
            Committer::AnotherZone(Some(_)) => {}
            Committer::AnotherZone(None) => self.unnamed.push(UnnamedCommit {
                partition,
                committed,
            }),
            Committer::Operator => {
                let reason = format!("the offset of group '{}' was set by hand", group.name);
                let end = offset.next;
                self.doubt(partition, OffsetDoubt { end, reason });
                let only_start = true;
                self.take(
                    partition,
                    Committed {
                        only_start,
                        ..committed
                    },
                );
            }
        }
    }

    fn take(&mut self, partition: Partition, committed: Committed) {
        let known = self.furthest.get(&partition);
        if known.is_none_or(|known| committed.is_beyond(known)) {
            self.furthest.insert(partition, committed);
        }
    }

    fn doubt(&mut self, partition: Partition, doubt: OffsetDoubt) {
        let known = self.doubts.get(&partition);
        if known.is_none_or(|known| doubt.end > known.end) {
            self.doubts.insert(partition, doubt);
        }
    }

    /// Takes the commits that name no zone, to be looked at.
    pub(crate) fn take_unnamed(&mut self) -> Vec<UnnamedCommit> {
        std::mem::take(&mut self.unnamed)
    }

    /// Adds a commit that has turned out to be this zone's.
    pub(crate) fn recognise(&mut self, commit: UnnamedCommit) {
        self.take(commit.partition, commit.committed);
    }

    /// What the furthest group has committed.
    pub(crate) fn committed(&self, partition: Partition) -> Option<&Committed> {
        self.furthest.get(&partition)
    }

    /// Why a record at this place that has no object may have been landed, though no commit says
    /// so.
    pub(crate) fn doubt_of(&self, place: Place) -> Option<&OffsetDoubt> {
        let doubt = self.doubts.get(&place.partition);
        doubt.filter(|doubt| place.offset < doubt.end)
    }
}

#[cfg(test)]
mod tests {
    use landing::record::ValueHash;

    use super::*;

    const PARTITIONS: [Partition; 2] = [Partition(0), Partition(1)];

    fn group(name: &str) -> AskedGroup {
        AskedGroup {
            name: name.to_owned(),
            is_listed: true,
            is_derived: name == "derived",
            is_guess: false,
        }
    }

    /// Of what each group has committed for partition 0.
    fn offsets(groups: &[(&str, i64, &str)]) -> GroupOffsets {
        let mut offsets = GroupOffsets::of_zone("this".to_owned());
        for (name, next, metadata) in groups {
            let offset = CommittedOffset {
                partition: PARTITIONS[0],
                next: Offset(*next),
                metadata: (*metadata).to_owned(),
            };
            offsets.add(&group(name), &PARTITIONS[..1], &[offset]);
        }
        offsets
    }

    fn landed(groups: &[(&str, i64, &str)]) -> Option<i64> {
        let offsets = offsets(groups);
        let landed = offsets.committed(PARTITIONS[0])?.landed();
        landed.map(|next| next.0)
    }

    #[test]
    fn what_was_landed_says_more_than_where_to_begin_and_then_the_further_offset_does() {
        let landed_5 = ("a", 5, "v1;none;z=this");
        assert_eq!(landed(&[("b", 9, "v1;start;z=this"), landed_5]), Some(5));
        assert_eq!(landed(&[landed_5, ("b", 9, "v1;none;z=this")]), Some(9));
        assert_eq!(landed(&[("b", 9, "v1;none;z=this"), landed_5]), Some(9));
        assert_eq!(landed(&[("b", 9, "v1;start;z=this")]), None);
    }

    #[test]
    fn a_commit_proves_what_it_proves_to_the_consumer() {
        let hash = ValueHash::of(None).to_hex();
        for (metadata, derived, another_group) in [
            ("v1;none;z=this", Some(9), Some(9)),
            ("v1;none;z=another", None, None),
            (&format!("v1;o=7;t=none;h={hash}"), Some(9), None),
            ("v1;none", Some(9), None),
            ("", None, None),
            ("backup of tuesday", None, None),
        ] {
            assert_eq!(landed(&[("derived", 9, metadata)]), derived, "{metadata}");
            assert_eq!(landed(&[("b", 9, metadata)]), another_group, "{metadata}");
        }
    }

    #[test]
    fn a_commit_without_a_zone_counts_once_it_is_recognised() {
        let hash = ValueHash::of(None).to_hex();
        let mut offsets = offsets(&[("b", 9, &format!("v1;o=7;t=none;h={hash}"))]);
        let unnamed = offsets.take_unnamed().remove(0);
        let (place, anchor) = unnamed.last().unwrap();
        assert_eq!((place.offset, anchor.offset), (Offset(7), Offset(7)));
        offsets.recognise(unnamed);
        let committed = offsets.committed(PARTITIONS[0]).unwrap();
        assert_eq!(committed.landed(), Some(Offset(9)));
    }

    #[test]
    fn listed_groups_without_an_offset_and_offsets_set_by_hand_leave_a_doubt() {
        let doubts = |offsets: &GroupOffsets, partition: Partition, offset| {
            let doubt = offsets.doubt_of(Place::new(partition, Offset(offset)));
            doubt.map(|doubt| doubt.reason.clone())
        };
        let by_hand = offsets(&[("b", 9, "")]);
        let reason = doubts(&by_hand, PARTITIONS[0], 8).unwrap();
        assert!(reason.contains("'b' was set by hand"), "{reason}");
        assert_eq!(doubts(&by_hand, PARTITIONS[0], 9), None);

        let mut silent = by_hand;
        silent.add(&group("gone"), &PARTITIONS, &[]);
        for partition in PARTITIONS {
            let reason = doubts(&silent, partition, 600).unwrap();
            assert!(reason.contains("'gone' has entered"), "{reason}");
        }

        let mut unlisted = offsets(&[]);
        let is_listed = false;
        let group = AskedGroup {
            is_listed,
            ..group("derived")
        };
        unlisted.add(&group, &PARTITIONS, &[]);
        assert_eq!(doubts(&unlisted, PARTITIONS[0], 0), None);
        let known = offsets(&[("b", 9, "v1;none;z=this"), ("c", 3, "v1;none;z=another")]);
        assert_eq!(doubts(&known, PARTITIONS[0], 0), None);
    }
}
