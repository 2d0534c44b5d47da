//! Which instant a text names, in a form and a zone that somebody has chosen.
//!
//! Nothing is guessed: a text in another form is no time.

use chrono::{
    DateTime, NaiveTime,
    format::{Item, Parsed, StrftimeItems, parse},
};

use super::{
    calendar::{MILLIS_PER_DAY, TIMESTAMPS, parse_date},
    column_rule::parse_clock_time,
    time_zone::TimeZone,
};
use crate::number::scaled;

/// The form of times, and the zone of those that do not name theirs.
#[derive(Debug, Clone)]
pub struct TimeFormat {
    form: TimeForm,
    zone: TimeZone,
}

#[derive(Debug, Clone)]
enum TimeForm {
    /// The column rule.
    Iso,
    /// A number since 1970-01-01 UTC; three places are taken of seconds, none of milliseconds.
    Epoch {
        places: u32,
    },
    Strftime(Vec<Item<'static>>),
}

/// Why something is no form of a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeFormatError {
    /// Not in the language of strftime.
    #[error(
        "{format:?} is no time format; give one such as '%d/%m/%Y %H:%M', or iso, epoch-seconds \
         or epoch-millis"
    )]
    Unknown {
        /// What was given.
        format: String,
    },
    /// Texts in the form leave the day open.
    #[error("{format:?} does not name a day; it needs one such as %Y-%m-%d")]
    NoDay {
        /// What was given.
        format: String,
    },
}

impl TimeFormat {
    /// ISO 8601: `2020-01-02`, `2020-01-02 09:30`, `2020-01-02T09:30:00.5+02:00`.
    #[must_use]
    pub fn iso(zone: TimeZone) -> Self {
        let form = TimeForm::Iso;
        Self { form, zone }
    }

    /// `format` is `iso`, `epoch-seconds`, `epoch-millis`, or a pattern of strftime. A form without
    /// a clock names the midnight of its day.
    ///
    /// # Errors
    /// [`TimeFormatError`] for a pattern that is none, or that names no day.
    pub fn new(format: &str, zone: TimeZone) -> Result<Self, TimeFormatError> {
        let form = match format {
            "iso" => TimeForm::Iso,
            "epoch-seconds" => TimeForm::Epoch { places: 3 },
            "epoch-millis" => TimeForm::Epoch { places: 0 },
            pattern => TimeForm::Strftime(pattern_items(pattern)?),
        };
        Ok(Self { form, zone })
    }

    /// Milliseconds since 1970-01-01 UTC of the instant that the text names, blanks around it
    /// aside; `None` if it is not in the form, and outside of the years 1 to 9999.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        let millis = match &self.form {
            TimeForm::Iso => {
                let time = parse_clock_time(text)?;
                match time.ahead {
                    Some(ahead) => time.millis - ahead,
                    None => self.zone.instant(time.millis),
                }
            }
            TimeForm::Epoch { places } => i64::try_from(scaled(text, *places)?.floor()).ok()?,
            TimeForm::Strftime(items) => strftime_instant(items, text, self.zone)?,
        };
        TIMESTAMPS.contains(&millis).then_some(millis)
    }

    /// The same, but of a text that names a whole day the last millisecond of it.
    #[must_use]
    pub fn parse_end(&self, text: &str) -> Option<i64> {
        match (&self.form, parse_date(text.trim())) {
            (TimeForm::Iso, Some(day)) => {
                Some(self.zone.instant((i64::from(day) + 1) * MILLIS_PER_DAY) - 1)
            }
            _ => self.parse(text),
        }
    }
}

/// The parts of a pattern, tried on a time.
fn pattern_items(pattern: &str) -> Result<Vec<Item<'static>>, TimeFormatError> {
    let format = pattern.to_owned();
    let items = StrftimeItems::new(pattern).parse_to_owned();
    let items = match items {
        Ok(items) if pattern.contains('%') => items,
        _ => return Err(TimeFormatError::Unknown { format }),
    };
    let sample = DateTime::from_timestamp_millis(981_173_106_000).unwrap_or_default();
    let written = sample.format_with_items(items.iter()).to_string();
    match strftime_instant(&items, &written, TimeZone::UTC) {
        Some(_) => Ok(items),
        None => Err(TimeFormatError::NoDay { format }),
    }
}

fn strftime_instant(items: &[Item<'static>], text: &str, zone: TimeZone) -> Option<i64> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).ok()?;
    if parsed.timestamp().is_some() {
        let time = parsed.to_naive_datetime_with_offset(0).ok()?;
        return Some(time.and_utc().timestamp_millis());
    }
    let has_clock = parsed.hour_div_12().is_some()
        || parsed.hour_mod_12().is_some()
        || parsed.minute().is_some();
    let clock = if has_clock {
        parsed.to_naive_time().ok()?
    } else {
        NaiveTime::MIN
    };
    let shown = parsed.to_naive_date().ok()?.and_time(clock);
    let shown = shown.and_utc().timestamp_millis();
    Some(match parsed.offset() {
        Some(ahead) => shown - i64::from(ahead) * 1_000,
        None => zone.instant(shown),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date_time::append_timestamp;

    fn read(format: &str, zone: &str, text: &str) -> Option<String> {
        let format = TimeFormat::new(format, zone.parse().unwrap()).unwrap();
        let mut out = Vec::new();
        append_timestamp(format.parse(text)?, &mut out);
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn times_are_read_in_the_form_and_the_zone_that_are_given() {
        for (format, zone, text, expected) in [
            ("iso", "UTC", "2020-01-02", "2020-01-02 00:00:00.000"),
            (
                "iso",
                "Asia/Hong_Kong",
                "2020-01-02 09:30",
                "2020-01-02 01:30:00.000",
            ),
            (
                "iso",
                "Asia/Hong_Kong",
                "2020-01-02 09:30Z",
                "2020-01-02 09:30:00.000",
            ),
            (
                "iso",
                "UTC",
                "2020-01-02 00:00:00-05:00",
                "2020-01-02 05:00:00.000",
            ),
            ("%d/%m/%Y", "UTC", " 31/12/2020 ", "2020-12-31 00:00:00.000"),
            (
                "%m/%d/%Y",
                "America/New_York",
                "07/01/2020",
                "2020-07-01 04:00:00.000",
            ),
            (
                "%b %d, %Y",
                "UTC",
                "Dec 31, 2020",
                "2020-12-31 00:00:00.000",
            ),
            (
                "%Y%m%d %H%M%S",
                "UTC",
                "20210603 153000",
                "2021-06-03 15:30:00.000",
            ),
            (
                "%Y-%m-%d %H:%M",
                "UTC",
                "2021-06-03 15:30",
                "2021-06-03 15:30:00.000",
            ),
            (
                "%d-%m-%y %I:%M %p",
                "UTC",
                "03-06-21 03:30 PM",
                "2021-06-03 15:30:00.000",
            ),
            (
                "%d/%m/%Y %H:%M %z",
                "Asia/Tokyo",
                "03/06/2021 15:30 +0200",
                "2021-06-03 13:30:00.000",
            ),
            (
                "epoch-seconds",
                "Asia/Tokyo",
                "1577923200.5",
                "2020-01-02 00:00:00.500",
            ),
            (
                "epoch-millis",
                "UTC",
                "1577923200000",
                "2020-01-02 00:00:00.000",
            ),
            ("%s", "Asia/Tokyo", "1577923200", "2020-01-02 00:00:00.000"),
        ] {
            assert_eq!(
                read(format, zone, text).as_deref(),
                Some(expected),
                "{format} {text}"
            );
        }
        for (format, text) in [
            ("iso", "31/12/2020"),
            ("iso", "20201231"),
            ("%d/%m/%Y", "12/31/2020"),
            ("%d/%m/%Y", "31/12/2020 10:00"),
            ("%Y-%m-%d %H:%M", "2020-12-31"),
            ("epoch-seconds", "2020-12-31"),
            ("epoch-millis", "9e99"),
        ] {
            assert_eq!(read(format, "UTC", text), None, "{format} {text}");
        }
    }

    #[test]
    fn forms_that_name_no_day_are_refused() {
        let refused = |format| {
            TimeFormat::new(format, TimeZone::UTC)
                .unwrap_err()
                .to_string()
        };
        for format in ["", "yyyy-mm-dd", "%Q", "date"] {
            assert!(refused(format).contains("is no time format"), "{format}");
        }
        for format in ["%H:%M", "%Y-%m", "%d/%m"] {
            assert!(refused(format).contains("does not name a day"), "{format}");
        }
    }

    #[test]
    fn the_end_of_a_day_is_its_last_millisecond() {
        let utc = TimeFormat::iso(TimeZone::UTC);
        assert_eq!(utc.parse_end("1970-01-01"), Some(86_399_999));
        assert_eq!(utc.parse_end("1970-01-01T00:00:01Z"), Some(1_000));
        let zone = "America/New_York".parse().unwrap();
        // 23 hours.
        let day = "2021-03-14";
        let format = TimeFormat::iso(zone);
        let length = format.parse_end(day).unwrap() - format.parse(day).unwrap();
        assert_eq!(length, 23 * 3_600_000 - 1);
    }
}
