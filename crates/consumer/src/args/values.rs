//! The forms that values of flags take: times, sizes, starts, librdkafka options.
//!
//! Not here: which flag takes which (see the parent module).
//! Invariant: a message about a librdkafka option never holds its value.

use std::{fmt, time::Duration};

/// Where a group without committed offsets begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the first record that Kafka still has.
    Earliest,
    /// Behind the last one.
    Latest,
    /// At the first record with this timestamp (milliseconds since 1970 UTC) or a later one.
    Timestamp(i64),
}

impl StartAt {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            _ => parse_time(text)
                .map(Self::Timestamp)
                .ok_or_else(|| "is none of earliest, latest, a date (2026-11-21) or an ISO 8601 time (2026-11-21T07:00:00Z)".to_owned()),
        }
    }
}

fn parse_time(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<chrono::NaiveDate>() {
        return Some(
            date.and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_millis(),
        );
    }
    let with_zone = chrono::DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
    with_zone
        .or_else(|_| {
            text.parse::<chrono::NaiveDateTime>()
                .map(|time| time.and_utc().timestamp_millis())
        })
        .ok()
}

/// One `-X`, as written. `Debug` shows no value, for it may be a secret.
#[derive(Clone)]
pub struct KafkaOption(String);

impl KafkaOption {
    /// Takes any text: a mistake is reported later, by name only (clap's own message would show the
    /// value).
    pub(super) fn parse(text: &str) -> Result<Self, std::convert::Infallible> {
        Ok(Self(text.to_owned()))
    }

    /// Name and value; nothing if there is no `=` or no name.
    #[must_use]
    pub fn split(&self) -> Option<(&str, &str)> {
        let (name, value) = self.0.split_once('=')?;
        (!name.trim().is_empty()).then_some((name.trim(), value))
    }
}

impl fmt::Debug for KafkaOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KafkaOption({}=***)",
            self.split().map_or("?", |(name, _)| name)
        )
    }
}

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        "must be a number above 0 with a unit, such as 500ms, 10s, 2m or 1h, and at most 24h"
            .to_owned()
    };
    let unit_at = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| wrong())? * unit;
    if (0.001..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(wrong())
    }
}

/// How late records may come: days too, and none at all.
pub(super) fn parse_lateness(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a number with a unit, such as 0s, 90m, 12h or 1d".to_owned();
    let unit_at = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = number.trim().parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

pub(super) fn parse_size(text: &str) -> Result<usize, String> {
    let wrong = || "must be a whole number of bytes, KiB, MiB or GiB, such as 64MiB".to_owned();
    let unit_at = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor: usize = match unit.trim() {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => return Err(wrong()),
    };
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_earliest_latest_or_a_time() {
        assert_eq!(StartAt::parse("latest"), Ok(StartAt::Latest));
        assert_eq!(
            StartAt::parse("1970-01-02"),
            Ok(StartAt::Timestamp(86_400_000))
        );
        assert_eq!(
            StartAt::parse("1970-01-01T01:00:00+01:00"),
            Ok(StartAt::Timestamp(0))
        );
        assert_eq!(
            StartAt::parse("1970-01-01T00:00:01"),
            Ok(StartAt::Timestamp(1_000))
        );
        assert!(StartAt::parse("yesterday").is_err());
    }

    #[test]
    fn lateness_may_be_nothing_or_days() {
        assert_eq!(parse_lateness("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_lateness("90m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_lateness("3d"), Ok(Duration::from_secs(3 * 86_400)));
        for text in ["", "3", "-1d", "1.5d", "1w", "99999999999d"] {
            assert!(parse_lateness(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert_eq!(parse_size("1024"), Ok(1024));
        for text in ["", "64MB", "-1", "1.5MiB", "99999999999GiB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_kafka_option_is_printed_without_its_value() {
        let option = KafkaOption::parse("sasl.password=hunter2").unwrap();
        assert_eq!(format!("{option:?}"), "KafkaOption(sasl.password=***)");
        assert_eq!(option.split(), Some(("sasl.password", "hunter2")));
    }
}
