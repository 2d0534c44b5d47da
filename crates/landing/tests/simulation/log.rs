//! The model log of one topic partition, with its whole history: what was ever in it, and what
//! became of that.
//!
//! Not here: who reads it. The history is the judge's source; nothing in it comes from the engine.
//! Invariant: `low <= high <= end`, and a reader sees the records of `[low, high)` that nothing
//! removed.

use landing::{
    Partition,
    anchor::{Anchor, AnchorReading},
    record::ValueHash,
};
use sha2::{Digest, Sha256};

use crate::record::{DateRules, ModelRecord, RecordId};

/// Which log a reader saw: the incarnation, and how many truncations there were before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) incarnation: u32,
    pub(crate) cuts: usize,
    /// Where the reader began, if it found neither a committed offset nor an anchor.
    pub(crate) fresh: Option<i64>,
}

/// Why a reader no longer finds a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    No,
    ByCompaction,
    ByRetention,
}

/// A record that was ever in the log.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) record: ModelRecord,
    pub(crate) removed: Removed,
    /// The truncation that removed it, counted from 0 in its incarnation.
    pub(crate) cut_by: Option<usize>,
    /// How many objects hold it.
    pub(crate) objects: u32,
}

impl Kept {
    pub(crate) fn offset(&self) -> i64 {
        self.record.place.offset
    }

    /// Whether a reader with this view could have been shown the record.
    pub(crate) fn is_in(&self, view: &View) -> bool {
        self.record.place.incarnation == view.incarnation
            && self.record.place.epoch <= view.cuts
            && self.cut_by.is_none_or(|cut| cut >= view.cuts)
    }

    /// Whether an anchor or identity with these parts means this record.
    pub(crate) fn is(&self, anchor: &Anchor) -> bool {
        self.offset() == anchor.offset.0
            && self.record.timestamp == anchor.timestamp
            && hash(self.record.value.as_deref()) == anchor.value.0
    }
}

/// The log of one partition.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) partition: Partition,
    pub(crate) incarnation: u32,
    pub(crate) low: i64,
    pub(crate) high: i64,
    pub(crate) end: i64,
    /// Where the current incarnation was cut, in order.
    pub(crate) cuts: Vec<i64>,
    /// Whether any incarnation was ever cut.
    pub(crate) was_cut: bool,
    pub(crate) history: Vec<Kept>,
    /// The current log: indexes into the history, by offset.
    current: Vec<usize>,
}

impl Log {
    pub(crate) fn new(partition: Partition) -> Self {
        Self {
            partition,
            incarnation: 0,
            low: 0,
            high: 0,
            end: 0,
            cuts: Vec::new(),
            was_cut: false,
            history: Vec::with_capacity(64),
            current: Vec::with_capacity(64),
        }
    }

    /// What a reader that looks now sees.
    pub(crate) fn view(&self) -> View {
        View {
            incarnation: self.incarnation,
            cuts: self.cuts.len(),
            fresh: None,
        }
    }

    /// Appends `hole` offsets without a record, then a record.
    pub(crate) fn append(&mut self, hole: i64, layout: &DateRules) {
        let place = RecordId {
            partition: self.partition,
            incarnation: self.incarnation,
            epoch: self.cuts.len(),
            offset: self.end + hole,
        };
        self.end = place.offset + 1;
        self.current.push(self.history.len());
        self.history.push(Kept {
            record: ModelRecord::make(place, layout),
            removed: Removed::No,
            cut_by: None,
            objects: 0,
        });
    }

    /// The records that a reader at `position` is shown, in order.
    pub(crate) fn visible_from(&self, position: i64) -> impl Iterator<Item = &Kept> {
        let first = self
            .current
            .partition_point(|index| self.history[*index].offset() < position);
        self.current[first..]
            .iter()
            .map(|index| &self.history[*index])
            .take_while(|kept| kept.offset() < self.high)
            .filter(|kept| kept.removed == Removed::No)
    }

    /// What the log holds at the offset of an anchor.
    pub(crate) fn read(&self, anchor: &Anchor) -> AnchorReading {
        let offset = anchor.offset.0;
        if offset >= self.high {
            return AnchorReading::BeyondEnd;
        }
        let there = self.visible_from(offset).next();
        match there.filter(|kept| kept.offset() == offset) {
            Some(kept) => {
                let value = ValueHash(hash(kept.record.value.as_deref()));
                AnchorReading::Holds(kept.record.timestamp, value)
            }
            None => AnchorReading::Gone,
        }
    }

    /// Whether readers with these views saw another log somewhere below `next`.
    pub(crate) fn views_differ(&self, [one, other]: [&View; 2], next: i64) -> bool {
        let (least, most) = (one.cuts.min(other.cuts), one.cuts.max(other.cuts));
        one.incarnation != other.incarnation
            || one.incarnation == self.incarnation
                && self.cuts[least..most].iter().any(|cut| *cut < next)
    }

    /// Whether the log is another one, somewhere below `next`, than the reader with this view saw.
    pub(crate) fn differs_below(&self, next: i64, view: &View) -> bool {
        self.incarnation != view.incarnation || self.cuts[view.cuts..].iter().any(|cut| *cut < next)
    }

    /// Retention removes what is below `low`.
    pub(crate) fn retain_from(&mut self, low: i64) {
        for index in &self.current {
            let kept = &mut self.history[*index];
            if kept.offset() < low && kept.removed == Removed::No {
                kept.removed = Removed::ByRetention;
            }
        }
        self.low = low;
    }

    /// Compaction removes one record of the current log. Returns its offset.
    pub(crate) fn compact(&mut self, pick: usize) -> Option<i64> {
        let visible: Vec<usize> = self
            .current
            .iter()
            .copied()
            .filter(|index| self.history[*index].removed == Removed::No)
            .collect();
        // The newest record of a key always stays.
        let index = *visible[..visible.len().saturating_sub(1)].get(pick % visible.len().max(1))?;
        self.history[index].removed = Removed::ByCompaction;
        Some(self.history[index].offset())
    }

    /// The topic is deleted and made again.
    pub(crate) fn recreate(&mut self) {
        self.incarnation += 1;
        (self.low, self.high, self.end) = (0, 0, 0);
        self.cuts.clear();
        self.current.clear();
    }

    /// An unclean leader election: everything from `cut` on is gone, other records will take the
    /// offsets.
    pub(crate) fn truncate(&mut self, cut: i64) {
        while let Some(index) = self.current.last().copied() {
            if self.history[index].offset() < cut {
                break;
            }
            self.history[index].cut_by = Some(self.cuts.len());
            self.current.pop();
        }
        self.cuts.push(cut);
        self.was_cut = true;
        (self.high, self.end) = (cut, cut);
        self.low = self.low.min(cut);
    }
}

/// SHA-256 of a value; zeros for none.
pub(crate) fn hash(value: Option<&[u8]>) -> [u8; 32] {
    value.map_or([0; 32], |bytes| Sha256::digest(bytes).into())
}
