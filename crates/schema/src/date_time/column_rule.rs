//! The column rule: which instant a text names in a timestamp column.
//!
//! Written by hand, so no release of a library changes it. The whole text must be an instant;
//! nothing may follow it. [`super`] says where rule 1 of date partitions differs.

use super::calendar::{MILLIS_PER_DAY, TIMESTAMPS, number, parse_leading_date};

/// Milliseconds since 1970-01-01 UTC of an ISO 8601 text such as `2026-11-21T07:30:00.5+02:00`;
/// `None` for anything else.
///
/// A space may stand for the `T`, seconds and zone may be missing (then it is UTC), a date alone is
/// its midnight, and digits beyond the milliseconds are cut off. A leap second counts as the first
/// of the next minute.
pub(crate) fn parse_column_timestamp(text: &str) -> Option<i64> {
    let clock_time = parse_clock_time(text)?;
    let millis = clock_time.millis - clock_time.ahead.unwrap_or(0);
    TIMESTAMPS.contains(&millis).then_some(millis)
}

/// What a clock shows, and where it hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockTime {
    /// Milliseconds since 1970-01-01 of the clock.
    pub(super) millis: i64,
    /// How far its zone is ahead of UTC, in milliseconds, if the text says it.
    pub(super) ahead: Option<i64>,
}

/// The same texts, with the zone apart.
pub(super) fn parse_clock_time(text: &str) -> Option<ClockTime> {
    let (days, rest) = parse_leading_date(text.as_bytes())?;
    let midnight = i64::from(days) * MILLIS_PER_DAY;
    match rest {
        [] => Some(ClockTime {
            millis: midnight,
            ahead: None,
        }),
        [b'T' | b't' | b' ', clock @ ..] => {
            let (of_day, zone) = parse_clock(clock)?;
            let ahead = match zone.trim_ascii_start() {
                [] => None,
                zone => Some(parse_zone(zone)?),
            };
            Some(ClockTime {
                millis: midnight + of_day,
                ahead,
            })
        }
        _ => None,
    }
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…` as milliseconds of the day, and what follows.
fn parse_clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, rest) = two_digits(text, 23)?;
    let (minute, rest) = two_digits(rest.strip_prefix(b":")?, 59)?;
    let minutes = i64::from(hour * 60 + minute);
    let Some(rest) = rest.strip_prefix(b":") else {
        return Some((minutes * 60_000, rest));
    };
    let (second, rest) = two_digits(rest, 60)?;
    let millis = minutes * 60_000 + i64::from(second) * 1_000;
    let Some(rest) = rest.strip_prefix(b".") else {
        return Some((millis, rest));
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let (fraction, rest) = rest.split_at(digits);
    let digit = |at: usize| fraction.get(at).map_or(0, |byte| i64::from(byte - b'0'));
    Some((millis + digit(0) * 100 + digit(1) * 10 + digit(2), rest))
}

/// How far a zone is ahead of UTC, in milliseconds: `Z`, `+HH`, `+HHMM` or `+HH:MM`.
fn parse_zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = two_digits(rest, 23)?;
    let minutes = match rest {
        [] => 0,
        _ => match two_digits(rest.strip_prefix(b":").unwrap_or(rest), 59)? {
            (minutes, []) => minutes,
            _ => return None,
        },
    };
    Some(sign * i64::from(hours * 60 + minutes) * 60_000)
}

fn two_digits(text: &[u8], at_most: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(2)?;
    let number = number(digits)?;
    (number <= at_most).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, FixedOffset};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_instant_may_be_written_in_the_usual_ways() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01", 0),
            ("1970-01-01 00:01", 60_000),
            ("1970-01-01t00:00:01.5z", 1_500),
            ("1970-01-01T00:00:00.0019999999Z", 1),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1969-12-31 19:30:00 -0430", 0),
            ("1970-01-01 05:00:00+05", 0),
            ("1969-12-31T23:59:59.999", -1),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] {
            assert_eq!(parse_column_timestamp(text), Some(millis), "{text}");
        }
        for text in [
            "",
            "now",
            "1970-01-01T",
            "1970-01-01T24:00",
            "1970-01-01T00:60",
            "1970-01-01T00:00:61",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00,5",
            "1970-01-01T00:00:00+2",
            "1970-01-01T00:00:00+02:00x",
            "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00 CET",
            "1970-01-01_00:00",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "1970-01-01T0:00:00",
        ] {
            assert_eq!(parse_column_timestamp(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_chrono_prints_is_read_as_chrono_reads_it(millis in TIMESTAMPS, zone in -1439..1440i32) {
            let zone = FixedOffset::east_opt(zone * 60).unwrap();
            let time = DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&zone);
            if (1..=9999).contains(&time.year()) {
                prop_assert_eq!(parse_column_timestamp(&time.to_rfc3339()), Some(millis));
                prop_assert_eq!(parse_column_timestamp(&time.to_string()), Some(millis), "{}", time);
            }
        }

        #[test]
        fn no_text_breaks_it(text in "[0-9TZ:. +-]{0,30}|\\PC{0,20}") {
            if let Some(millis) = parse_column_timestamp(&text) {
                prop_assert!(TIMESTAMPS.contains(&millis));
            }
        }
    }
}
