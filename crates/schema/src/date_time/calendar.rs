//! Days as numbers, the range of years, and `2026-11-21`, the one way to write a day.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};

/// The number of 1970-01-01 as `chrono` counts days; its day 1 is 0001-01-01.
pub(super) const EPOCH_DAY: i32 = 719_163;

pub(crate) const MILLIS_PER_DAY: i64 = 86_400_000;

/// The instants of the years 1 to 9999 UTC, in milliseconds since 1970-01-01 UTC. Readers of other
/// years disagree, so no cell holds one.
pub const TIMESTAMPS: RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Days since 1970-01-01 of a text such as `2026-11-21`; `None` for anything else.
#[must_use]
pub fn parse_date(text: &str) -> Option<i32> {
    match parse_leading_date(text.as_bytes())? {
        (days, []) => Some(days),
        _ => None,
    }
}

/// The day at the start of a text, and what follows it.
pub(super) fn parse_leading_date(text: &[u8]) -> Option<(i32, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let year = number(&date[..4])?;
    if year == 0 {
        return None;
    }
    let (month, day) = (number(&date[5..7])?, number(&date[8..])?);
    let valid = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((valid.num_days_from_ce() - EPOCH_DAY, rest))
}

pub(super) fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[0-9TZ:. +-]{0,30}|\\PC{0,20}") {
            if let Some(days) = parse_date(&text) {
                prop_assert!(TIMESTAMPS.contains(&(i64::from(days) * MILLIS_PER_DAY)));
            }
        }
    }
}
