//! What may be committed: the end of the finished beginning of what was delivered.
//!
//! It follows delivery order, never offset arithmetic, so holes in the offsets cost nothing.
//! Invariant: `next()` never passes an unfinished offset and never goes back.

use std::{collections::VecDeque, time::Duration};

use crate::{anchor::Anchor, offset::Offset};

/// The offsets of one topic partition between the committed one and the last delivered one.
#[derive(Debug)]
pub struct OffsetTracker {
    entries: VecDeque<TrackedOffset>,
    /// End of the finished beginning.
    next: Offset,
    /// End of what was delivered: every visible record below it was tracked.
    position: Offset,
    /// The last landed record below `next`.
    anchor: Option<Anchor>,
}

#[derive(Debug)]
struct TrackedOffset {
    offset: Offset,
    /// When it was delivered, counted from the start of the run.
    taken: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Unfinished,
    Landed(Anchor),
    Skipped,
}

impl OffsetTracker {
    /// Begins at `start`; `anchor` is the last landed record below it, where one is known.
    #[must_use]
    pub fn new(start: Offset, anchor: Option<Anchor>) -> Self {
        Self {
            entries: VecDeque::new(),
            next: start,
            position: start,
            anchor,
        }
    }

    /// Takes an offset that is delivered now (counted from the start of the run). Returns `false`,
    /// and does nothing, for one below the position: it was delivered before.
    pub fn track(&mut self, offset: Offset, now: Duration) -> bool {
        if offset < self.position {
            return false;
        }
        self.entries.push_back(TrackedOffset {
            offset,
            taken: now,
            state: State::Unfinished,
        });
        self.position = offset.next();
        true
    }

    /// The record of the anchor is durable. An unknown or repeated offset changes nothing.
    pub fn landed(&mut self, anchor: Anchor) {
        self.finish(anchor.offset, State::Landed(anchor));
    }

    /// This offset needs no object.
    pub fn skipped(&mut self, offset: Offset) {
        self.finish(offset, State::Skipped);
    }

    /// No visible record lies between the last delivered one and `position`, now or later: markers
    /// and holes at the end are passed.
    pub fn advance_to(&mut self, position: Offset) {
        self.position = self.position.max(position);
        self.settle();
    }

    /// The next offset that may be committed, and the last landed record below it.
    #[must_use]
    pub fn next(&self) -> (Offset, Option<Anchor>) {
        (self.next, self.anchor)
    }

    /// The offset after the last delivered one.
    #[must_use]
    pub fn position(&self) -> Offset {
        self.position
    }

    /// When the first offset that is not finished was delivered.
    #[must_use]
    pub fn waiting_since(&self) -> Option<Duration> {
        self.entries.front().map(|entry| entry.taken)
    }

    /// How many delivered offsets wait for others or for themselves.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.entries.len()
    }

    fn finish(&mut self, offset: Offset, state: State) {
        let Ok(index) = self
            .entries
            .binary_search_by_key(&offset, |entry| entry.offset)
        else {
            return;
        };
        if matches!(self.entries[index].state, State::Unfinished) {
            self.entries[index].state = state;
            self.settle();
        }
    }

    fn settle(&mut self) {
        while let Some(first) = self.entries.front() {
            match first.state {
                State::Unfinished => {
                    // Everything before it is finished, holes included.
                    self.next = self.next.max(first.offset);
                    return;
                }
                State::Landed(anchor) => self.anchor = Some(anchor),
                State::Skipped => {}
            }
            self.next = first.offset.next();
            self.entries.pop_front();
        }
        self.next = self.position;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::record::ValueHash;

    fn anchor(offset: i64) -> Anchor {
        Anchor {
            offset: Offset(offset),
            timestamp: None,
            value: ValueHash::of(None),
        }
    }

    #[test]
    fn holes_at_the_end_are_passed_once_all_is_finished() {
        let mut tracker = OffsetTracker::new(Offset(0), None);
        assert!(tracker.track(Offset(3), Duration::ZERO));
        tracker.advance_to(Offset(9));
        assert_eq!(
            tracker.next().0,
            Offset(3),
            "the record at 3 is not durable"
        );
        tracker.landed(anchor(3));
        assert_eq!(tracker.next(), (Offset(9), Some(anchor(3))));
    }

    #[test]
    fn a_record_that_was_delivered_before_is_refused() {
        let mut tracker = OffsetTracker::new(Offset(5), None);
        assert!(!tracker.track(Offset(4), Duration::ZERO));
        assert!(tracker.track(Offset(5), Duration::ZERO));
        assert!(!tracker.track(Offset(5), Duration::ZERO));
        assert_eq!(tracker.pending(), 1);
    }

    #[test]
    fn a_skipped_record_leaves_the_anchor_where_it_was() {
        let mut tracker = OffsetTracker::new(Offset(0), None);
        for offset in 0..3 {
            tracker.track(Offset(offset), Duration::ZERO);
        }
        tracker.landed(anchor(0));
        tracker.skipped(Offset(1));
        assert_eq!(tracker.next(), (Offset(2), Some(anchor(0))));
    }

    proptest! {
        /// Against a plain set as the model: offsets with holes, finished in any order, some twice,
        /// some unknown.
        #[test]
        fn the_next_offset_is_the_first_unfinished_one(steps in proptest::collection::vec(1i64..4, 1..40), order in proptest::collection::vec(0usize..60, 0..120)) {
            let offsets: Vec<i64> = steps.iter().scan(-1, |at, step| { *at += step; Some(*at) }).collect();
            let mut tracker = OffsetTracker::new(Offset(0), None);
            for offset in &offsets { prop_assert!(tracker.track(Offset(*offset), Duration::ZERO)); }
            let mut unfinished: BTreeSet<i64> = offsets.iter().copied().collect();
            let mut before = tracker.next().0;
            for pick in order {
                let offset = pick as i64;
                tracker.landed(anchor(offset));
                unfinished.remove(&offset);
                let (next, last) = tracker.next();
                let expected = unfinished.first().map_or(tracker.position(), |first| Offset(*first));
                if tracker.pending() == 0 || offsets[0] != *unfinished.first().unwrap_or(&-1) { prop_assert_eq!(next, expected); }
                prop_assert!(next >= before);
                prop_assert!(last.is_none_or(|last| last.offset < next));
                before = next;
            }
        }
    }
}
