//! A limit of calls in a period. Pure: the time is an argument.
//!
//! A token comes back one whole period after it was taken, and not little by little: so no period
//! of that length, wherever it begins, sees more than the limit. That is strict enough for any hour
//! at which a provider begins to count anew, which none documents.

use std::collections::VecDeque;

/// A bucket of tokens; each call takes some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenBucket {
    capacity: u32,
    period_ms: i64,
    /// In the order in which they were taken.
    taken: VecDeque<TakenTokens>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TakenTokens {
    at_ms: i64,
    tokens: u32,
}

impl TokenBucket {
    /// A full bucket of `capacity` tokens, each of which comes back `period_ms` after it was taken.
    pub(crate) fn new(capacity: u32, period_ms: i64) -> Self {
        Self {
            capacity,
            period_ms: period_ms.max(1),
            taken: VecDeque::new(),
        }
    }

    /// When this many tokens can be taken: now, or later; `None` if the bucket never holds so many.
    pub(crate) fn ready_at(&mut self, tokens: u32, now_ms: i64) -> Option<i64> {
        self.settle(now_ms);
        let mut free = self.capacity.checked_sub(tokens)?;
        // The newest stay taken, as many as leave enough room.
        let mut ready_at = now_ms;
        for taken in self.taken.iter().rev() {
            match free.checked_sub(taken.tokens) {
                Some(left) => free = left,
                None => {
                    ready_at = taken.at_ms.saturating_add(self.period_ms);
                    break;
                }
            }
        }
        Some(ready_at.max(now_ms))
    }

    /// Takes this many tokens if they are there; returns whether they were.
    pub(crate) fn take(&mut self, tokens: u32, now_ms: i64) -> bool {
        let is_ready = self.ready_at(tokens, now_ms) == Some(now_ms);
        if is_ready {
            self.add(now_ms, tokens);
        }
        is_ready
    }

    /// The other side counted `used` tokens in its period: what we do not know of is taken now.
    pub(crate) fn catch_up(&mut self, used: u32, now_ms: i64) {
        self.settle(now_ms);
        let missing = used.min(self.capacity).saturating_sub(self.used());
        if missing > 0 {
            self.add(now_ms, missing);
        }
    }

    /// Takes tokens for calls of an earlier run, by their times.
    pub(crate) fn restore(&mut self, times_ms: impl IntoIterator<Item = i64>) {
        let mut times: Vec<i64> = times_ms.into_iter().collect();
        times.sort_unstable();
        for at_ms in times {
            self.add(at_ms, 1);
        }
    }

    /// When each token was taken that has not come back, oldest first.
    pub(crate) fn times_ms(&self) -> impl Iterator<Item = i64> {
        let each = self.taken.iter();
        each.flat_map(|taken| std::iter::repeat_n(taken.at_ms, taken.tokens as usize))
    }

    fn used(&self) -> u32 {
        let tokens = self.taken.iter().map(|taken| taken.tokens);
        tokens.fold(0, u32::saturating_add)
    }

    fn add(&mut self, at_ms: i64, tokens: u32) {
        self.taken.push_back(TakenTokens { at_ms, tokens });
    }

    /// Gives back what is due. A clock that was set back leaves tokens taken in the future: they
    /// count as taken now, so that they stay away for one period and no longer.
    fn settle(&mut self, now_ms: i64) {
        for taken in &mut self.taken {
            taken.at_ms = taken.at_ms.min(now_ms);
        }
        while let Some(oldest) = self.taken.front() {
            if oldest.at_ms.saturating_add(self.period_ms) > now_ms {
                break;
            }
            self.taken.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400_000;

    #[test]
    fn a_token_comes_back_a_period_after_it_was_taken() {
        let mut bucket = TokenBucket::new(2, 1_000);
        assert!(bucket.take(1, 0) && bucket.take(1, 400) && !bucket.take(1, 999));
        assert_eq!(bucket.ready_at(1, 999), Some(1_000));
        assert_eq!(bucket.ready_at(2, 999), Some(1_400));
        assert_eq!(bucket.ready_at(3, 999), None);
        assert!(bucket.take(1, 1_000));
        assert_eq!(bucket.ready_at(1, 1_000), Some(1_400));
    }

    #[test]
    fn a_bucket_of_nothing_is_never_ready() {
        let mut bucket = TokenBucket::new(0, 1_000);
        assert_eq!(bucket.ready_at(1, 0), None);
        assert!(!bucket.take(1, i64::MAX));
    }

    #[test]
    fn a_clock_that_jumps_gives_one_bucket_at_most_and_hangs_one_period_at_most() {
        let mut bucket = TokenBucket::new(25, DAY);
        let now = 1_000 * DAY;
        for _ in 0..25 {
            assert!(bucket.take(1, now));
        }
        // A year back: nothing for nothing, and all of it a day later.
        let back = now - 365 * DAY;
        assert_eq!(bucket.ready_at(1, back), Some(back + DAY));
        assert!(!bucket.take(1, back + DAY - 1));
        assert!((0..25).all(|_| bucket.take(1, back + DAY)));
        // Years ahead: one bucket, not one for each day.
        let ahead = now + 3_650 * DAY;
        assert_eq!((0..1_000).filter(|_| bucket.take(1, ahead)).count(), 25);
        // The ends of time.
        assert_eq!(bucket.ready_at(1, i64::MIN), Some(i64::MIN + DAY));
        assert_eq!(bucket.ready_at(1, i64::MAX), Some(i64::MAX));
    }

    #[test]
    fn a_clock_that_trembles_over_midnight_gives_no_second_bucket() {
        let mut bucket = TokenBucket::new(25, DAY);
        let midnight = 1_000 * DAY;
        let trembling = (0..1_000).map(|step| midnight + if step % 2 == 0 { 5 } else { -5 });
        assert_eq!(trembling.filter(|now| bucket.take(1, *now)).count(), 25);
    }

    #[test]
    fn tokens_outlive_a_restart() {
        let mut bucket = TokenBucket::new(3, DAY);
        assert!(bucket.take(2, 5));
        let times: Vec<i64> = bucket.times_ms().collect();
        assert_eq!(times, [5, 5]);
        let mut other = TokenBucket::new(3, DAY);
        other.restore(times);
        assert_eq!(other.ready_at(2, 6), Some(5 + DAY));
        assert!(other.take(1, 6) && !other.take(1, 6));
        // With a smaller limit than before, more are out than there are.
        let mut smaller = TokenBucket::new(1, DAY);
        smaller.restore([7, 5, 6]);
        assert_eq!(smaller.ready_at(1, 8), Some(7 + DAY));
    }

    #[test]
    fn what_the_other_side_counts_is_taken() {
        let mut bucket = TokenBucket::new(6_000, 60_000);
        assert!(bucket.take(2, 0));
        bucket.catch_up(1, 10);
        assert!(bucket.take(5_998, 20) && !bucket.take(1, 20));
        let mut bucket = TokenBucket::new(6_000, 60_000);
        bucket.catch_up(5_999, 0);
        assert!(!bucket.take(2, 1) && bucket.take(1, 1));
        bucket.catch_up(u32::MAX, 2);
        assert_eq!(bucket.ready_at(1, 3), Some(60_000));
    }

    proptest! {
        #[test]
        fn no_period_sees_more_than_the_limit(
            capacity in 1_u32..6,
            steps in prop::collection::vec(0_i64..700, 1..80),
        ) {
            let mut bucket = TokenBucket::new(capacity, 1_000);
            let mut now = 0;
            let mut calls = Vec::new();
            for step in steps {
                now += step;
                let ready = bucket.ready_at(1, now).unwrap();
                prop_assert!(ready <= now + 1_000);
                let taken = bucket.take(1, now);
                prop_assert_eq!(taken, ready == now);
                calls.extend(taken.then_some(now));
            }
            for (at, begin) in calls.iter().enumerate() {
                let inside = calls[at..].iter().filter(|call| **call < begin + 1_000);
                prop_assert!(inside.count() <= capacity as usize);
            }
        }
    }
}
