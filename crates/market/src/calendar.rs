//! When the exchanges trade: hours, lunch breaks, holidays and half days, in UTC.
//!
//! The days come from `data/exchanges.txt`, which names its source; the zones from the time zone
//! database. Outside of the years of that file only weekends and New Year's Day are known to be
//! without trading.

use std::sync::OnceLock;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

const TABLE: &str = include_str!("../data/exchanges.txt");

/// Days from 0000-12-31, where `chrono` counts from, to 1970-01-01.
const EPOCH_DAY: i32 = 719_163;

/// The calendar of one exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    code: String,
    zone: Tz,
    /// Ascending by first day.
    hours: Vec<Hours>,
    /// The first and the last year whose holidays are known.
    years: Option<(i32, i32)>,
    /// Weekdays without trading, ascending.
    closed: Vec<NaiveDate>,
    /// Ascending by day.
    half_days: Vec<HalfDay>,
}

/// The hours of all days from a first one on.
#[derive(Clone, Debug)]
struct Hours {
    first: NaiveDate,
    parts: Vec<LocalPart>,
}

#[derive(Clone, Copy, Debug)]
struct LocalPart {
    open: NaiveTime,
    close: NaiveTime,
}

#[derive(Clone, Copy, Debug)]
struct HalfDay {
    day: NaiveDate,
    close: NaiveTime,
}

/// One day of trading: one part, or two with lunch between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The day, in the exchange's zone.
    pub date: NaiveDate,
    /// The times of trading, in order; never empty.
    pub parts: Vec<SessionPart>,
    /// Whether the day ends early.
    pub is_half: bool,
}

/// An uninterrupted time of trading, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPart {
    /// The first millisecond.
    pub open_ms: i64,
    /// The first millisecond after it.
    pub close_ms: i64,
}

impl SessionPart {
    /// How many whole minutes it lasts.
    pub(crate) fn minutes(self) -> i64 {
        (self.close_ms - self.open_ms) / 60_000
    }
}

impl Session {
    /// When the day is over, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn close_ms(&self) -> i64 {
        self.parts.last().map_or(0, |part| part.close_ms)
    }
}

impl Exchange {
    /// The exchange with this market identifier code (ISO 10383), one of XNYS, XTSE, XPAR, XETR,
    /// XSWX, XJSE, XNSE, XSHG, XHKG, XTAI and XTKS.
    #[must_use]
    pub fn with_code(code: &str) -> Option<&'static Self> {
        static EXCHANGES: OnceLock<Vec<Exchange>> = OnceLock::new();
        // A test reads the file, which is a part of the program, whole.
        let exchanges = EXCHANGES.get_or_init(|| parse(TABLE).unwrap_or_default());
        exchanges.iter().find(|exchange| exchange.code == code)
    }

    /// An exchange without any day of trading.
    pub(crate) fn always_closed() -> Self {
        Self {
            code: String::new(),
            zone: Tz::UTC,
            hours: Vec::new(),
            years: None,
            closed: Vec::new(),
            half_days: Vec::new(),
        }
    }

    /// The market identifier code, `XNYS`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The zone of its hours, `America/New_York`.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether there is trading on this day.
    #[must_use]
    pub fn is_open(&self, date: NaiveDate) -> bool {
        if self.hours.is_empty() || date.weekday().num_days_from_monday() > 4 {
            return false;
        }
        match self.years {
            Some((first, last)) if (first..=last).contains(&date.year()) => {
                self.closed.binary_search(&date).is_err()
            }
            _ => (date.month(), date.day()) != (1, 1),
        }
    }

    /// The hours of a day; `None` if there is no trading.
    #[must_use]
    pub fn session(&self, date: NaiveDate) -> Option<Session> {
        let session = self.is_open(date).then(|| self.hours_on(date))?;
        (!session.parts.is_empty()).then_some(session)
    }

    /// The hours that the exchange would have on this day, be it open or not: the usual ones, or
    /// those of a half day.
    #[must_use]
    pub fn hours_on(&self, date: NaiveDate) -> Session {
        let half = self.half_days.binary_search_by_key(&date, |half| half.day);
        let half = half.ok().map(|at| self.half_days[at].close);
        let end = half.unwrap_or(NaiveTime::MIN);
        let after = self.hours.partition_point(|hours| hours.first <= date);
        let usual = self.hours.get(after.saturating_sub(1));
        let usual = usual.map_or(&[][..], |hours| &hours.parts);
        let kept = usual
            .iter()
            .filter(|part| half.is_none() || part.open < end);
        let parts = kept.map(|part| SessionPart {
            open_ms: self.instant(date.and_time(part.open)),
            close_ms: self.instant(date.and_time(match half {
                Some(end) if end < part.close => end,
                _ => part.close,
            })),
        });
        Session {
            date,
            parts: parts.collect(),
            is_half: half.is_some(),
        }
    }

    /// The instant of a local time, in milliseconds since 1970-01-01 UTC. Clocks change at night;
    /// if they ever left out a time of trading, it would be the time before the change that counts.
    fn instant(&self, local: NaiveDateTime) -> i64 {
        let earliest = |local: NaiveDateTime| self.zone.from_local_datetime(&local).earliest();
        let known = earliest(local).map(|time| time.timestamp_millis());
        let before = |hours| {
            let time = earliest(local - TimeDelta::hours(hours))?;
            Some(time.timestamp_millis() + hours * 3_600_000)
        };
        let shifted = known.or_else(|| before(3));
        shifted.unwrap_or_else(|| local.and_utc().timestamp_millis())
    }
}

/// Days since 1970-01-01.
pub(crate) fn epoch_day(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH_DAY
}

/// The day in UTC of an instant.
pub(crate) fn utc_day(time_ms: i64) -> i64 {
    time_ms.div_euclid(86_400_000)
}

/// The day of a number of days since 1970-01-01; the first day of all for one out of range.
pub(crate) fn date_of(epoch_day: i32) -> NaiveDate {
    let time = DateTime::from_timestamp(i64::from(epoch_day) * 86_400, 0);
    time.map_or(NaiveDate::MIN, |time| time.date_naive())
}

fn parse(table: &str) -> Result<Vec<Exchange>, String> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for (at, line) in table.lines().enumerate() {
        let wrong = || format!("line {}: {line}", at + 1);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["exchange", code, zone] => exchanges.push(Exchange {
                code: (*code).to_owned(),
                zone: zone.parse().map_err(|_| wrong())?,
                hours: Vec::new(),
                years: None,
                closed: Vec::new(),
                half_days: Vec::new(),
            }),
            [kind, first, rest @ ..] => {
                let exchange = exchanges.last_mut().ok_or_else(wrong)?;
                add(exchange, kind, first, rest).ok_or_else(wrong)?;
            }
            [_] => return Err(wrong()),
        }
    }
    Ok(exchanges)
}

/// Adds what one line says; `None` if it says nothing.
fn add(exchange: &mut Exchange, kind: &str, first: &str, rest: &[&str]) -> Option<()> {
    if kind == "hours" {
        let parts: Option<Vec<LocalPart>> = rest.iter().map(|text| local_part(text)).collect();
        exchange.hours.push(Hours {
            first: first.parse().ok()?,
            parts: parts?,
        });
        return Some(());
    }
    let year: i32 = first.parse().ok()?;
    for word in rest {
        let (day, close) = word.split_once('@').unwrap_or((word, ""));
        let month_and_day: u32 = day.parse().ok()?;
        let day = NaiveDate::from_ymd_opt(year, month_and_day / 100, month_and_day % 100)?;
        match kind {
            "closed" => exchange.closed.push(day),
            "half" => exchange.half_days.push(HalfDay {
                day,
                close: local_time(close)?,
            }),
            _ => return None,
        }
    }
    if kind == "closed" {
        let first = exchange.years.map_or(year, |(first, _)| first);
        exchange.years = Some((first, year));
    }
    Some(())
}

fn local_part(text: &str) -> Option<LocalPart> {
    let (open, close) = text.split_once('-')?;
    Some(LocalPart {
        open: local_time(open)?,
        close: local_time(close)?,
    })
}

fn local_time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(code: &str, day: &str) -> Option<String> {
        let session = Exchange::with_code(code)
            .unwrap()
            .session(day.parse().unwrap())?;
        let text = |ms| {
            DateTime::from_timestamp_millis(ms)
                .unwrap()
                .format("%H:%M")
                .to_string()
        };
        let part = |part: &SessionPart| format!("{}-{}", text(part.open_ms), text(part.close_ms));
        let parts: Vec<String> = session.parts.iter().map(part).collect();
        Some(parts.join(" "))
    }

    #[test]
    fn the_file_is_read_whole_and_in_order() {
        let exchanges = parse(TABLE).unwrap();
        assert_eq!(exchanges.len(), 11);
        for exchange in &exchanges {
            let (first, last) = exchange.years.unwrap();
            assert!(first <= 1997 && last >= 2026, "{}", exchange.code);
            assert!(exchange.closed.is_sorted() && exchange.half_days.is_sorted_by_key(|h| h.day));
            let weekday = |day: &NaiveDate| day.weekday().num_days_from_monday() < 5;
            assert!(exchange.closed.iter().all(weekday), "{}", exchange.code);
            let years = usize::try_from(last - first + 1).unwrap();
            assert!((4 * years..25 * years).contains(&exchange.closed.len()));
            assert!(exchange.hours.is_sorted_by_key(|hours| hours.first));
            assert_eq!(exchange.hours[0].first, date_of(1 - EPOCH_DAY));
        }
    }

    #[test]
    fn a_line_that_says_nothing_is_named() {
        for line in [
            "closed 2020 0230",
            "hours 2020-01-01 9-10",
            "half 2020 0101",
            "what 2020 1",
        ] {
            let error = parse(&format!("exchange X UTC\n{line}\n")).unwrap_err();
            assert_eq!(error, format!("line 2: {line}"));
        }
        assert!(parse("closed 2020 0101").is_err() && parse("exchange X Nowhere/Zone").is_err());
    }

    #[test]
    fn hours_are_local_and_follow_the_clock_changes() {
        let hours = |code, day| times(code, day).unwrap();
        assert_eq!(hours("XNYS", "2021-01-04"), "14:30-21:00");
        assert_eq!(hours("XNYS", "2021-07-01"), "13:30-20:00");
        assert_eq!(hours("XTKS", "2021-07-01"), "00:00-02:30 03:30-06:00");
        assert_eq!(hours("XTKS", "2025-07-01"), "00:00-02:30 03:30-06:30");
        assert_eq!(hours("XHKG", "2021-07-02"), "01:30-04:00 05:00-08:00");
        assert_eq!(hours("XHKG", "2005-07-04"), "02:00-04:30 06:30-08:00");
    }

    #[test]
    fn holidays_and_half_days_are_those_of_the_exchange() {
        assert_eq!(times("XNYS", "2021-07-05"), None);
        assert_eq!(times("XNYS", "2001-09-11"), None);
        assert_eq!(times("XPAR", "2021-07-05").unwrap(), "07:00-15:30");
        assert_eq!(times("XNYS", "2020-11-27").unwrap(), "14:30-18:00");
        // A half day ends before lunch.
        assert_eq!(times("XHKG", "2020-12-24").unwrap(), "01:30-04:00");
        assert_eq!(times("XSHG", "2020-01-27"), None);
        assert_eq!(times("XHKG", "2021-07-03"), None);
        // Beyond the years of the file.
        assert_eq!(times("XNYS", "2100-01-01"), None);
        assert!(times("XNYS", "2100-12-31").is_some());
        assert_eq!(Exchange::with_code("NONE").map(Exchange::code), None);
    }
}
