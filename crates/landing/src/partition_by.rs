//! From a record to its date partition, the `dt=…` folder of its object.
//!
//! A pure function of the record: the time of writing never enters. Not here: the rest of the key
//! (see [`crate::layout`]). Invariant: a [`DatePartition`] is made only from a valid calendar time
//! between the years 1 and 9999, so it holds digits and dashes alone and can never carry a key out
//! of its prefix.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

const HOUR_IN_MILLIS: i64 = 60 * 60 * 1000;

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

    /// The partition of a date (`2021-06-03`) or an ISO 8601 time (`2021-06-03T15:30:00.5+02:00`, a
    /// space instead of `T` is fine, a time without zone is UTC); `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str, granularity: Granularity) -> Option<Self> {
        Self::from_time(parse_time(text)?, granularity)
    }

    /// The value as it stands in the key, without `dt=`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what stands behind `dt=` in a key; `None` when it is no date partition of any
    /// granularity.
    #[must_use]
    pub fn from_folder(text: &str) -> Option<Self> {
        let (time, granularity) = match text.len() {
            4 => (format!("{text}-01-01"), Granularity::Year),
            10 => (text.to_owned(), Granularity::Day),
            13 => (
                format!("{}T{}:00:00Z", &text.get(..10)?, &text.get(11..)?),
                Granularity::Hour,
            ),
            _ => return None,
        };
        Self::from_text(&time, granularity).filter(|date| date.0 == text)
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

    /// The first instant behind it, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn end_millis(&self) -> i64 {
        let (date, hour) = match self.granularity() {
            Granularity::Year => (format!("{}-12-31", self.0), None),
            Granularity::Day => (self.0.clone(), None),
            Granularity::Hour => (self.0[..10].to_owned(), self.0[11..].parse::<i64>().ok()),
        };
        let midnight = date.parse::<NaiveDate>().unwrap_or_default();
        let midnight = midnight
            .and_time(NaiveTime::MIN)
            .and_utc()
            .timestamp_millis();
        midnight + hour.map_or(24, |hour| hour + 1) * HOUR_IN_MILLIS
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

fn parse_time(text: &str) -> Option<NaiveDateTime> {
    // Shapes are checked by hand first: chrono would also take `+002021-6-3`, signs and missing
    // digits.
    let bytes = text.as_bytes();
    let dashed = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
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
            let offset = chrono::FixedOffset::from_str(zone).ok()?;
            time.checked_sub_offset(offset)
        }
    }
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
