//! Which bars of a reply are new: each bar is sent once, oldest first. Pure.
//!
//! The provider may change a bar later, or add one in the past; both are counted, and not sent.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::bar::Bar;

/// Which record of a feed this is: the symbol, and the begin of its bar in milliseconds since
/// 1970-01-01 UTC. Records of a symbol have growing times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPosition {
    /// The symbol.
    pub symbol: String,
    /// The begin of the bar; for a whole reply, of its newest bar.
    pub time_ms: i64,
}

/// What is remembered of the bars of one symbol.
#[derive(Debug, Clone)]
pub(crate) struct SentBars {
    /// The newest bar that was handed out.
    last_ms: Option<i64>,
    /// The content of bars that were handed out or were there before, by time.
    seen: BTreeMap<i64, u64>,
}

/// What a reply has that was not there before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NewBars {
    /// To be sent, oldest first.
    pub(crate) bars: Vec<Bar>,
    /// Bars that were sent, and have another content now.
    pub(crate) revised: u64,
    /// Bars that are older than one that was sent, and were not there then.
    pub(crate) late: u64,
    /// There may be bars between the last one sent and the first of this reply.
    pub(crate) gap: bool,
}

/// How many bars are remembered; no reply holds more.
const REMEMBERED: usize = 2_000;

impl SentBars {
    /// `last_ms` is the last bar that an earlier run sent, if there was one.
    pub(crate) fn new(last_ms: Option<i64>) -> Self {
        Self {
            last_ms,
            seen: BTreeMap::new(),
        }
    }

    /// The newest bar that was handed out.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.last_ms
    }

    /// Takes the bars of a reply, oldest first, made at `now_ms` by the provider's clock. Without
    /// an earlier one only the newest `history` complete bars are new; a bar that is still forming
    /// is new only with `forming`.
    pub(crate) fn take(
        &mut self,
        mut bars: Vec<Bar>,
        now_ms: i64,
        history: usize,
        forming: bool,
    ) -> NewBars {
        if !forming {
            bars.retain(|bar| bar.end_ms <= now_ms);
        }
        let mut new = NewBars::default();
        let had_bars = !self.seen.is_empty();
        let oldest_seen = self.seen.first_key_value().map(|(time, _)| *time);
        new.gap = match (self.last_ms, bars.first()) {
            (Some(last), Some(first)) => first.start_ms > last,
            _ => false,
        };
        let skipped = match self.last_ms {
            None => bars.len().saturating_sub(history),
            Some(_) => 0,
        };
        for (at, bar) in bars.into_iter().enumerate() {
            let content = content(&bar.value);
            let before = self.seen.insert(bar.start_ms, content);
            if at < skipped {
                self.last_ms = Some(bar.start_ms);
            } else if self.last_ms.is_none_or(|last| bar.start_ms > last) {
                self.last_ms = Some(bar.start_ms);
                new.bars.push(bar);
            } else if let Some(before) = before {
                new.revised += u64::from(before != content);
            } else {
                let after_first = oldest_seen.is_some_and(|oldest| bar.start_ms > oldest);
                new.late += u64::from(had_bars && after_first);
            }
        }
        while self.seen.len() > REMEMBERED {
            self.seen.pop_first();
        }
        new
    }
}

fn content(value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bar(minute: i64, value: &str) -> Bar {
        Bar {
            start_ms: minute * 60_000,
            end_ms: (minute + 1) * 60_000,
            value: value.as_bytes().to_vec(),
        }
    }

    fn bars(minutes: impl IntoIterator<Item = i64>) -> Vec<Bar> {
        minutes.into_iter().map(|minute| bar(minute, "x")).collect()
    }

    fn minutes(new: &NewBars) -> Vec<i64> {
        new.bars.iter().map(|bar| bar.start_ms / 60_000).collect()
    }

    const LATER: i64 = 1_000 * 60_000;

    #[test]
    fn a_bar_is_new_once() {
        let mut sent = SentBars::new(None);
        assert_eq!(minutes(&sent.take(bars(0..5), LATER, 3, false)), [2, 3, 4]);
        assert_eq!(minutes(&sent.take(bars(1..7), LATER, 3, false)), [5, 6]);
        let again = sent.take(bars(1..7), LATER, 3, false);
        assert_eq!(again, NewBars::default());
        assert_eq!(sent.last_ms(), Some(360_000));
        // Without history: only what is new from now on.
        let mut sent = SentBars::new(None);
        assert_eq!(minutes(&sent.take(bars(0..5), LATER, 0, false)), [0; 0]);
        assert_eq!(minutes(&sent.take(bars(0..6), LATER, 0, false)), [5]);
        // After a restart.
        let mut sent = SentBars::new(Some(360_000));
        assert_eq!(minutes(&sent.take(bars(1..9), LATER, 3, false)), [7, 8]);
    }

    #[test]
    fn a_bar_that_is_still_forming_waits_unless_it_is_asked_for() {
        let mut sent = SentBars::new(None);
        let halfway = 2 * 60_000 + 30_000;
        assert_eq!(minutes(&sent.take(bars(0..3), halfway, 9, false)), [0, 1]);
        assert_eq!(minutes(&sent.take(bars(0..3), halfway, 9, false)), [0; 0]);
        // To the millisecond.
        let end = 3 * 60_000;
        assert_eq!(minutes(&sent.take(bars(0..3), end - 1, 9, false)), [0; 0]);
        assert_eq!(minutes(&sent.take(bars(0..3), end, 9, false)), [2]);
        // On request it is sent as it is, and not again when it is complete.
        let forming = sent.take(vec![bar(3, "half")], end, 9, true);
        assert_eq!(minutes(&forming), [3]);
        let whole = sent.take(vec![bar(3, "whole")], LATER, 9, true);
        assert_eq!((whole.bars.len(), whole.revised), (0, 1));
    }

    #[test]
    fn a_reply_that_changes_is_counted_and_sends_nothing_twice() {
        let mut sent = SentBars::new(None);
        let first = vec![bar(0, "a"), bar(1, "a"), bar(3, "a")];
        assert_eq!(sent.take(first, LATER, 9, false).bars.len(), 3);
        // One changed, one came late, one went, one is new.
        let second = vec![bar(1, "b"), bar(2, "late"), bar(3, "a"), bar(4, "a")];
        let new = sent.take(second.clone(), LATER, 9, false);
        assert_eq!(minutes(&new), [4]);
        assert_eq!((new.revised, new.late, new.gap), (1, 1, false));
        let again = sent.take(second, LATER, 9, false);
        assert_eq!(again, NewBars::default());
    }

    #[test]
    fn bars_that_may_be_missing_are_noticed() {
        let mut sent = SentBars::new(Some(5 * 60_000));
        let gap = sent.take(bars(7..9), LATER, 1, false);
        assert!(gap.gap && minutes(&gap) == [7, 8]);
        assert!(!sent.take(bars(8..10), LATER, 1, false).gap);
        assert!(!sent.take(vec![], LATER, 1, false).gap);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut sent = SentBars::new(None);
        for start in (0..20_000).step_by(1_000) {
            sent.take(bars(start..start + 1_000), i64::MAX, 9, false);
        }
        assert_eq!(sent.seen.len(), REMEMBERED);
    }

    proptest! {
        #[test]
        fn whatever_comes_each_time_is_sent_once_and_in_order(
            replies in prop::collection::vec(
                prop::collection::btree_map(0_i64..30, "[ab]", 0..12), 1..12),
            forming in any::<bool>(),
            history in 0_usize..5,
        ) {
            let mut sent = SentBars::new(None);
            let mut all = Vec::new();
            for (at, reply) in replies.into_iter().enumerate() {
                let now = at as i64 * 5 * 60_000;
                let bars = reply.iter().map(|(minute, value)| bar(*minute, value)).collect();
                all.extend(minutes(&sent.take(bars, now, history, forming)));
            }
            prop_assert!(all.is_sorted_by(|one, next| one < next), "{all:?}");
        }
    }
}
