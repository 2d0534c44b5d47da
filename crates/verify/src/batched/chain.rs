//! The claims of one topic partition in the order of a LIST, and where they leave gaps or overlap.
//!
//! Not here: reading claims, and what the topic says. Between the start of the lowest claim and the
//! end of the newest each offset is in a claim or in a gap.

use landing::{Extent, Offset, OffsetRange, claim::Claim, offset_set::OffsetSet};

use crate::{
    claim_index::{ClaimIndex, KnownClaim},
    finding::{Finding, Kind},
    group_offsets::Committed,
    verification::Verification,
};

/// The first extent of a partition begins here, wherever its records begin.
const FIRST: Offset = Offset(0);

/// The most objects that are remembered until it is known whether they were claimed after the
/// claims were listed.
const MOST_LATER: usize = 10_000;

/// What is known of the claims of one partition.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) index: ClaimIndex,
    pub(crate) newest: Option<Newest>,
    /// Whether a claim saw a record.
    pub(crate) saw_some: bool,
    /// Start of the last claim that came, the lowest so far.
    lowest: Option<Offset>,
    /// Offsets that no claim covers, and how many objects lie there; the highest first.
    pub(crate) gaps: Vec<(OffsetRange, u64)>,
    /// Starts of extents that must be read.
    pub(crate) suspects: OffsetSet,
    /// Objects at or after the end of the newest claim: their claims may have come later.
    pub(crate) later: Vec<(Offset, String)>,
    /// Objects with dead letters that their claims do not speak of.
    pub(crate) unclaimed_letters: Vec<(Offset, String)>,
}

/// The newest claim.
#[derive(Debug)]
pub(crate) struct Newest {
    /// Its offsets; only its start when it could not be read.
    pub(crate) range: OffsetRange,
    /// `None` when it could not be read.
    pub(crate) claim: Option<Box<Claim>>,
}

impl Chain {
    /// Adds the next lower claim.
    pub(crate) fn push(
        &mut self,
        verification: &mut Verification,
        packed: KnownClaim,
        claim: &Claim,
    ) {
        let (range, partition) = (claim.range(), claim.partition);
        let report = &mut verification.partition(partition).report;
        report.records = report.records.saturating_add(claim.records());
        report.dead_letters += claim.dead_letters.records;
        report.tombstones += claim.tombstones;
        self.saw_some |= claim.last.is_some();
        match self.lowest {
            Some(above) if range.end < above => {
                self.gaps.push((OffsetRange::new(range.end, above), 0));
            }
            Some(above) if range.end > above => {
                let twice = OffsetRange::new(above, range.end);
                let extent = Extent::new(partition, twice);
                let key = verification.zone.prefix.claim_key(claim.place());
                let text = "the claims above this one cover these offsets, too";
                verification.find(Finding::of_offsets(Kind::Overlap, extent, text).with_key(key));
            }
            _ => {}
        }
        self.enter(packed, Some(claim));
    }

    /// Adds the next lower claim, which cannot be read: it is taken to reach up to the claim above
    /// it.
    pub(crate) fn push_unreadable(&mut self, start: Offset) {
        let end = self.lowest.unwrap_or(start.next());
        let packed = KnownClaim {
            range: OffsetRange::new(start, end),
            suffix: None,
            objects: Vec::new(),
        };
        self.enter(packed, None);
    }

    fn enter(&mut self, packed: KnownClaim, claim: Option<&Claim>) {
        if self.newest.is_none() {
            self.newest = Some(Newest {
                range: packed.range,
                claim: claim.cloned().map(Box::new),
            });
        }
        self.lowest = Some(packed.range.start);
        self.index.push(packed);
    }

    /// Ends the chain: no claim covers the offsets below the lowest one, and those from the newest
    /// one up to the group's offset.
    pub(crate) fn close(&mut self, committed: Option<&Committed>) {
        self.index.finish();
        let landed = committed.and_then(Committed::landed);
        let newest = self.newest.as_ref();
        let is_readable = newest.is_none_or(|newest| newest.claim.is_some());
        let end = newest.map_or(FIRST, |newest| newest.range.end);
        if let Some(landed) = landed.filter(|landed| *landed > end && is_readable) {
            self.gaps.insert(0, (OffsetRange::new(end, landed), 0));
        }
        if let Some(lowest) = self.lowest.filter(|lowest| *lowest > FIRST) {
            self.gaps.push((OffsetRange::new(FIRST, lowest), 0));
        }
    }

    /// Notes an object whose start no claim has: it is counted where a claim is missing, and
    /// remembered where one may have come later. Returns whether it is either.
    pub(crate) fn note_unclaimed(&mut self, start: Offset, key: &str) -> bool {
        let at = self.gaps.partition_point(|(gap, _)| gap.start > start);
        if let Some((gap, objects)) = self.gaps.get_mut(at)
            && gap.end > start
        {
            *objects += 1;
            return true;
        }
        let newest = self.newest.as_ref();
        let end = newest.map_or(FIRST, |newest| newest.range.end);
        let later = start >= end && self.later.len() < MOST_LATER;
        if later {
            self.later.push((start, key.to_owned()));
        }
        later
    }

    /// The starts of the extents whose objects must be read, the lowest first.
    pub(crate) fn to_read(&self, deep: bool) -> impl Iterator<Item = Offset> + '_ {
        let starts = self.index.starts();
        starts.filter(move |start| deep || self.suspects.contains(*start))
    }

    /// From the lowest claim to the end of the newest.
    pub(crate) fn bounds(&self) -> Option<OffsetRange> {
        let newest = self.newest.as_ref()?;
        Some(OffsetRange::new(self.lowest?, newest.range.end))
    }
}
