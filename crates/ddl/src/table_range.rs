//! The dates that Athena looks for: the range of a table's partition projection.
//!
//! No clock: which day it is today is an argument.

use landing::partition_by::{DatePartition, Granularity};

/// The first and the last date partition that a table knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRange {
    /// The first.
    pub from: DatePartition,
    /// The last; `None` for the one that follows the current one, which moves on with the time.
    pub until: Option<DatePartition>,
}

/// The ends of a range as a user gives them: a date of any granularity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnd {
    /// The first date: its first hour or day counts.
    First,
    /// The last date: its last hour or day counts.
    Last,
}

/// The date as a partition of this granularity: `2026` begins with the day `2026-01-01` and ends
/// with `2026-12-31`.
#[must_use]
pub fn at_granularity(
    date: &DatePartition,
    end: RangeEnd,
    granularity: Granularity,
) -> DatePartition {
    let (day, hour) = match end {
        RangeEnd::First => ("-01-01", "-00"),
        RangeEnd::Last => ("-12-31", "-23"),
    };
    let text = date.as_str();
    let of_day = match date.granularity() {
        Granularity::Year => format!("{text}{day}"),
        Granularity::Day | Granularity::Hour => text[..10].to_owned(),
    };
    let wanted = match (granularity, date.granularity()) {
        (Granularity::Year, _) => text[..4].to_owned(),
        (Granularity::Day, _) => of_day,
        (Granularity::Hour, Granularity::Hour) => text.to_owned(),
        (Granularity::Hour, _) => format!("{of_day}{hour}"),
    };
    // All parts come from a date partition, and the ends of a year are days.
    DatePartition::from_folder(&wanted).unwrap_or_else(|| date.clone())
}

impl TableRange {
    /// The properties `projection.dt.…`, without that beginning.
    ///
    /// Athena's date type has no unit for years that every reader of the properties knows, so years
    /// are whole numbers.
    pub(crate) fn projection(&self, granularity: Granularity) -> Vec<(&'static str, String)> {
        let (format, unit) = match granularity {
            Granularity::Hour => ("yyyy-MM-dd-HH", "HOURS"),
            Granularity::Day => ("yyyy-MM-dd", "DAYS"),
            Granularity::Year => {
                // Without an end it is the first year alone; `check` refuses that.
                let until = self.until.as_ref().unwrap_or(&self.from);
                return vec![
                    ("digits", "4".to_owned()),
                    ("range", format!("{},{until}", self.from)),
                    ("type", "integer".to_owned()),
                ];
            }
        };
        let until = match &self.until {
            Some(until) => until.to_string(),
            // The clocks of a broker may be ahead.
            None => format!("NOW+1{unit}"),
        };
        vec![
            ("format", format.to_owned()),
            ("interval", "1".to_owned()),
            ("interval.unit", unit.to_owned()),
            ("range", format!("{},{until}", self.from)),
            ("type", "date".to_owned()),
        ]
    }

    /// Checks that the range has dates, and, where `today` must be one of them, that it is.
    ///
    /// # Errors
    /// Which end is wrong.
    pub(crate) fn check(
        &self,
        granularity: Granularity,
        today: Option<&DatePartition>,
    ) -> Result<(), String> {
        let Self { from, until } = self;
        if granularity == Granularity::Year && until.is_none() {
            return Err("a range of years has a fixed end: give --until".to_owned());
        }
        if let Some(until) = until.as_ref().filter(|until| *until < from) {
            return Err(format!(
                "the range ends with {until} before it begins with {from}: correct --from or --until"
            ));
        }
        let Some(today) = today else { return Ok(()) };
        let today = at_granularity(today, RangeEnd::First, granularity);
        let is_late = at_granularity(from, RangeEnd::First, granularity) > today;
        if is_late || until.as_ref().is_some_and(|until| *until < today) {
            let until = until.as_ref().map_or("now", DatePartition::as_str);
            return Err(format!(
                "the range from {from} to {until} misses {today}, where records of today land: Athena would \
                 show none of them, and no error; correct --from or --until"
            ));
        }
        Ok(())
    }

    /// Whether Athena looks for this date. `now` is the current hour in UTC.
    #[must_use]
    pub fn contains(&self, date: &DatePartition, now: &DatePartition) -> bool {
        let until = match &self.until {
            Some(until) => until.clone(),
            None => next(&at_granularity(
                now,
                RangeEnd::First,
                self.from.granularity(),
            )),
        };
        self.from <= *date && *date <= until
    }
}

/// The date partition that follows.
fn next(date: &DatePartition) -> DatePartition {
    let next = DatePartition::from_timestamp(date.end_millis(), date.granularity());
    next.unwrap_or_else(|| date.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> DatePartition {
        DatePartition::from_folder(text).unwrap()
    }

    #[test]
    fn a_date_is_widened_or_cut_to_the_granularity() {
        for (text, first, last) in [
            (
                "2026",
                "2026 2026-01-01 2026-01-01-00",
                "2026 2026-12-31 2026-12-31-23",
            ),
            (
                "2026-11-21",
                "2026 2026-11-21 2026-11-21-00",
                "2026 2026-11-21 2026-11-21-23",
            ),
            (
                "2026-11-21-07",
                "2026 2026-11-21 2026-11-21-07",
                "2026 2026-11-21 2026-11-21-07",
            ),
        ] {
            let all = |end| {
                let granularities = [Granularity::Year, Granularity::Day, Granularity::Hour];
                granularities
                    .map(|granularity| at_granularity(&date(text), end, granularity).to_string())
                    .join(" ")
            };
            assert_eq!(all(RangeEnd::First), first);
            assert_eq!(all(RangeEnd::Last), last);
        }
    }

    #[test]
    fn a_range_that_has_no_dates_or_misses_today_is_refused() {
        let range = |from: &str, until: &str| TableRange {
            from: date(from),
            until: DatePartition::from_folder(until),
        };
        let today = date("2026-11-21");
        let check = |range: TableRange, granularity, is_live: bool| {
            range.check(granularity, is_live.then_some(&today))
        };
        let (day, year) = (Granularity::Day, Granularity::Year);
        assert_eq!(check(range("2026-11-21", ""), day, true), Ok(()));
        assert_eq!(check(range("2026-11-22", ""), day, false), Ok(()));
        assert_eq!(check(range("1965", "2026"), year, true), Ok(()));
        let problem = |range, granularity| check(range, granularity, true).unwrap_err();
        assert!(problem(range("2026-11-22", ""), day).contains("misses 2026-11-21"));
        assert!(problem(range("2020-01-01", "2026-11-20"), day).contains("misses 2026-11-21"));
        assert!(problem(range("1965", "2025"), year).contains("misses 2026"));
        assert!(problem(range("1965", ""), year).contains("--until"));
        assert!(problem(range("2026-11-21", "2026-11-20"), day).contains("before it begins"));
    }

    #[test]
    fn a_range_without_an_end_reaches_one_partition_beyond_now() {
        let range = TableRange {
            from: date("2026-11-21-07"),
            until: None,
        };
        let now = date("2026-11-21-23");
        for (text, is_inside) in [
            ("2026-11-21-06", false),
            ("2026-11-21-07", true),
            ("2026-11-22-00", true),
            ("2026-11-22-01", false),
        ] {
            assert_eq!(range.contains(&date(text), &now), is_inside, "{text}");
        }
    }
}
