//! What clocks show in a zone of the IANA database, and which instant a clock means.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, MappedLocalTime, NaiveDateTime, Offset, TimeZone as _};
use chrono_tz::Tz;

/// A zone such as `America/New_York`. Its rules are built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(Tz);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// What a clock in the zone shows at this instant. Both are in milliseconds since 1970-01-01,
    /// of the clock and in UTC.
    #[must_use]
    pub fn clock(self, instant: i64) -> i64 {
        let Some(time) = DateTime::from_timestamp_millis(instant) else {
            return instant;
        };
        let ahead = self.0.offset_from_utc_datetime(&time.naive_utc()).fix();
        instant + i64::from(ahead.local_minus_utc()) * 1_000
    }

    /// The instant at which a clock in the zone shows this. A time that comes twice, as clocks are
    /// turned back, is the first of the two; one that is left out, as they are turned forward, is
    /// as much after the change as it is after the time at which they are turned.
    #[must_use]
    pub fn instant(self, clock: i64) -> i64 {
        let Some(local) = DateTime::from_timestamp_millis(clock) else {
            return clock;
        };
        let local = local.naive_utc();
        match self.0.from_local_datetime(&local) {
            MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => {
                time.timestamp_millis()
            }
            MappedLocalTime::None => clock - self.ahead_the_day_before(local),
        }
    }

    /// Milliseconds that the zone was ahead of UTC a day earlier, before the clocks were turned.
    fn ahead_the_day_before(self, local: NaiveDateTime) -> i64 {
        let before = local.checked_sub_days(Days::new(1)).unwrap_or(local);
        let ahead = self.0.offset_from_utc_datetime(&before).fix();
        i64::from(ahead.local_minus_utc()) * 1_000
    }
}

impl FromStr for TimeZone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Tz::from_str(name.trim()).map(Self).map_err(|_| {
            format!(
                "there is no zone {name:?}; give a name of the IANA database, such as \
                 America/New_York, Asia/Hong_Kong or UTC"
            )
        })
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> i64 {
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        time.and_utc().timestamp_millis()
    }

    #[test]
    fn clocks_are_turned_twice_a_year() {
        let zone: TimeZone = "America/New_York".parse().unwrap();
        assert_eq!(zone.to_string(), "America/New_York");
        for (clock, instant) in [
            ("2021-01-04 09:30", "2021-01-04 14:30"),
            ("2021-07-01 09:30", "2021-07-01 13:30"),
            // Left out.
            ("2021-03-14 02:30", "2021-03-14 07:30"),
            // The first of two.
            ("2021-11-07 01:30", "2021-11-07 05:30"),
        ] {
            assert_eq!(zone.instant(millis(clock)), millis(instant), "{clock}");
        }
        assert_eq!(
            zone.clock(millis("2021-03-14 07:30")),
            millis("2021-03-14 03:30")
        );
        assert_eq!(TimeZone::UTC.instant(5), 5);
    }

    #[test]
    fn a_zone_that_does_not_exist_is_refused() {
        let message = "America/Nueva_York".parse::<TimeZone>().unwrap_err();
        assert!(
            message.starts_with("there is no zone \"America/Nueva_York\"; give a name"),
            "{message}"
        );
    }

    proptest! {
        #[test]
        fn an_instant_is_what_its_clock_means_but_for_the_hour_that_comes_twice(instant in -2_000_000_000_000..4_000_000_000_000_i64) {
            let zone: TimeZone = "Europe/Madrid".parse().unwrap();
            let back = zone.instant(zone.clock(instant));
            prop_assert!(back == instant || back == instant - 3_600_000, "{}", instant - back);
        }
    }
}
