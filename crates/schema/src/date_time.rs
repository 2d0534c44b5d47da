//! Days and instants as numbers, from the texts that records hold and back to the texts that Athena
//! reads.
//!
//! Does not know columns. Invariant: only times of the years 1 to 9999 pass, in both directions: no
//! reader agrees on others.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};

/// Days from 0001-01-01 to 1970-01-01, and one more: `chrono` counts from 1.
const EPOCH_DAY: i32 = 719_163;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// The instants of the years 1 to 9999 UTC, in milliseconds since 1970-01-01 UTC.
pub const TIMESTAMPS: RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Days since 1970-01-01 of a text such as `2026-11-21`; `None` for anything else.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    match parse_leading_date(text.as_bytes())? {
        (days, []) => Some(days),
        _ => None,
    }
}

/// Milliseconds since 1970-01-01 UTC of an ISO 8601 text such as `2026-11-21T07:30:00.5+02:00`;
/// `None` for anything else.
///
/// A space may stand for the `T`, seconds and zone may be missing (then it is UTC), a date alone is
/// its midnight, and digits behind the milliseconds are cut off. A leap second counts as the first
/// of the next minute.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let (days, rest) = parse_leading_date(text.as_bytes())?;
    let midnight = i64::from(days) * MILLIS_PER_DAY;
    let millis = match rest {
        [] => midnight,
        [b'T' | b't' | b' ', clock @ ..] => {
            let (of_day, zone) = parse_clock(clock)?;
            midnight + of_day - parse_zone(zone)?
        }
        _ => return None,
    };
    TIMESTAMPS.contains(&millis).then_some(millis)
}

fn parse_leading_date(text: &[u8]) -> Option<(i32, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let (year, month, day) = (
        number(&date[..4])?,
        number(&date[5..7])?,
        number(&date[8..])?,
    );
    if year == 0 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((date.num_days_from_ce() - EPOCH_DAY, rest))
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…` in milliseconds of the day, and what follows.
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

/// What a zone is ahead of UTC in milliseconds: nothing, `Z`, `+HH`, `+HHMM` or `+HH:MM`, with
/// blanks in front or not.
fn parse_zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.trim_ascii_start() {
        [] | [b'Z' | b'z'] => return Some(0),
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

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}

/// Appends a day as `2026-11-21`. Nothing is appended for a day outside of the years 1 to 9999,
/// which no cell holds.
pub fn append_date(days: i32, out: &mut Vec<u8>) {
    let date = days
        .checked_add(EPOCH_DAY)
        .and_then(NaiveDate::from_num_days_from_ce_opt);
    let Some((date, year)) = date.and_then(|date| Some((date, u32::try_from(date.year()).ok()?)))
    else {
        return;
    };
    append_digits(year, 4, out);
    out.push(b'-');
    append_digits(date.month(), 2, out);
    out.push(b'-');
    append_digits(date.day(), 2, out);
}

/// Appends an instant as `2026-11-21 07:30:00.500`, UTC: the form that `CAST(… AS timestamp)` and
/// both JSON readers of Athena take. Nothing is appended for an instant outside of [`TIMESTAMPS`].
pub fn append_timestamp(millis: i64, out: &mut Vec<u8>) {
    let days = i32::try_from(millis.div_euclid(MILLIS_PER_DAY));
    let of_day = u32::try_from(millis.rem_euclid(MILLIS_PER_DAY));
    let (true, Ok(days), Ok(of_day)) = (TIMESTAMPS.contains(&millis), days, of_day) else {
        return;
    };
    append_date(days, out);
    let parts = [
        (b' ', of_day / 3_600_000, 2),
        (b':', of_day / 60_000 % 60, 2),
        (b':', of_day / 1_000 % 60, 2),
        (b'.', of_day % 1_000, 3),
    ];
    for (sign, number, width) in parts {
        out.push(sign);
        append_digits(number, width, out);
    }
}

fn append_digits(mut number: u32, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for byte in out[start..].iter_mut().rev() {
        *byte += (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date_text(days: i32) -> String {
        let mut out = Vec::new();
        append_date(days, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn timestamp_text(millis: i64) -> String {
        let mut out = Vec::new();
        append_timestamp(millis, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_date_is_ten_signs_of_a_day_that_was() {
        assert_eq!(parse_date("1970-01-01"), Some(0));
        assert_eq!(parse_date("1969-12-31"), Some(-1));
        assert_eq!(parse_date("2000-02-29"), Some(11_016));
        for text in [
            "",
            "1970-01-1",
            "1970-1-01",
            "1970-01-01 ",
            "1970-01-01T00:00:00",
            "1900-02-29",
            "0000-01-01",
            "1970/01/01",
            "19700101",
            "+1970-01-01",
            "1970-13-01",
            "1970-00-10",
            "１970-01-01",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

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
            assert_eq!(parse_timestamp(text), Some(millis), "{text}");
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
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn the_years_1_to_9999_have_texts_and_others_none() {
        assert_eq!(
            timestamp_text(*TIMESTAMPS.start()),
            "0001-01-01 00:00:00.000"
        );
        assert_eq!(timestamp_text(*TIMESTAMPS.end()), "9999-12-31 23:59:59.999");
        for millis in [
            i64::MIN,
            TIMESTAMPS.start() - 1,
            TIMESTAMPS.end() + 1,
            i64::MAX,
        ] {
            assert_eq!(timestamp_text(millis), "");
        }
        for days in [i32::MIN, i32::MAX] {
            assert_eq!(date_text(days), "");
        }
    }

    proptest! {
        #[test]
        fn every_text_that_is_written_is_read_back(millis in TIMESTAMPS) {
            prop_assert_eq!(parse_timestamp(&timestamp_text(millis)), Some(millis));
            let days = i32::try_from(millis.div_euclid(MILLIS_PER_DAY)).unwrap();
            prop_assert_eq!(parse_date(&date_text(days)), Some(days));
        }

        #[test]
        fn what_chrono_prints_is_read_as_chrono_reads_it(millis in TIMESTAMPS, zone in -1439..1440i32) {
            let zone = chrono::FixedOffset::east_opt(zone * 60).unwrap();
            let time = chrono::DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&zone);
            if (1..=9999).contains(&time.year()) {
                prop_assert_eq!(parse_timestamp(&time.to_rfc3339()), Some(millis));
                prop_assert_eq!(parse_timestamp(&time.to_string()), Some(millis), "{}", time);
            }
        }

        #[test]
        fn no_text_breaks_it(text in "[0-9TZ:. +-]{0,30}|\\PC{0,20}") {
            if let Some(millis) = parse_timestamp(&text) {
                prop_assert!(TIMESTAMPS.contains(&millis));
            }
            parse_date(&text);
        }
    }
}
