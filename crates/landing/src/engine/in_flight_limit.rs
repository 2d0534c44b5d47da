//! How many requests may be in flight: additive increase, multiplicative decrease, as the store
//! asks for.
//!
//! Not here: retries and their delays (they belong to the request).
//! Invariant: the limit stays between 1 and the configured maximum.

/// The limit on requests in flight at one time.
#[derive(Clone, Debug)]
pub(super) struct InFlightLimit {
    max: usize,
    current: usize,
    successes: usize,
}

impl InFlightLimit {
    /// Starts at the maximum, at least 1.
    #[must_use]
    pub(super) fn new(max: usize) -> Self {
        let max = max.max(1);
        Self {
            max,
            current: max,
            successes: 0,
        }
    }

    /// The limit now.
    #[must_use]
    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// A request went well: after as many successes as the limit it grows by one.
    pub(super) fn succeeded(&mut self) {
        self.successes += 1;
        if self.successes >= self.current {
            self.successes = 0;
            self.current = (self.current + 1).min(self.max);
        }
    }

    /// The store asked to slow down: the limit halves.
    pub(super) fn slow_down(&mut self) {
        self.successes = 0;
        self.current = (self.current / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slowing_down_halves_and_success_grows_it_back_to_the_maximum() {
        let mut limit = InFlightLimit::new(8);
        for expected in [4, 2, 1, 1] {
            limit.slow_down();
            assert_eq!(limit.current(), expected);
        }
        for _ in 0..1 + 2 + 3 + 4 + 5 + 6 + 7 {
            limit.succeeded();
        }
        assert_eq!(limit.current(), 8);
        limit.succeeded();
        assert_eq!(limit.current(), 8);
    }
}
