//! Where the records stand in the time of the market, and when that is.
//!
//! Pure. The place of a record is the sum of the steps from record to record, each without closed
//! hours and no longer than the longest gap; it is divided by the speed once, so nothing drifts.

use std::time::Duration;

use schema::TimeZone;

use super::closed_hours::ClosedHours;

/// How the time of the market passes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventTimePacing {
    /// Time of the market by real time, above 0.
    pub(crate) speed: f64,
    /// The longest real time between two records.
    pub(crate) max_gap: Option<Duration>,
    pub(crate) closed: ClosedHours,
    /// The zone of the closed hours.
    pub(crate) zone: TimeZone,
}

/// How the time of a record lies to that of the record before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeStep {
    Forward,
    Back,
}

#[derive(Debug, Clone)]
pub(super) struct MarketTime {
    pacing: EventTimePacing,
    /// When the last record with a time happened.
    last: Option<i64>,
    /// Milliseconds of the market since the first record.
    place: f64,
}

impl MarketTime {
    pub(super) fn new(pacing: EventTimePacing) -> Self {
        Self {
            pacing,
            last: None,
            place: 0.0,
        }
    }

    /// Moves on to the next record. One without a time, or from before the last one, is due with
    /// the record before it.
    pub(super) fn next(&mut self, time: Option<i64>) -> TimeStep {
        let Some(time) = time else {
            return TimeStep::Forward;
        };
        let Some(last) = self.last.replace(time) else {
            return TimeStep::Forward;
        };
        let open = self
            .pacing
            .closed
            .open_between(last, time, self.pacing.zone);
        let longest = self
            .pacing
            .max_gap
            .map(|gap| gap.as_secs_f64() * 1_000.0 * self.pacing.speed);
        // The clocks of the zone may be turned back in between.
        let step = (open.max(0) as f64).min(longest.unwrap_or(f64::INFINITY));
        if time < last {
            return TimeStep::Back;
        }
        self.place += step;
        TimeStep::Forward
    }

    pub(super) fn begin_pass(&mut self) {
        self.last = None;
    }

    /// How long after the first record the current one is due.
    pub(super) fn due(&self) -> Duration {
        seconds(self.place / 1_000.0 / self.pacing.speed)
    }
}

/// This many seconds, as far as they can be told.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
impl EventTimePacing {
    /// This speed and nothing else.
    pub(crate) fn at(speed: f64) -> Self {
        Self {
            speed,
            max_gap: None,
            closed: ClosedHours::default(),
            zone: TimeZone::UTC,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    /// When each record is due, in milliseconds.
    fn due(pacing: EventTimePacing, times: &[Option<i64>]) -> Vec<u128> {
        let mut market = MarketTime::new(pacing);
        let due = |time: &Option<i64>| {
            market.next(*time);
            market.due().as_millis()
        };
        times.iter().map(due).collect()
    }

    #[test]
    fn records_keep_their_distances() {
        let days = [0, 1, 1, 4].map(|day| Some(day * DAY));
        assert_eq!(
            due(EventTimePacing::at(86_400.0), &days),
            [0, 1_000, 1_000, 4_000]
        );
        assert_eq!(due(EventTimePacing::at(0.5), &[Some(5), Some(7)]), [0, 4]);
    }

    #[test]
    fn a_record_without_a_time_comes_with_the_one_before_it() {
        let times = [None, Some(0), None, Some(DAY), None];
        assert_eq!(
            due(EventTimePacing::at(86_400.0), &times),
            [0, 0, 0, 1_000, 1_000]
        );
    }

    #[test]
    fn after_a_step_back_the_distances_go_on_from_there() {
        let mut market = MarketTime::new(EventTimePacing::at(86_400.0));
        let steps = [0, 2, 1, 3].map(|day| (market.next(Some(day * DAY)), market.due().as_secs()));
        let expected = [
            (TimeStep::Forward, 0),
            (TimeStep::Forward, 2),
            (TimeStep::Back, 2),
            (TimeStep::Forward, 4),
        ];
        assert_eq!(steps, expected);
        market.begin_pass();
        assert_eq!(
            (market.next(Some(0)), market.due().as_secs()),
            (TimeStep::Forward, 4)
        );
    }

    #[test]
    fn long_gaps_and_closed_hours_are_cut() {
        let gap = EventTimePacing {
            max_gap: Some(Duration::from_secs(2)),
            ..EventTimePacing::at(86_400.0)
        };
        let days = [0, 1, 4, 5].map(|day| Some(day * DAY));
        assert_eq!(due(gap, &days), [0, 1_000, 3_000, 4_000]);
        let weekends = EventTimePacing {
            closed: ClosedHours {
                weekends: true,
                night: None,
            },
            ..EventTimePacing::at(86_400.0)
        };
        // Day 1 is a Friday, day 4 the Monday after it.
        assert_eq!(due(weekends, &days), [0, 1_000, 2_000, 3_000]);
    }
}
