//! Days and instants as the texts that Athena reads.

use chrono::{Datelike, NaiveDate};

use super::calendar::{EPOCH_DAY, MILLIS_PER_DAY, TIMESTAMPS};

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
    use crate::date_time::{calendar::parse_date, column_rule::parse_column_timestamp};

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
            prop_assert_eq!(parse_column_timestamp(&timestamp_text(millis)), Some(millis));
            let days = i32::try_from(millis.div_euclid(MILLIS_PER_DAY)).unwrap();
            prop_assert_eq!(parse_date(&date_text(days)), Some(days));
        }
    }
}
