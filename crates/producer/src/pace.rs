//! When each record is due: at once, at a steady rate, or in the time of the market. The schedule
//! is absolute, so that delays do not add up.
//!
//! Pure: no clock. When a record is due depends on its place in the schedule and not on when other
//! records were sent, unless the source may pause for long: what was missed meanwhile is not sent
//! in one burst then.

mod closed_hours;
mod market_time;

use std::time::Duration;

pub use self::closed_hours::{ClosedHours, Night};
pub(crate) use self::market_time::{EventTimePacing, TimeStep};
use self::market_time::{MarketTime, seconds};

/// How fast records are sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pacing {
    /// As fast as they are taken.
    Free,
    /// So many a second, above 0 (checked by the command line).
    Rate(f64),
    /// As they happened, but faster or slower.
    EventTime(EventTimePacing),
}

/// When the next record is due.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    schedule: PaceSchedule,
    /// The most that the records may be behind; `None` to catch up whatever was missed.
    arrears: Option<Duration>,
    /// The time that was given up: the whole schedule is later by this.
    given_up: Duration,
    /// When the current record is due, so long after the start, but for what was given up.
    due: Duration,
}

#[derive(Debug, Clone)]
enum PaceSchedule {
    Free,
    Rate(f64),
    EventTime(MarketTime),
}

impl Pace {
    pub(crate) fn new(pacing: &Pacing, arrears: Option<Duration>) -> Self {
        Self {
            schedule: match pacing {
                Pacing::Free => PaceSchedule::Free,
                Pacing::Rate(rate) => PaceSchedule::Rate(*rate),
                Pacing::EventTime(pacing) => {
                    PaceSchedule::EventTime(MarketTime::new(pacing.clone()))
                }
            },
            arrears,
            given_up: Duration::ZERO,
            due: Duration::ZERO,
        }
    }

    /// Whether no record ever waits.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self.schedule, PaceSchedule::Free)
    }

    /// Moves on to record `n`, from 0, which happened at `time`, in milliseconds since 1970-01-01
    /// UTC. Returns whether that is before the record before it.
    pub(crate) fn next(&mut self, n: u64, time: Option<i64>) -> TimeStep {
        match &mut self.schedule {
            PaceSchedule::Free => {}
            PaceSchedule::Rate(rate) => self.due = seconds(n as f64 / *rate),
            PaceSchedule::EventTime(market) => {
                let step = market.next(time);
                self.due = market.due();
                return step;
            }
        }
        TimeStep::Forward
    }

    /// To be called before the first record of another pass: that it happened before the last one
    /// of this pass is no surprise.
    pub(crate) fn begin_pass(&mut self) {
        if let PaceSchedule::EventTime(market) = &mut self.schedule {
            market.begin_pass();
        }
    }

    /// How long the current record has to wait, so long after the start.
    pub(crate) fn wait(&mut self, elapsed: Duration) -> Duration {
        if let Some(arrears) = self.arrears {
            self.given_up += self.behind(elapsed).saturating_sub(arrears);
        }
        self.due
            .saturating_add(self.given_up)
            .saturating_sub(elapsed)
    }

    /// How long the current record should have been sent already, so long after the start.
    pub(crate) fn behind(&self, elapsed: Duration) -> Duration {
        if self.is_free() {
            return Duration::ZERO;
        }
        elapsed.saturating_sub(self.due.saturating_add(self.given_up))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);

    fn rate(rate: f64, arrears: Option<Duration>) -> Pace {
        Pace::new(&Pacing::Rate(rate), arrears)
    }

    fn speed(speed: f64) -> Pace {
        Pace::new(&Pacing::EventTime(EventTimePacing::at(speed)), None)
    }

    /// How long record `n` has to wait at this time after the start.
    fn wait(pace: &mut Pace, n: u64, elapsed: Duration) -> Duration {
        pace.next(n, None);
        pace.wait(elapsed)
    }

    #[test]
    fn the_schedule_is_absolute_and_takes_fractions() {
        let mut pace = rate(2.5, None);
        let due = [0, 1, 5, 25].map(|n| wait(&mut pace, n, Duration::ZERO).as_millis());
        assert_eq!(due, [0, 400, 2000, 10_000]);
        assert_eq!(
            wait(&mut rate(3.0, None), 3_000_000_000, Duration::ZERO).as_secs(),
            1_000_000_000,
            "no drift after a billion seconds"
        );
        let never = wait(&mut rate(1e-300, None), u64::MAX, Duration::ZERO);
        assert_eq!(never, Duration::MAX);
        let free = wait(&mut Pace::new(&Pacing::Free, None), 5, Duration::ZERO);
        assert_eq!(free, Duration::ZERO);
    }

    /// How many records are sent at once after this many seconds in which none was.
    fn burst(pace: &mut Pace, seconds: u64) -> u64 {
        let now = Duration::from_secs(seconds);
        (0..1_000_000)
            .find(|n| !wait(pace, *n, now).is_zero())
            .unwrap()
    }

    #[test]
    fn what_was_missed_is_sent_in_one_burst_only_where_it_is_caught_up() {
        assert_eq!(burst(&mut rate(100.0, None), 3600), 360_001);
        let mut pace = rate(100.0, Some(SECOND));
        assert_eq!(burst(&mut pace, 3600), 101);
        let then = wait(&mut pace, 101, HOUR);
        assert_eq!(then.as_millis(), 10, "then at the old rate");
        assert_eq!(burst(&mut rate(0.5, Some(SECOND)), 3600), 1);
    }

    #[test]
    fn a_run_that_is_never_far_behind_keeps_its_schedule() {
        let mut pace = rate(2.0, Some(SECOND));
        for n in 0..1000 {
            let late = Duration::from_millis(n * 500 + n % 900);
            assert!(wait(&mut pace, n, late).is_zero());
        }
        assert_eq!(pace.given_up, Duration::ZERO);
    }

    /// A clock that only moves when somebody waits, and then by a little too much, as clocks do.
    struct FakeClock(Duration);

    impl FakeClock {
        fn send(&mut self, pace: &mut Pace, n: u64, time: Option<i64>) -> Duration {
            pace.next(n, time);
            let left = pace.wait(self.0);
            if !left.is_zero() {
                self.0 += left + Duration::from_micros(70);
            }
            self.0 += Duration::from_micros(3);
            assert!(pace.wait(self.0).is_zero());
            self.0
        }
    }

    #[test]
    fn a_hundred_thousand_records_drift_by_less_than_a_thousandth() {
        let mut clock = FakeClock(Duration::ZERO);
        let mut pace = speed(3600.0);
        let mut time = 946_684_800_000;
        let mut last = Duration::ZERO;
        for n in 0..100_000 {
            // Uneven steps of 1 to 19 seconds, 10 on average.
            time += 1_000 + (i64::try_from(n).unwrap() * 7) % 19 * 1_000;
            last = clock.send(&mut pace, n, Some(time));
        }
        let market = (time - 946_684_800_000 - 1_000) as f64 / 1000.0;
        let drift = (last.as_secs_f64() - market / 3600.0) / (market / 3600.0);
        assert!((0.0..0.001).contains(&drift), "{drift}");
        let mut clock = FakeClock(Duration::ZERO);
        let mut pace = rate(1000.0, None);
        (0..=100_000).for_each(|n| last = clock.send(&mut pace, n, None));
        let drift = last.as_secs_f64() / 100.0 - 1.0;
        assert!((0.0..0.001).contains(&drift), "{drift}");
    }

    #[test]
    fn a_clock_that_jumps_neither_bursts_where_it_must_not_nor_hangs() {
        let day = 86_400_000;
        let pacing = Pacing::EventTime(EventTimePacing::at(86_400.0));
        let mut pace = Pace::new(&pacing, Some(SECOND));
        pace.next(0, Some(0));
        assert!(pace.wait(Duration::ZERO).is_zero());
        // An hour forward: one second of arrears is sent at once, the rest is given up.
        let mut sent = 0;
        for n in 1..10 {
            pace.next(n, Some(i64::try_from(n).unwrap() * day));
            if !pace.wait(HOUR).is_zero() {
                break;
            }
            sent += 1;
        }
        assert_eq!(sent, 2);
        // Back again: it waits for no longer than until the clock has shown the time once more.
        assert!(pace.wait(Duration::ZERO) <= HOUR + 2 * SECOND);
        assert_eq!(pace.behind(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn how_far_a_record_is_behind_is_known() {
        let mut pace = rate(1.0, None);
        pace.next(10, None);
        assert_eq!(pace.behind(Duration::from_secs(12)), 2 * SECOND);
        assert_eq!(pace.behind(Duration::from_secs(3)), Duration::ZERO);
        let free = Pace::new(&Pacing::Free, None);
        assert_eq!(free.behind(HOUR), Duration::ZERO);
    }
}
