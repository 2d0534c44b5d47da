//! From a record to its date partition, the `dt=…` folder of its object.
//!
//! A pure function of the record: the time of writing never enters. Not here: the grammar of times
//! (see `schema`) and the rest of the key (see [`crate::layout`]). Invariant: a [`DatePartition`]
//! is made only from a valid calendar time in the years 1 to 9999, so it holds only digits and
//! dashes and can never carry a key out of its prefix.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use schema::{Classifier, DateForm, parse_date};

const HOUR_IN_MILLIS: i64 = 60 * 60 * 1000;
const DAY_IN_MILLIS: i64 = 24 * HOUR_IN_MILLIS;

/// Where a record's time comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionBy {
    /// Kafka's timestamp of the record.
    Timestamp,
    /// A top-level field of the record.
    Field(DateField),
}

/// A top-level field that holds a record's date or time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateField {
    /// Its name. Classifier 1 wants it as it is written, classifier 2 matches it as
    /// [`schema::same_field`] does.
    pub name: String,
    /// How it holds the time.
    pub form: DateForm,
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

    /// The partition of a time in UTC; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn from_time(time: NaiveDateTime, granularity: Granularity) -> Option<Self> {
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

/// The ends of `field:NAME` that say how the field holds the time.
const FORMS: [(&str, DateForm); 2] = [
    (":epoch-s", DateForm::EpochSeconds),
    (":epoch-ms", DateForm::EpochMillis),
];

impl PartitionBy {
    /// Reads the text of a zone with this classifier. Classifier 1 knows no forms: there, all that
    /// follows `field:` is the name.
    ///
    /// # Errors
    /// What the text is not.
    pub fn parse(text: &str, classifier: Classifier) -> Result<Self, String> {
        let name = match text.split_once(':') {
            None if text == "timestamp" => return Ok(Self::Timestamp),
            Some(("field", name)) => name,
            _ => "",
        };
        let known = FORMS.iter().filter(|_| classifier > Classifier::One);
        let mut formed = known.filter_map(|(end, form)| Some((name.strip_suffix(end)?, *form)));
        let (name, form) = formed.next().unwrap_or((name, DateForm::Iso));
        if name.is_empty() {
            return Err(format!(
                "'{text}' is none of 'timestamp', 'field:NAME', 'field:NAME:epoch-s' and 'field:NAME:epoch-ms'"
            ));
        }
        let name = name.to_owned();
        Ok(Self::Field(DateField { name, form }))
    }

    /// The date partition of a record with this Kafka timestamp, and this time in the field that
    /// [`crate::value::ValueRule`] looks for.
    #[must_use]
    pub fn date(
        &self,
        timestamp: Option<i64>,
        in_field: Option<NaiveDateTime>,
        granularity: Granularity,
    ) -> Option<DatePartition> {
        match self {
            Self::Timestamp => DatePartition::from_timestamp(timestamp?, granularity),
            Self::Field(_) => DatePartition::from_time(in_field?, granularity),
        }
    }
}

impl fmt::Display for PartitionBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Field(field) = self else {
            return f.write_str("timestamp");
        };
        let form = FORMS.iter().find(|(_, form)| *form == field.form);
        write!(f, "field:{}{}", field.name, form.map_or("", |form| form.0))
    }
}

impl FromStr for PartitionBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, Classifier::NEWEST)
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

    #[test]
    fn the_text_of_a_zone_reads_back_by_its_classifier() {
        let field = |name: &str, form| {
            let name = name.to_owned();
            PartitionBy::Field(DateField { name, form })
        };
        for (text, by) in [
            ("timestamp", PartitionBy::Timestamp),
            ("field:Date", field("Date", DateForm::Iso)),
            ("field:a:b", field("a:b", DateForm::Iso)),
            ("field:ts:epoch-s", field("ts", DateForm::EpochSeconds)),
            ("field:a:b:epoch-ms", field("a:b", DateForm::EpochMillis)),
        ] {
            assert_eq!(text.parse(), Ok(by.clone()), "{text}");
            assert_eq!(by.to_string(), text);
        }
        let old = PartitionBy::parse("field:ts:epoch-s", Classifier::One);
        assert_eq!(old, Ok(field("ts:epoch-s", DateForm::Iso)));
        for text in ["", "field", "field:", "field::epoch-s", "Timestamp", "date"] {
            let error = text.parse::<PartitionBy>().unwrap_err();
            assert!(error.contains("'field:NAME:epoch-s'"), "{error}");
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
            let time = schema::parse_partition_time_1(&text);
            if let Some(date) = time.and_then(|time| DatePartition::from_time(time, Granularity::Hour)) {
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
