//! The hours in which a market is closed, and how much of a span is left without them.
//!
//! Pure. Knows weekends and nights by the clock, no holidays.

use schema::TimeZone;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Days from a Monday to 1970-01-01.
const MONDAY: i64 = 3;

/// When a market is closed, every week alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClosedHours {
    /// Saturday and Sunday.
    pub weekends: bool,
    /// A part of every day.
    pub night: Option<Night>,
}

/// A part of every day in minutes after midnight; it may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Night {
    /// When the market closes.
    pub from: u16,
    /// When it opens.
    pub to: u16,
}

impl ClosedHours {
    /// How many milliseconds between two instants the market is open; below 0 if the second is the
    /// earlier one.
    pub(crate) fn open_between(self, from: i64, to: i64, zone: TimeZone) -> i64 {
        self.open_before(zone.clock(to)) - self.open_before(zone.clock(from))
    }

    /// How long the market was open between a Monday and what a clock shows.
    fn open_before(self, clock: i64) -> i64 {
        let (day, of_day) = (clock.div_euclid(DAY) + MONDAY, clock.rem_euclid(DAY));
        let (week, weekday) = (day.div_euclid(7), day.rem_euclid(7));
        let days_a_week = if self.weekends { 5 } else { 7 };
        let open_days = week * days_a_week + weekday.min(days_a_week);
        let today = if weekday < days_a_week {
            self.open_today(of_day)
        } else {
            0
        };
        open_days * self.open_today(DAY) + today
    }

    /// How long the market is open on an open day up to this millisecond of it.
    fn open_today(self, until: i64) -> i64 {
        let Some(night) = self.night else {
            return until;
        };
        let (from, to) = (i64::from(night.from) * MINUTE, i64::from(night.to) * MINUTE);
        if from <= to {
            until.min(from) + (until - to).max(0)
        } else {
            (until.min(from) - to).max(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 60 * MINUTE;

    fn at(text: &str) -> i64 {
        schema::TimeFormat::iso(TimeZone::UTC).parse(text).unwrap()
    }

    fn open(closed: ClosedHours, from: &str, to: &str) -> i64 {
        closed.open_between(at(from), at(to), TimeZone::UTC)
    }

    const NIGHT: Night = Night {
        from: 17 * 60,
        to: 9 * 60,
    };

    #[test]
    fn weekends_and_nights_do_not_count() {
        let weekends = ClosedHours {
            weekends: true,
            night: None,
        };
        // 2021-06-04 is a Friday.
        assert_eq!(open(weekends, "2021-06-04", "2021-06-07"), DAY);
        assert_eq!(open(weekends, "2021-06-05", "2021-06-06 12:00"), 0);
        assert_eq!(open(weekends, "1969-12-26", "1970-01-05"), 6 * DAY);
        let nights = ClosedHours {
            weekends: false,
            night: Some(NIGHT),
        };
        assert_eq!(
            open(nights, "2021-06-01 16:00", "2021-06-02 10:00"),
            2 * HOUR
        );
        assert_eq!(open(nights, "2021-06-01 18:00", "2021-06-02 08:00"), 0);
        let both = ClosedHours {
            weekends: true,
            night: Some(NIGHT),
        };
        assert_eq!(open(both, "2021-06-04 16:30", "2021-06-07 09:30"), HOUR);
        let lunch = ClosedHours {
            weekends: false,
            night: Some(Night {
                from: 12 * 60,
                to: 13 * 60,
            }),
        };
        assert_eq!(
            open(lunch, "2021-06-01 11:00", "2021-06-01 14:00"),
            2 * HOUR
        );
        assert_eq!(open(lunch, "2021-06-01", "2021-06-02"), 23 * HOUR);
    }

    #[test]
    fn nights_are_those_of_the_zone() {
        let closed = ClosedHours {
            weekends: false,
            night: Some(NIGHT),
        };
        let zone = "Asia/Tokyo".parse().unwrap();
        let open = closed.open_between(at("2021-06-01 00:00"), at("2021-06-01 08:00"), zone);
        assert_eq!(open, 8 * HOUR);
    }

    proptest! {
        #[test]
        fn it_is_what_counting_minutes_gives(
            start in -100_000..100_000_i64,
            length in 0..20_000_i64,
            weekends: bool,
            from in 0..1440_u16,
            to in 0..1440_u16,
        ) {
            let closed = ClosedHours { weekends, night: Some(Night { from, to }) };
            let (from, to) = (i64::from(from), i64::from(to));
            let is_open = |minute: &i64| {
                let of_day = minute.rem_euclid(1440);
                let is_night = if from <= to {
                    (from..to).contains(&of_day)
                } else {
                    of_day >= from || of_day < to
                };
                let weekday = (minute.div_euclid(1440) + MONDAY).rem_euclid(7);
                !(is_night || weekends && weekday >= 5)
            };
            let counted = (start..start + length).filter(is_open).count();
            let span = closed.open_between(start * MINUTE, (start + length) * MINUTE, TimeZone::UTC);
            prop_assert_eq!(span, i64::try_from(counted).unwrap() * MINUTE);
        }
    }
}
