//! Partition projection: which values the folders of a partition column may have.
//!
//! The rules are those of "Supported types for partition projection" in Athena's user guide. A
//! folder whose value does not fit has no rows, and Athena does not say so. Pure: the time of the
//! query is an argument.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Months, NaiveDateTime, TimeDelta, Timelike as _, Utc};

use super::{
    date_pattern::{DatePattern, TimeField},
    hive_type::HiveType,
};

/// How the values of one partition column are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// Times in steps.
    Date(DateProjection),
    /// Whole numbers in steps.
    Integer(IntegerProjection),
    /// A list.
    Enum(Vec<String>),
    /// Whatever the query asks for: it must name the values.
    Injected,
}

/// `projection.COLUMN.type = date`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateProjection {
    /// How a time is written.
    pub pattern: DatePattern,
    first: Bound,
    last: Bound,
    interval: u32,
    unit: TimeUnit,
}

/// `projection.COLUMN.type = integer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegerProjection {
    first: i64,
    last: i64,
    interval: i64,
    /// The width to which zeros in front fill up a number; 0 when none do.
    digits: usize,
}

/// One end of a range of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    At(NaiveDateTime),
    Now { shift: i64, unit: TimeUnit },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeUnit {
    Years,
    Months,
    Weeks,
    Days,
    Hours,
    Minutes,
    Seconds,
}

/// The least and the greatest of some texts, by their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSpan {
    /// The least.
    pub first: String,
    /// The greatest.
    pub last: String,
}

impl Projection {
    /// Reads the projection of one column from `TBLPROPERTIES`.
    ///
    /// # Errors
    /// Which property is missing, unknown or wrong, and what it may be.
    pub fn of_column(
        column: &str,
        kind: HiveType,
        properties: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let settings = Settings { column, properties };
        let (projection, known): (Self, &[&str]) = match settings.required("type")? {
            "date" => (
                Self::Date(settings.date()?),
                &["type", "range", "format", "interval", "interval.unit"],
            ),
            "integer" => (
                Self::Integer(settings.integer()?),
                &["type", "range", "interval", "digits"],
            ),
            "enum" => (Self::Enum(settings.listed()?), &["type", "values"]),
            "injected" => (Self::Injected, &["type"]),
            other => {
                return Err(format!(
                    "{} is '{other}'; it must be date, integer, enum or injected",
                    settings.key("type")
                ));
            }
        };
        settings.only(known)?;
        match (&projection, kind) {
            (Self::Date(date), HiveType::Date) if date.pattern.smallest() > TimeField::Day => Err(
                format!("partition column {column} is a date, but its format has hours"),
            ),
            (Self::Date(_), HiveType::String | HiveType::Varchar(_) | HiveType::Date)
            | (Self::Enum(_) | Self::Injected, HiveType::String | HiveType::Varchar(_))
            | (
                Self::Integer(_),
                HiveType::String | HiveType::Varchar(_) | HiveType::Int | HiveType::BigInt,
            ) => Ok(projection),
            _ => Err(format!(
                "partition column {column} is {kind}, which {} does not project; declare it as string",
                settings.key("type")
            )),
        }
    }

    /// Whether a folder with this value belongs to the table at this time.
    #[must_use]
    pub fn fits(&self, value: &str, now: DateTime<Utc>) -> bool {
        match self {
            Self::Date(date) => date.fits(value, now),
            Self::Integer(integer) => integer.fits(value),
            Self::Enum(values) => values.iter().any(|listed| listed == value),
            Self::Injected => true,
        }
    }

    /// Between which texts all values lie, where that is known.
    #[must_use]
    pub fn span(&self, now: DateTime<Utc>) -> Option<TextSpan> {
        match self {
            Self::Date(date) if date.pattern.sorts_by_time() => Some(TextSpan {
                first: date.pattern.write(date.first.at(now)?),
                last: date.pattern.write(date.last.at(now)?),
            }),
            Self::Integer(integer) if integer.sorts_by_number() => Some(TextSpan {
                first: integer.write(integer.first),
                last: integer.write(integer.last),
            }),
            Self::Enum(values) => Some(TextSpan {
                first: values.iter().min()?.clone(),
                last: values.iter().max()?.clone(),
            }),
            Self::Date(_) | Self::Integer(_) | Self::Injected => None,
        }
    }

    /// Whether the range of a date projection has the time of the query; `true` for other types.
    #[must_use]
    pub fn has_now(&self, now: DateTime<Utc>) -> bool {
        match self {
            Self::Date(date) => {
                let text = date.pattern.write(now.naive_utc());
                let start = date.pattern.time(&text);
                start.is_some_and(|start| date.spans(start, now))
            }
            Self::Integer(_) | Self::Enum(_) | Self::Injected => true,
        }
    }
}

impl DateProjection {
    fn fits(&self, value: &str, now: DateTime<Utc>) -> bool {
        let Some(time) = self.pattern.time(value) else {
            return false;
        };
        self.spans(time, now)
            && self
                .start(self.first, now)
                .is_some_and(|first| self.is_step(first, time))
    }

    /// Whether a time lies between both ends, which count by what the pattern shows of them.
    fn spans(&self, time: NaiveDateTime, now: DateTime<Utc>) -> bool {
        let first = self.start(self.first, now);
        let last = self.start(self.last, now);
        first.is_some_and(|first| first <= time) && last.is_some_and(|last| time <= last)
    }

    fn start(&self, bound: Bound, now: DateTime<Utc>) -> Option<NaiveDateTime> {
        self.pattern.time(&self.pattern.write(bound.at(now)?))
    }

    fn is_step(&self, first: NaiveDateTime, time: NaiveDateTime) -> bool {
        let interval = i64::from(self.interval);
        let months = match self.unit {
            TimeUnit::Years => interval * 12,
            TimeUnit::Months => interval,
            _ => {
                let step = self.unit.seconds() * interval;
                return (time - first).num_seconds() % step == 0;
            }
        };
        let index = |time: NaiveDateTime| i64::from(time.year()) * 12 + i64::from(time.month0());
        let between = index(time) - index(first);
        between % months == 0
            && u32::try_from(between)
                .ok()
                .and_then(|between| first.checked_add_months(Months::new(between)))
                == Some(time)
    }
}

impl IntegerProjection {
    fn fits(&self, value: &str) -> bool {
        let Ok(number) = value.parse::<i64>() else {
            return false;
        };
        (self.first..=self.last).contains(&number)
            && (number - self.first) % self.interval == 0
            && self.write(number) == value
    }

    fn write(&self, number: i64) -> String {
        format!("{number:0width$}", width = self.digits)
    }

    /// Whether the texts sort as their numbers do.
    fn sorts_by_number(&self) -> bool {
        self.first >= 0 && self.write(self.first).len() == self.write(self.last).len()
    }
}

impl Bound {
    fn at(self, now: DateTime<Utc>) -> Option<NaiveDateTime> {
        let (shift, unit) = match self {
            Self::At(time) => return Some(time),
            Self::Now { shift, unit } => (shift, unit),
        };
        let now = now.naive_utc().with_nanosecond(0)?;
        let months = match unit {
            TimeUnit::Years => shift.checked_mul(12)?,
            TimeUnit::Months => shift,
            _ => {
                let seconds = shift.checked_mul(unit.seconds())?;
                return now.checked_add_signed(TimeDelta::try_seconds(seconds)?);
            }
        };
        let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        if months < 0 {
            now.checked_sub_months(count)
        } else {
            now.checked_add_months(count)
        }
    }

    /// `NOW`, `NOW+1DAYS`, `NOW - 3 YEARS`, or a time by the pattern.
    fn read(text: &str, pattern: &DatePattern) -> Option<Self> {
        let Some(rest) = text.strip_prefix("NOW") else {
            return pattern.time(text).map(Self::At);
        };
        let rest = rest.trim();
        if rest.is_empty() {
            let unit = TimeUnit::Days;
            return Some(Self::Now { shift: 0, unit });
        }
        let sign = match rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let rest = rest[1..].trim();
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let shift: i64 = rest[..digits].parse().ok()?;
        let unit = TimeUnit::read(rest[digits..].trim())?;
        Some(Self::Now {
            shift: sign * shift,
            unit,
        })
    }
}

impl TimeUnit {
    /// `DAY` or `DAYS`.
    fn read(text: &str) -> Option<Self> {
        Some(match text.strip_suffix('S').unwrap_or(text) {
            "YEAR" => Self::Years,
            "MONTH" => Self::Months,
            "WEEK" => Self::Weeks,
            "DAY" => Self::Days,
            "HOUR" => Self::Hours,
            "MINUTE" => Self::Minutes,
            "SECOND" => Self::Seconds,
            _ => return None,
        })
    }

    /// Its length; months and years, which have none, count as 30 and 365 days.
    fn seconds(self) -> i64 {
        match self {
            Self::Years => 365 * 86_400,
            Self::Months => 30 * 86_400,
            Self::Weeks => 7 * 86_400,
            Self::Days => 86_400,
            Self::Hours => 3_600,
            Self::Minutes => 60,
            Self::Seconds => 1,
        }
    }
}

/// The properties of one column.
struct Settings<'p> {
    column: &'p str,
    properties: &'p BTreeMap<String, String>,
}

impl<'p> Settings<'p> {
    fn key(&self, name: &str) -> String {
        format!("projection.{}.{name}", self.column)
    }

    fn get(&self, name: &str) -> Option<&'p str> {
        self.properties
            .get(&self.key(name))
            .map(|value| value.trim())
    }

    fn required(&self, name: &str) -> Result<&'p str, String> {
        self.get(name).ok_or_else(|| {
            format!(
                "{} is missing: with projection.enabled each partition column needs it",
                self.key(name)
            )
        })
    }

    fn only(&self, known: &[&str]) -> Result<(), String> {
        let prefix = format!("projection.{}.", self.column);
        let names = self.properties.keys();
        let unknown = names
            .filter_map(|key| key.strip_prefix(&prefix))
            .find(|name| !known.contains(name));
        match unknown {
            Some(name) => Err(format!(
                "{} is not a property of this projection; it has {}",
                self.key(name),
                known.join(", ")
            )),
            None => Ok(()),
        }
    }

    fn range(&self) -> Result<[&'p str; 2], String> {
        let range = self.required("range")?;
        match range.split_once(',') {
            Some((first, last)) => Ok([first.trim(), last.trim()]),
            None => Err(format!(
                "{} is '{range}'; it takes two values with a comma",
                self.key("range")
            )),
        }
    }

    fn date(&self) -> Result<DateProjection, String> {
        let pattern = DatePattern::read(self.required("format")?)
            .map_err(|problem| format!("{}: {problem}", self.key("format")))?;
        let bound = |text: &str| {
            Bound::read(text, &pattern).ok_or_else(|| {
                format!(
                    "{}: '{text}' is neither a time in the format {} nor NOW, NOW+1DAYS or the like",
                    self.key("range"),
                    pattern.as_str()
                )
            })
        };
        let [first, last] = self.range()?;
        let (first, last) = (bound(first)?, bound(last)?);
        if let (Bound::At(first), Bound::At(last)) = (first, last)
            && first > last
        {
            return Err(format!("{} ends before it begins", self.key("range")));
        }
        let interval = match self.get("interval") {
            None => 1,
            Some(text) => match text.parse() {
                Ok(interval) if interval > 0 => interval,
                _ => {
                    return Err(format!(
                        "{} is '{text}'; it must be a whole number from 1",
                        self.key("interval")
                    ));
                }
            },
        };
        let unit = match self.get("interval.unit") {
            Some(text) => TimeUnit::read(&text.to_ascii_uppercase()).ok_or_else(|| {
                format!(
                    "{} is '{text}'; it must be YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES or SECONDS",
                    self.key("interval.unit")
                )
            })?,
            None => match pattern.smallest() {
                TimeField::Day => TimeUnit::Days,
                TimeField::Month => TimeUnit::Months,
                // Athena's default is for single days and months alone.
                _ => {
                    return Err(format!(
                        "{} is missing: the format {} is neither of days nor of months",
                        self.key("interval.unit"),
                        pattern.as_str()
                    ));
                }
            },
        };
        Ok(DateProjection {
            pattern,
            first,
            last,
            interval,
            unit,
        })
    }

    fn integer(&self) -> Result<IntegerProjection, String> {
        let number = |name: &str, text: &str| {
            text.parse::<i64>()
                .map_err(|_| format!("{}: '{text}' is not a whole number", self.key(name)))
        };
        let [first, last] = self.range()?;
        let (first, last) = (number("range", first)?, number("range", last)?);
        if first > last {
            return Err(format!("{} ends before it begins", self.key("range")));
        }
        let interval = self
            .get("interval")
            .map_or(Ok(1), |text| number("interval", text))?;
        let digits = self
            .get("digits")
            .map_or(Ok(0), |text| number("digits", text))?;
        match usize::try_from(digits) {
            Ok(digits @ 0..=18) if interval > 0 => Ok(IntegerProjection {
                first,
                last,
                interval,
                digits,
            }),
            Ok(0..=18) => Err(format!("{} must be 1 or more", self.key("interval"))),
            _ => Err(format!("{} must be from 1 to 18", self.key("digits"))),
        }
    }

    fn listed(&self) -> Result<Vec<String>, String> {
        let values = self.required("values")?.split(',').map(str::trim);
        let values: Vec<String> = values
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect();
        if values.is_empty() {
            return Err(format!("{} is empty", self.key("values")));
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-30T22:15:00Z".parse().unwrap()
    }

    fn read(kind: HiveType, settings: &[(&str, &str)]) -> Result<Projection, String> {
        let settings = settings.iter();
        let properties =
            settings.map(|(name, value)| (format!("projection.dt.{name}"), (*value).to_owned()));
        Projection::of_column("dt", kind, &properties.collect())
    }

    fn date(format: &str, range: &str, more: &[(&str, &str)]) -> Projection {
        let mut settings = vec![("type", "date"), ("format", format), ("range", range)];
        settings.extend(more);
        read(HiveType::String, &settings).unwrap()
    }

    fn fitting<'v>(projection: &Projection, values: &[&'v str]) -> Vec<&'v str> {
        let fits = |value: &&str| projection.fits(value, now());
        values.iter().copied().filter(fits).collect()
    }

    #[test]
    fn days_lie_in_a_range_that_may_move() {
        let days = date("yyyy-MM-dd", "2026-11-01,NOW+1DAYS", &[]);
        assert_eq!(
            fitting(
                &days,
                &[
                    "2026-10-31",
                    "2026-11-01",
                    "2026-11-30",
                    "2026-12-01",
                    "2026-12-02",
                    "2026-11-1",
                    "unknown",
                    ""
                ]
            ),
            ["2026-11-01", "2026-11-30", "2026-12-01"]
        );
        let span = days.span(now()).unwrap();
        assert_eq!(
            (span.first.as_str(), span.last.as_str()),
            ("2026-11-01", "2026-12-01")
        );
        // The start of a moving range counts by its day, too.
        let three_years = date("yyyy-MM-dd", "NOW-3YEARS,NOW", &[]);
        assert_eq!(
            fitting(
                &three_years,
                &["2023-11-29", "2023-11-30", "2026-11-30", "2026-12-01"]
            ),
            ["2023-11-30", "2026-11-30"]
        );
    }

    #[test]
    fn steps_have_units() {
        let hours = date(
            "yyyy-MM-dd-HH",
            "2026-11-01-00,NOW+1HOURS",
            &[("interval", "1"), ("interval.unit", "HOURS")],
        );
        assert_eq!(
            fitting(
                &hours,
                &[
                    "2026-10-31-23",
                    "2026-11-01-00",
                    "2026-11-30-23",
                    "2026-12-01-00",
                    "2026-11-01"
                ]
            ),
            ["2026-11-01-00", "2026-11-30-23"]
        );
        let months = date("yyyyMM", "202601,NOW", &[]);
        assert_eq!(
            fitting(&months, &["202512", "202601", "202611", "202612"]),
            ["202601", "202611"]
        );
        let quarters = date(
            "yyyy-MM-dd",
            "2026-01-01,NOW",
            &[("interval", "3"), ("interval.unit", "MONTHS")],
        );
        assert_eq!(
            fitting(
                &quarters,
                &[
                    "2026-01-01",
                    "2026-02-01",
                    "2026-04-01",
                    "2026-04-02",
                    "2026-10-01"
                ]
            ),
            ["2026-01-01", "2026-04-01", "2026-10-01"]
        );
        let years = date("yyyy", "1965,NOW", &[("interval.unit", "YEARS")]);
        assert_eq!(
            fitting(&years, &["1964", "1965", "2026", "2027"]),
            ["1965", "2026"]
        );
        let weeks = date(
            "yyyy/MM/dd",
            "2026/11/02,NOW",
            &[("interval.unit", "WEEKS")],
        );
        assert_eq!(
            fitting(&weeks, &["2026/11/02", "2026/11/03", "2026/11/30"]),
            ["2026/11/02", "2026/11/30"]
        );
    }

    #[test]
    fn numbers_have_digits() {
        let settings = [("type", "integer"), ("range", "0,23"), ("digits", "2")];
        let hours = read(HiveType::String, &settings).unwrap();
        assert_eq!(
            fitting(&hours, &["00", "0", "07", "23", "24", "-1", "007", "7a"]),
            ["00", "07", "23"]
        );
        let settings = [
            ("type", "integer"),
            ("range", "1965,2035"),
            ("interval", "10"),
        ];
        let decades = read(HiveType::Int, &settings).unwrap();
        assert_eq!(
            fitting(&decades, &["1965", "1970", "1975", "2035", "2045", "+1965"]),
            ["1965", "1975", "2035"]
        );
    }

    #[test]
    fn lists_have_what_they_list() {
        let markets = read(
            HiveType::String,
            &[("type", "enum"), ("values", "NYA, HSI")],
        )
        .unwrap();
        assert_eq!(
            fitting(&markets, &["NYA", "HSI", "nya", ""]),
            ["NYA", "HSI"]
        );
        assert!(
            read(HiveType::String, &[("type", "injected")])
                .unwrap()
                .fits("anything", now())
        );
    }

    #[test]
    fn a_range_may_miss_today() {
        for (range, has_now) in [
            ("2026-11-01,NOW", true),
            ("2026-11-01,2026-11-29", false),
            ("NOW+1DAYS,NOW+2DAYS", false),
        ] {
            assert_eq!(
                date("yyyy-MM-dd", range, &[]).has_now(now()),
                has_now,
                "{range}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let days = [("type", "date"), ("format", "yyyy-MM-dd")];
        for (kind, settings, named) in [
            (HiveType::String, vec![], "projection.dt.type is missing"),
            (HiveType::String, vec![("type", "day")], "'day'"),
            (
                HiveType::String,
                days.to_vec(),
                "projection.dt.range is missing",
            ),
            (
                HiveType::String,
                [&days[..], &[("range", "2026-11-01")]].concat(),
                "two values",
            ),
            (
                HiveType::String,
                [&days[..], &[("range", "2026-11-1,NOW")]].concat(),
                "'2026-11-1'",
            ),
            (
                HiveType::String,
                [&days[..], &[("range", "2026-11-01,NOW+DAYS")]].concat(),
                "'NOW+DAYS'",
            ),
            (
                HiveType::String,
                [&days[..], &[("range", "2026-11-02,2026-11-01")]].concat(),
                "ends before",
            ),
            (
                HiveType::String,
                [&days[..], &[("range", "2026-11-02,NOW"), ("interval", "0")]].concat(),
                "interval",
            ),
            (
                HiveType::String,
                [&days[..], &[("range", "2026-11-02,NOW"), ("digits", "2")]].concat(),
                "digits",
            ),
            (
                HiveType::Double,
                [&days[..], &[("range", "2026-11-02,NOW")]].concat(),
                "double",
            ),
            (
                HiveType::String,
                vec![("type", "date"), ("format", "yyyy"), ("range", "1965,NOW")],
                "interval.unit is missing",
            ),
            (
                HiveType::String,
                vec![("type", "integer"), ("range", "a,2")],
                "'a'",
            ),
            (
                HiveType::String,
                vec![("type", "integer"), ("range", "3,2")],
                "ends before",
            ),
            (
                HiveType::String,
                vec![("type", "enum"), ("values", " ")],
                "empty",
            ),
        ] {
            let refusal = read(kind, &settings).unwrap_err();
            assert!(refusal.contains(named), "{settings:?}: {refusal}");
        }
    }
}
