//! Rule 2 of date partitions: which time the field names that a zone is partitioned by. It is the
//! column rule, so a record's folder is the day that its timestamp column has.
//!
//! A number of seconds or milliseconds names a time only where the zone says so: a number alone
//! does not tell which of the two it is.

use chrono::{DateTime, NaiveDateTime};

use super::{calendar::TIMESTAMPS, column_rule::parse_column_timestamp};
use crate::{number::scaled, unquoted::unquoted};

/// How a field holds a date or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// A date, or an ISO 8601 time, as text.
    Iso,
    /// Seconds since 1970-01-01 UTC, as a number or as text; there may be a fraction.
    EpochSeconds,
    /// Milliseconds since 1970-01-01 UTC, as a number or as text.
    EpochMillis,
}

/// The time in UTC that a field with this value names, which is valid JSON; `None` for anything
/// else, and outside of the years 1 to 9999.
#[must_use]
pub fn parse_partition_time_2(value: &str, form: DateForm) -> Option<NaiveDateTime> {
    let is_text = value.starts_with('"');
    let text = match is_text {
        true => unquoted(value).ok()?,
        false => value.into(),
    };
    let millis = match form {
        DateForm::Iso if is_text => parse_column_timestamp(&text)?.into(),
        DateForm::Iso => return None,
        DateForm::EpochSeconds => scaled(&text, 3)?.floor(),
        DateForm::EpochMillis => scaled(&text, 0)?.floor(),
    };
    let millis = i64::try_from(millis).ok()?;
    if !TIMESTAMPS.contains(&millis) {
        return None;
    }
    Some(DateTime::from_timestamp_millis(millis)?.naive_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(value: &str, form: DateForm) -> Option<String> {
        parse_partition_time_2(value, form).map(|time| time.date().to_string())
    }

    #[test]
    fn a_text_names_the_day_that_a_timestamp_column_has() {
        for (text, expected) in [
            ("2021-06-03", Some("2021-06-03")),
            ("2021-06-03T15:30:00.123456789Z", Some("2021-06-03")),
            ("2021-06-03 15:30:00.123456+00", Some("2021-06-03")),
            ("2021-06-03T15:30:00+05", Some("2021-06-03")),
            ("2021-06-04 00:00:00+05:30", Some("2021-06-03")),
            ("2021-06-03T15:30:00 +0000", Some("2021-06-03")),
            ("2016-12-31T23:59:60Z", Some("2017-01-01")),
            ("1622734200123", None),
            ("03/06/2021", None),
            ("2021-06-03T15:30:00Z[UTC]", None),
            ("20210603", None),
            ("2021-06-03T15:30:00,5Z", None),
            ("2021-06-03T24:00:00Z", None),
            ("2021-06-03 15:30:00 UTC", None),
            ("2021-06-03T15", None),
            (" 2021-06-03", None),
            ("2021-6-3", None),
            ("", None),
        ] {
            let value = format!("\"{text}\"");
            assert_eq!(day(&value, DateForm::Iso).as_deref(), expected, "{text}");
            let column = parse_column_timestamp(text).and_then(DateTime::from_timestamp_millis);
            let column = column.map(|time| time.date_naive().to_string());
            assert_eq!(column.as_deref(), expected, "{text}");
        }
        assert_eq!(
            day(r#""2021\u002d06-03""#, DateForm::Iso).as_deref(),
            Some("2021-06-03")
        );
        for value in ["null", "1622734200", "20210603", "true", "{}", "[]"] {
            assert_eq!(day(value, DateForm::Iso), None, "{value}");
        }
    }

    #[test]
    fn a_number_names_a_time_where_its_unit_is_said() {
        use DateForm::{EpochMillis, EpochSeconds};
        for (value, form, expected) in [
            ("1622734200", EpochSeconds, Some("2021-06-03")),
            ("1622734200.999999999", EpochSeconds, Some("2021-06-03")),
            ("1.6227342E9", EpochSeconds, Some("2021-06-03")),
            (r#""1622734200""#, EpochSeconds, Some("2021-06-03")),
            ("-0.5", EpochSeconds, Some("1969-12-31")),
            ("1622734200123", EpochMillis, Some("2021-06-03")),
            ("1622734200123.0", EpochMillis, Some("2021-06-03")),
            (r#""1622734200123""#, EpochMillis, Some("2021-06-03")),
            ("1622734200123", EpochSeconds, None),
            ("1e400", EpochSeconds, None),
            ("1e-400", EpochMillis, Some("1970-01-01")),
            (r#""2021-06-03""#, EpochMillis, None),
            (r#"" 1""#, EpochMillis, None),
            (r#""""#, EpochMillis, None),
            ("null", EpochMillis, None),
            ("true", EpochMillis, None),
            ("[1]", EpochMillis, None),
        ] {
            assert_eq!(day(value, form).as_deref(), expected, "{value} {form:?}");
        }
    }
}
