//! Rule 1 of date partitions: which time a text names in the field that a zone is partitioned by.
//!
//! A zone keeps its rule for life, since another answer would send a record that is read again to
//! another folder. So nothing in this file may change, not even where it is too lenient; [`super`]
//! says where that is. The rule relies on `chrono` for the clock and the zone: the table of
//! differences in [`super`] notices if a release of `chrono` reads them differently.

use std::{ops::Range, str::FromStr};

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

/// The time in UTC that a date (`2021-06-03`) or an ISO 8601 time (`2021-06-03T15:30:00.5+02:00`)
/// names; `None` for anything else, and outside the years 1 to 9999.
///
/// A space may stand for the `T`, and a time without a zone is UTC. A leap second keeps its day:
/// milliseconds since 1970 cannot say that, so this returns a calendar time.
#[must_use]
pub fn parse_partition_time_1(text: &str) -> Option<NaiveDateTime> {
    parse_any_year(text).filter(|time| (1..=9999).contains(&time.year()))
}

fn parse_any_year(text: &str) -> Option<NaiveDateTime> {
    // Shapes are checked by hand first: chrono would also take `+002021-6-3`, signs and missing
    // digits.
    let bytes = text.as_bytes();
    let dashed = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    let digits = |range: Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    let dated = dashed && digits(0..4) && digits(5..7) && digits(8..10);
    if !dated || bytes.len() > 40 || !text.is_ascii() {
        return None;
    }
    let date = NaiveDate::parse_from_str(&text[..10], "%Y-%m-%d").ok()?;
    match bytes.get(10) {
        None => Some(date.and_time(NaiveTime::MIN)),
        Some(b'T' | b't' | b' ') => parse_clock(date, &text[11..]),
        Some(_) => None,
    }
}

fn parse_clock(date: NaiveDate, text: &str) -> Option<NaiveDateTime> {
    let zone_at = text.find(['Z', 'z', '+', '-']);
    let (clock, zone) = text.split_at(zone_at.unwrap_or(text.len()));
    let clock = clock.trim_end_matches(' ');
    let format = if clock.len() == 5 {
        "%H:%M"
    } else {
        "%H:%M:%S%.f"
    };
    let time = date.and_time(NaiveTime::parse_from_str(clock, format).ok()?);
    match zone {
        "" | "Z" | "z" => Some(time),
        _ => {
            let offset = FixedOffset::from_str(zone).ok()?;
            time.checked_sub_offset(offset)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Option<String> {
        parse_partition_time_1(text).map(|time| time.date().to_string())
    }

    #[test]
    fn dates_and_iso_8601_times_name_their_day_in_utc() {
        for (text, expected) in [
            ("1986-12-31", "1986-12-31"),
            ("0001-01-01", "0001-01-01"),
            ("9999-12-31", "9999-12-31"),
            ("2020-02-29", "2020-02-29"),
            ("2021-06-03T15:30", "2021-06-03"),
            ("2021-06-03 15:30:00.123", "2021-06-03"),
            ("2021-06-03T23:30:00Z", "2021-06-03"),
            ("2021-06-03T23:30:00-05:00", "2021-06-04"),
            ("2021-06-03T00:30:00+0100", "2021-06-02"),
        ] {
            assert_eq!(day(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_has_no_date_partition() {
        let long = "2021-06-03".repeat(205);
        for text in [
            "",
            "../x",
            "a=b/c",
            "%",
            "0000-00-00",
            "0000-01-01",
            "2021-02-29",
            "2021-13-01",
            "2021-6-3",
            "20210603",
            "😀",
            "2021-06-03x",
            "2021-06-03T",
            "2021-06-03T25:00:00",
            "2021-06-03T10:00:00+99:00",
            "9999-12-31T23:00:00-05:00",
            "0001-01-01T00:00:00+05:00",
            "+2021-06-03",
            " 2021-06-03",
            "2021-06-03T10:00:00 UTC",
            &long,
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[0-9TZ:. +-]{0,45}|\\PC{0,20}") {
            if let Some(time) = parse_partition_time_1(&text) {
                prop_assert!((1..=9999).contains(&time.year()));
            }
        }
    }
}
