//! Dates and times as Trino 476 reads the texts of JSON columns, in Hive's reader and in that of
//! OpenX. Both are lenient: a thirteenth month is the first of the next year.

use chrono::{Days, Months, NaiveDate};

use super::java_number::ExactNumber;

/// Days since 1970-01-01 of a date as Hive reads it: `2021-6-4`, up to the first space.
#[must_use]
pub(super) fn hive_date(text: &str) -> Option<i32> {
    let text = text.trim_matches(|sign: char| sign <= ' ');
    days(text.split(' ').next().unwrap_or(text))
}

/// Days since 1970-01-01 of a date as Trino 476's OpenX reader reads it (measured): a date with a
/// year of up to four digits, and after it anything but another digit.
pub(super) fn openx_date(text: &str) -> Option<i32> {
    let text = text.trim_matches(|sign: char| sign <= ' ');
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let mut rest = unsigned;
    for (most, end) in [(4, "-"), (2, "-"), (2, "")] {
        let digits = rest.len()
            - rest
                .trim_start_matches(|sign: char| sign.is_ascii_digit())
                .len();
        if !(1..=most).contains(&digits) {
            return None;
        }
        rest = rest[digits..].strip_prefix(end)?;
    }
    days(&text[..text.len() - rest.len()])
}

/// Milliseconds since 1970-01-01 of a time as Trino's OpenX reader reads it: a date and a time with
/// or without a zone, or a number of seconds, or of milliseconds from 13 signs on.
#[must_use]
pub(super) fn openx_timestamp(text: &str) -> Option<i64> {
    if text.find(':').is_some_and(|at| at > 0) {
        return zoned(text).or_else(|| hive_timestamp(text));
    }
    let is_number = |sign: char| sign.is_ascii_digit() || matches!(sign, '-' | '+' | '.');
    if !text.chars().all(is_number) {
        return None;
    }
    if text.contains('.') {
        return ExactNumber::read(&format!("{text}e3"))?.whole();
    }
    let number: i64 = text.parse().ok()?;
    if text.len() >= 13 {
        Some(number)
    } else {
        number.checked_mul(1_000)
    }
}

/// Milliseconds since 1970-01-01 of a time as Hive reads it: a date with a time after a space
/// or a `T`.
#[must_use]
pub(super) fn hive_timestamp(text: &str) -> Option<i64> {
    let text = text.trim_matches(|sign: char| sign <= ' ');
    let at = text.find([' ', 'T', 't'])?;
    let has_seconds = text[at + 1..].matches(':').count() == 2;
    if text[at..].starts_with(' ') && !has_seconds {
        return None;
    }
    let millis = millis_of_day(&text[at + 1..])?;
    (i64::from(days(&text[..at])?) * DAY).checked_add(millis)
}

const DAY: i64 = 86_400_000;

/// `2021-06-04T10:00:00+02:00`, `…+0200` or `…Z`.
fn zoned(text: &str) -> Option<i64> {
    let (local, offset_minutes) = match text.strip_suffix(['Z', 'z']) {
        Some(local) => (local, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let zone = text[at + 1..].replace(':', "");
            if zone.len() != 4 || !zone.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let minutes = zone[..2].parse::<i64>().ok()? * 60 + zone[2..].parse::<i64>().ok()?;
            let sign = if text[at..].starts_with('-') { -1 } else { 1 };
            (&text[..at], sign * minutes)
        }
    };
    let (date, time) = local.split_once(['T', 't'])?;
    let millis = millis_of_day(time)?;
    let local = i64::from(days(date)?) * DAY + millis;
    Some(local - offset_minutes * 60_000)
}

/// `10:00`, `10:00:00` or `10:00:00.123456789`, rounded to milliseconds.
fn millis_of_day(time: &str) -> Option<i64> {
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (seconds, nanos) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (number(seconds)?, 0),
            Some((seconds, fraction)) => {
                let is_fraction = (1..=9).contains(&fraction.len())
                    && fraction.bytes().all(|byte| byte.is_ascii_digit());
                if !is_fraction {
                    return None;
                }
                (
                    number(seconds)?,
                    format!("{fraction:0<9}").parse::<i64>().ok()?,
                )
            }
        },
    };
    if parts.next().is_some() {
        return None;
    }
    let millis = ((hour * 60 + minute) * 60 + seconds) * 1_000;
    Some(millis + (nanos + 500_000) / 1_000_000)
}

fn days(text: &str) -> Option<i32> {
    // The sign of the year is not a separator.
    let start = usize::from(text.starts_with(['+', '-']));
    let first = start + text[start..].find('-')?;
    let second = first + 1 + text[first + 1..].find('-')?;
    let year = number(&text[start..first])?;
    let year = if text.starts_with('-') { -year } else { year };
    let month = number(&text[first + 1..second])?;
    let day = number(&text[second + 1..])?;
    let january = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, 1, 1)?;
    let date = match month {
        0 => january.checked_sub_months(Months::new(1))?,
        month => january.checked_add_months(Months::new(u32::try_from(month - 1).ok()?))?,
    };
    let date = match day {
        0 => date.checked_sub_days(Days::new(1))?,
        day => date.checked_add_days(Days::new(u64::try_from(day - 1).ok()?))?,
    };
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    i32::try_from((date - epoch).num_days()).ok()
}

/// Up to nine digits, as a lenient field of Java takes them.
fn number(text: &str) -> Option<i64> {
    let is_number = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_lenient() {
        for (text, expected) in [
            ("1970-01-02", Some(1)),
            ("1970-1-2", Some(1)),
            (" 1970-01-02 10:00", Some(1)),
            ("1970-13-01", Some(365)),
            ("1970-01-32", Some(31)),
            ("1970-02-00", Some(30)),
            ("-0001-01-01", Some(-719_893)),
            ("1970-01-02T00:00:00Z", None),
            ("1970-01", None),
            ("19700102", None),
            ("", None),
        ] {
            assert_eq!(hive_date(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_of_openx_may_have_a_time() {
        for (text, expected) in [
            ("1970-01-02", Some(1)),
            ("1970-1-2", Some(1)),
            ("1970-01-02T23:30:00-05:00", Some(1)),
            ("1970-01-02xyz", Some(1)),
            ("1970-13-01T00", Some(365)),
            ("-0001-01-01", Some(-719_893)),
            ("1970-01-045", None),
            ("11970-01-02", None),
            ("1970/01/02", None),
            ("x1970-01-02", None),
            ("1970-01", None),
            ("1970-01-", None),
        ] {
            assert_eq!(openx_date(text), expected, "{text}");
        }
    }

    #[test]
    fn times_have_several_forms() {
        for (text, expected) in [
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("1970-01-01T02:00:00+02:00", Some(0)),
            ("1970-01-01T02:00:00+0200", Some(0)),
            ("1970-01-01t00:00:00.0005z", Some(1)),
            ("1970-01-01 00:00:01", Some(1_000)),
            ("1970-01-01 00:00:01.5", Some(1_500)),
            ("1970-01-01T00:01", Some(60_000)),
            ("1970-01-01 00:01", None),
            ("1970-01-01", None),
            ("10", Some(10_000)),
            ("1.5", Some(1_500)),
            ("1700000000000", Some(1_700_000_000_000)),
            ("tomorrow", None),
            ("a:b", None),
        ] {
            assert_eq!(openx_timestamp(text), expected, "{text}");
        }
        assert_eq!(hive_timestamp("1970-01-02"), None);
    }
}
