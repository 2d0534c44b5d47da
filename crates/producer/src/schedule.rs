//! When the n-th record is due at a given rate: an absolute schedule, so that delays do not add up.
//!
//! Pure: no clock. When a record is due depends only on its number and the rate, never on when
//! other records were sent.

use std::time::Duration;

/// Records at a steady rate from a common start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    rate: f64,
}

impl Schedule {
    /// `rate` in records a second, above 0 (checked by the command line).
    pub(crate) fn new(rate: f64) -> Self {
        Self { rate }
    }

    /// How long after the start record `n` is due; the first, 0, is due at once.
    pub(crate) fn due(self, n: u64) -> Duration {
        Duration::try_from_secs_f64(n as f64 / self.rate).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_absolute_and_takes_fractions() {
        let schedule = Schedule::new(2.5);
        assert_eq!(
            [0, 1, 5, 25].map(|n| schedule.due(n).as_millis()),
            [0, 400, 2000, 10_000]
        );
        assert_eq!(
            Schedule::new(3.0).due(3_000_000_000).as_secs(),
            1_000_000_000,
            "no drift after a billion seconds"
        );
        assert_eq!(Schedule::new(1e-300).due(u64::MAX), Duration::MAX);
    }
}
