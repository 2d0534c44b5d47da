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

/// A schedule that is kept as far as the input allows: where the input may pause for long, what was
/// missed meanwhile is not sent in one burst.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    schedule: Schedule,
    /// The most that the records may be behind; `None` to catch up whatever was missed.
    arrears: Option<Duration>,
    /// The time that was given up: the whole schedule is later by this.
    given_up: Duration,
}

impl Pace {
    /// Keeps the schedule, however far behind.
    pub(crate) fn catching_up(schedule: Schedule) -> Self {
        Self {
            schedule,
            arrears: None,
            given_up: Duration::ZERO,
        }
    }

    /// Catches up at most this much and gives up the rest.
    pub(crate) fn with_arrears(schedule: Schedule, arrears: Duration) -> Self {
        Self {
            arrears: Some(arrears),
            ..Self::catching_up(schedule)
        }
    }

    /// How long record `n` has to wait, so long after the start.
    pub(crate) fn wait(&mut self, n: u64, elapsed: Duration) -> Duration {
        let due = self.schedule.due(n).saturating_add(self.given_up);
        if let Some(arrears) = self.arrears {
            let behind = elapsed.saturating_sub(due);
            self.given_up += behind.saturating_sub(arrears);
        }
        due.saturating_sub(elapsed)
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

    /// How many records are sent at once after this many seconds in which none was.
    fn burst(pace: &mut Pace, seconds: u64) -> u64 {
        let now = Duration::from_secs(seconds);
        (0..1_000_000)
            .find(|n| !pace.wait(*n, now).is_zero())
            .unwrap()
    }

    #[test]
    fn what_was_missed_is_sent_in_one_burst_only_where_it_is_caught_up() {
        let (fast, slow) = (Schedule::new(100.0), Schedule::new(0.5));
        assert_eq!(burst(&mut Pace::catching_up(fast), 3600), 360_001);
        let second = Duration::from_secs(1);
        let mut pace = Pace::with_arrears(fast, second);
        assert_eq!(burst(&mut pace, 3600), 101);
        let hour = Duration::from_secs(3600);
        assert_eq!(pace.wait(101, hour).as_millis(), 10, "then at the old rate");
        assert_eq!(burst(&mut Pace::with_arrears(slow, second), 3600), 1);
    }

    #[test]
    fn a_run_that_is_never_far_behind_keeps_its_schedule() {
        let schedule = Schedule::new(2.0);
        let mut pace = Pace::with_arrears(schedule, Duration::from_secs(1));
        for n in 0..1000 {
            let late = schedule.due(n) + Duration::from_millis(n % 900);
            assert!(pace.wait(n, late).is_zero());
        }
        assert_eq!(pace.given_up, Duration::ZERO);
    }
}
