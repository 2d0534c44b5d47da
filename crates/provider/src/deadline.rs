//! A time to wait for that a jump of the clock cannot put out of reach. Pure.

/// A time, and how long it was away when it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    at_ms: i64,
    /// It is never further away than this.
    longest_ms: i64,
}

impl Deadline {
    /// This time, which is now.
    pub(crate) fn now(now_ms: i64) -> Self {
        Self::after(now_ms, 0)
    }

    /// So many milliseconds from now.
    pub(crate) fn after(now_ms: i64, wait_ms: i64) -> Self {
        let longest_ms = wait_ms.max(0);
        Self {
            at_ms: now_ms.saturating_add(longest_ms),
            longest_ms,
        }
    }

    /// The time of the next round: one interval after this one, or after now if that is past.
    pub(crate) fn next_round(self, now_ms: i64, interval_ms: i64) -> Self {
        let at_ms = self.at_ms.saturating_add(interval_ms);
        if at_ms <= now_ms {
            return Self::after(now_ms, interval_ms);
        }
        Self {
            at_ms,
            longest_ms: interval_ms,
        }
    }

    /// The time, no further away than when it was set: a clock that was set back must not add its
    /// jump to the wait.
    pub(crate) fn at(&mut self, now_ms: i64) -> i64 {
        self.at_ms = self.at_ms.min(now_ms.saturating_add(self.longest_ms));
        self.at_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_keep_their_schedule_and_skip_what_is_past() {
        let first = Deadline::now(1_000);
        let mut second = first.next_round(1_400, 500);
        assert_eq!(second.at(1_400), 1_500);
        // A call took longer than an interval.
        let mut third = second.next_round(2_300, 500);
        assert_eq!(third.at(2_300), 2_800);
    }

    #[test]
    fn a_clock_that_was_set_back_delays_by_one_wait_at_most() {
        let mut deadline = Deadline::after(1_000_000, 500);
        assert_eq!(deadline.at(999_000), 999_500);
        assert_eq!(deadline.at(0), 500);
        // And once it is set right, the time has come.
        assert!(deadline.at(1_000_000) < 1_000_000);
        assert_eq!(Deadline::after(i64::MAX, 5).at(i64::MAX), i64::MAX);
    }
}
