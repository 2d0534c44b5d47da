//! The claims of one topic partition as they come from a LIST, and what does not join.
//!
//! Not here: reading claims, and what the topic says. Invariant: between the start of the lowest
//! claim and the end of the newest each offset is in a claim or in a gap.

use landing::{Offset, OffsetRange, claim::Claim, offset_set::OffsetSet};

use crate::{
    claim_index::{ClaimIndex, KnownClaim},
    finding::{Finding, Kind},
    topic::Committed,
    verification::Look,
};

/// The first extent of a partition begins here, wherever reading begins.
const FIRST: Offset = Offset(0);

/// The most objects that are remembered until it is known whether they were claimed after the
/// claims were listed.
const MOST_LATER: usize = 10_000;

/// What is known of the claims of one partition.
#[derive(Debug, Default)]
pub struct Chain {
    pub index: ClaimIndex,
    pub newest: Option<Newest>,
    /// Whether a claim saw a record.
    pub saw_some: bool,
    /// Start of the last claim that came, the lowest so far.
    lowest: Option<Offset>,
    /// Offsets that no claim covers, and how many objects lie there; the highest first.
    pub gaps: Vec<(OffsetRange, u64)>,
    /// Starts of extents that must be read.
    pub suspects: OffsetSet,
    /// Objects at or behind the end of the newest claim: perhaps their claims came later.
    pub later: Vec<(Offset, String)>,
    /// Objects with dead letters that their claims do not speak of.
    pub unclaimed_letters: Vec<(Offset, String)>,
}

/// The newest claim.
#[derive(Debug)]
pub struct Newest {
    /// Its offsets; only its start when it could not be read.
    pub range: OffsetRange,
    /// `None` when it could not be read.
    pub claim: Option<Box<Claim>>,
}

impl Chain {
    /// Takes the next lower claim in.
    pub fn push(&mut self, look: &mut Look, packed: KnownClaim, claim: &Claim) {
        let (range, partition) = (claim.range(), claim.partition);
        let report = &mut look.partition(partition).report;
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
                let key = look.zone.prefix.claim_key(partition, range.start);
                let text = "the claims above this one cover these offsets, too";
                let at = (partition, twice);
                look.find(Finding::of_offsets(Kind::Overlap, at, text).with_key(key));
            }
            _ => {}
        }
        self.enter(packed, Some(claim));
    }

    /// The next lower claim cannot be read: its offsets are taken to be all up to the claim above
    /// it.
    pub fn push_unreadable(&mut self, start: Offset) {
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

    /// All claims came: what lies below the lowest, and above the newest up to the group's offset,
    /// has none.
    pub fn close(&mut self, committed: Option<&Committed>) {
        self.index.finish();
        let landed = committed.filter(|committed| !committed.only_start);
        let landed = landed.map(|committed| committed.next);
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

    /// An object whose start no claim has: counted where a claim is missing, remembered where one
    /// may have come later. Gives whether it is either.
    pub fn note_unclaimed(&mut self, start: Offset, key: &str) -> bool {
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

    /// From the lowest claim to the end of the newest.
    pub fn bounds(&self) -> Option<OffsetRange> {
        let newest = self.newest.as_ref()?;
        Some(OffsetRange::new(self.lowest?, newest.range.end))
    }
}
