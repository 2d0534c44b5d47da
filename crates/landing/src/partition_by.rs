//! From a record to its date partition, the `dt=…` folder of its object.
//!
//! A pure function of the record: the time of writing never enters. Not here: the grammar of times
//! (see `schema`) and the rest of the key (see [`crate::layout`]). Invariant: a [`DatePartition`]
//! is made only from a valid calendar time in the years 1 to 9999, so it holds only digits and
//! dashes and can never carry a key out of its prefix.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use schema::{parse_date, parse_partition_time_1};

const HOUR_IN_MILLIS: i64 = 60 * 60 * 1000;
const DAY_IN_MILLIS: i64 = 24 * HOUR_IN_MILLIS;

/// Where a record's time comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionBy {
    /// Kafka's timestamp of the record.
    Timestamp,
    /// A top-level field of the record that holds a date or an ISO 8601 time as a string.
    Field(String),
}

/// How much time one date partition covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// `dt=2026-11-21-07`
    Hour,
    /// `dt=2026-11-21`
    Day,
    /// `dt=2026`
    Year,
}

/// The value of the partition column `dt`, for example `2026-11-21`. UTC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatePartition(String);

impl DatePartition {
    /// The partition of a time in milliseconds since 1970-01-01 UTC; `None` outside the years 1 to
    /// 9999.
    #[must_use]
    pub fn from_timestamp(millis: i64, granularity: Granularity) -> Option<Self> {
        Self::from_time(
            DateTime::from_timestamp_millis(millis)?.naive_utc(),
            granularity,
        )
    }

    /// The partition of a date (`2021-06-03`) or an ISO 8601 time (`2021-06-03T15:30:00.5+02:00`);
    /// `None` for anything else. [`parse_partition_time_1`] is the rule.
    #[must_use]
    pub fn from_text(text: &str, granularity: Granularity) -> Option<Self> {
        Self::from_time(parse_partition_time_1(text)?, granularity)
    }

    /// The value as it is in the key, without `dt=`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what follows `dt=` in a key; `None` if it is not a date partition of any granularity.
    #[must_use]
    pub fn from_folder(text: &str) -> Option<Self> {
        let names_a_time = match text.len() {
            4 => parse_date(&format!("{text}-01-01")).is_some(),
            10 => parse_date(text).is_some(),
            13 => parse_date(text.get(..10)?).is_some() && hour(text.get(10..)?).is_some(),
            _ => false,
        };
        names_a_time.then(|| Self(text.to_owned()))
    }

    /// How much time it covers.
    #[must_use]
    pub fn granularity(&self) -> Granularity {
        match self.0.len() {
            4 => Granularity::Year,
            10 => Granularity::Day,
            _ => Granularity::Hour,
        }
    }

    /// The first instant after it, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn end_millis(&self) -> i64 {
        let (date, hours) = match self.granularity() {
            Granularity::Year => (&*format!("{}-12-31", self.0), 24),
            Granularity::Day => (&*self.0, 24),
            Granularity::Hour => (
                &self.0[..10],
                hour(&self.0[10..]).map_or(24, |hour| hour + 1),
            ),
        };
        i64::from(parse_date(date).unwrap_or_default()) * DAY_IN_MILLIS + hours * HOUR_IN_MILLIS
    }

    fn from_time(time: NaiveDateTime, granularity: Granularity) -> Option<Self> {
        let (year, month, day) = (time.year(), time.month(), time.day());
        if !(1..=9999).contains(&year) {
            return None;
        }
        Some(Self(match granularity {
            Granularity::Year => format!("{year:04}"),
            Granularity::Day => format!("{year:04}-{month:02}-{day:02}"),
            Granularity::Hour => format!("{year:04}-{month:02}-{day:02}-{:02}", time.hour()),
        }))
    }
}

/// The hour in what follows the day of a folder, such as `-07`.
fn hour(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-')?;
    let valid = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|hour| valid && *hour < 24)
}

impl fmt::Display for DatePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PartitionBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timestamp => f.write_str("timestamp"),
            Self::Field(name) => write!(f, "field:{name}"),
        }
    }
}

impl FromStr for PartitionBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "timestamp" => Ok(Self::Timestamp),
            Some(("field", name)) if !name.is_empty() => Ok(Self::Field(name.to_owned())),
            _ => Err(format!("'{text}' is neither 'timestamp' nor 'field:NAME'")),
        }
    }
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Year => "year",
        })
    }
}

impl FromStr for Granularity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            "year" => Ok(Self::Year),
            _ => Err(format!("'{text}' is none of hour, day, year")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<String> {
        DatePartition::from_text(text, Granularity::Day).map(|date| date.0)
    }

    /// Which day a record goes to must never change in a zone: more such texts stand beside the
    /// rule, in `schema`.
    #[test]
    fn a_text_names_its_day_by_rule_1() {
        for (text, expected) in [
            ("1986-12-31", Some("1986-12-31")),
            ("2021-06-03T23:30:00-05:00", Some("2021-06-04")),
            ("2021-06-03T00:30:00+01:00xyz", Some("2021-06-02")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31")),
            ("2021-06-03T00:30:00+01", None),
            ("0000-01-01", None),
            ("", None),
        ] {
            assert_eq!(day(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn granularity_sets_how_much_of_the_time_is_kept() {
        let at = 1_795_244_645_000; // 2026-11-21T07:04:05Z
        let name = |granularity| DatePartition::from_timestamp(at, granularity).map(|date| date.0);
        assert_eq!(name(Granularity::Hour).as_deref(), Some("2026-11-21-07"));
        assert_eq!(name(Granularity::Day).as_deref(), Some("2026-11-21"));
        assert_eq!(name(Granularity::Year).as_deref(), Some("2026"));
        assert_eq!(
            DatePartition::from_timestamp(i64::MAX, Granularity::Day),
            None
        );
        assert_eq!(
            DatePartition::from_timestamp(253_402_300_800_000, Granularity::Day),
            None,
            "year 10000"
        );
    }

    #[test]
    fn a_date_partition_ends_where_the_next_one_begins() {
        for (text, next) in [
            ("2026", "2027-01-01T00:00:00Z"),
            ("2024-02-28", "2024-02-29T00:00:00Z"),
            ("2026-12-31", "2027-01-01T00:00:00Z"),
            ("2026-11-21-00", "2026-11-21T01:00:00Z"),
            ("2026-11-21-23", "2026-11-22T00:00:00Z"),
            ("0001-01-01", "0001-01-02T00:00:00Z"),
            ("9999", "+10000-01-01T00:00:00Z"),
        ] {
            let date = DatePartition::from_folder(text).unwrap();
            let next: DateTime<chrono::Utc> = next.parse().unwrap();
            assert_eq!(date.end_millis(), next.timestamp_millis(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_date_partition_never_holds_more_than_digits_and_dashes(text in ".{0,40}") {
            if let Some(date) = DatePartition::from_text(&text, Granularity::Hour) {
                proptest::prop_assert!(date.0.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
                proptest::prop_assert_eq!(date.0.len(), 13);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn every_date_partition_reads_back_and_ends_after_its_times(
            millis in -62_135_596_800_000..=253_402_300_799_999i64,
        ) {
            for (granularity, at_most_hours) in
                [(Granularity::Hour, 1), (Granularity::Day, 24), (Granularity::Year, 366 * 24)]
            {
                let date = DatePartition::from_timestamp(millis, granularity).unwrap();
                proptest::prop_assert_eq!(DatePartition::from_folder(date.as_str()), Some(date.clone()));
                proptest::prop_assert_eq!(date.granularity(), granularity);
                let left = date.end_millis() - millis;
                proptest::prop_assert!(0 < left && left <= at_most_hours * HOUR_IN_MILLIS);
            }
        }

        #[test]
        fn a_folder_is_what_a_time_would_write(text in "[0-9]{4}(-[0-9 ]{1,2}){0,3}|.{0,13}") {
            if let Some(date) = DatePartition::from_folder(&text) {
                let last = date.end_millis() - 1;
                proptest::prop_assert_eq!(
                    DatePartition::from_timestamp(last, date.granularity()),
                    Some(date)
                );
            }
        }
    }

    #[test]
    fn a_folder_reads_back_and_nothing_else_does() {
        for text in ["1986", "2026-11-21", "2026-11-21-07"] {
            assert_eq!(DatePartition::from_folder(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "86",
            "2026-11-2x",
            "2026-13-01",
            "2026-11-21-7",
            "2026-11-21-24",
            "2026-11-21T07",
            "2026-11-21é",
        ] {
            assert_eq!(DatePartition::from_folder(text), None, "{text}");
        }
    }
}
