//! ISO 8601 dates and times as `from_iso8601_date` and `from_iso8601_timestamp` read them, and
//! what is a time zone.

use chrono::{NaiveDate, Weekday};

use super::calendar::{DAY_MILLIS, days_of};
use super::front::{day_of, front_digits, front_year};

/// Whether the zone is UTC under one of its names.
pub(super) fn is_utc(zone: &str) -> bool {
    matches!(
        zone,
        "UTC" | "Z" | "+00:00" | "-00:00" | "+00" | "-00" | "GMT" | "UCT"
    )
}

/// Whether the text can be a time zone: an offset of at most 14 hours, or a name of the database.
pub(super) fn is_zone(zone: &str) -> bool {
    if is_utc(zone) {
        return true;
    }
    if zone.starts_with(['+', '-']) {
        return parse_offset(zone)
            .is_some_and(|offset| offset.rest.is_empty() && offset.millis.abs() <= 14 * 3_600_000);
    }
    zone.contains('/') && zone.parse::<chrono_tz::Tz>().is_ok()
}

/// A time with what its text says about the zone.
pub(super) struct IsoTime {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    pub millis: i64,
    /// The distance of the zone from UTC in milliseconds.
    pub offset: i64,
}

struct Part<'a> {
    days: i32,
    rest: &'a str,
}

/// `2021`, `2021-06`, `2021-06-04`, `2021-155`, `2021-W22-5`.
fn parse_day(text: &str) -> Option<Part<'_>> {
    let year = front_year(text, 9)?;
    let Some(after) = year.rest.strip_prefix('-') else {
        return Some(Part {
            days: day_of(year.value, 1, 1)?,
            rest: year.rest,
        });
    };
    if let Some(week) = after.strip_prefix(['W', 'w']) {
        let week = front_digits(week, 2)?;
        let (weekday, rest) = match week.rest.strip_prefix('-') {
            Some(day) => {
                let day = front_digits(day, 1)?;
                (
                    Weekday::try_from(u8::try_from(day.value - 1).ok()?).ok()?,
                    day.rest,
                )
            }
            None => (Weekday::Mon, week.rest),
        };
        let year = i32::try_from(year.value).ok()?;
        let date = NaiveDate::from_isoywd_opt(year, u32::try_from(week.value).ok()?, weekday)?;
        return Some(Part {
            days: days_of(date),
            rest,
        });
    }
    let number = front_digits(after, 3)?;
    if number.digits == 3 {
        let year = i32::try_from(year.value).ok()?;
        let date = NaiveDate::from_yo_opt(year, u32::try_from(number.value).ok()?)?;
        return Some(Part {
            days: days_of(date),
            rest: number.rest,
        });
    }
    match number.rest.strip_prefix('-') {
        Some(day) => {
            let day = front_digits(day, 2)?;
            Some(Part {
                days: day_of(year.value, number.value, day.value)?,
                rest: day.rest,
            })
        }
        None => Some(Part {
            days: day_of(year.value, number.value, 1)?,
            rest: number.rest,
        }),
    }
}

/// The date of the whole text in days since 1970-01-01.
pub(super) fn parse_iso_date(text: &str) -> Option<i32> {
    let part = parse_day(text)?;
    part.rest.is_empty().then_some(part.days)
}

/// The time of the whole text; without an offset it is UTC.
pub(super) fn parse_iso_time(text: &str) -> Option<IsoTime> {
    let day = if text.starts_with(['T', 't']) {
        Part {
            days: 0,
            rest: text,
        }
    } else {
        parse_day(text)?
    };
    let start = i64::from(day.days) * DAY_MILLIS;
    if day.rest.is_empty() {
        return Some(IsoTime {
            millis: start,
            offset: 0,
        });
    }
    let rest = day.rest.strip_prefix(['T', 't'])?;
    let clock = parse_clock(rest)?;
    let offset = if clock.rest.is_empty() {
        Clock {
            millis: 0,
            rest: "",
        }
    } else {
        parse_offset(clock.rest)?
    };
    if !offset.rest.is_empty() {
        return None;
    }
    Some(IsoTime {
        millis: start + clock.millis - offset.millis,
        offset: offset.millis,
    })
}

struct Clock<'a> {
    millis: i64,
    rest: &'a str,
}

/// `01`, `01:02`, `01:02:03`, the last of them with a fraction; nothing is midnight.
fn parse_clock(text: &str) -> Option<Clock<'_>> {
    let mut millis = 0;
    let mut rest = text;
    for (place, unit) in [3_600_000, 60_000, 1000].into_iter().enumerate() {
        let digits = if place == 0 {
            rest
        } else if let Some(after) = rest.strip_prefix(':') {
            after
        } else {
            break;
        };
        let Some(number) = front_digits(digits, 2) else {
            // No hour at all is midnight, a colon without digits is no time.
            return (place == 0).then_some(Clock { millis: 0, rest });
        };
        if number.value > if place == 0 { 23 } else { 59 } {
            return None;
        }
        millis += number.value * unit;
        rest = number.rest;
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let kept = after.get(..digits.min(12))?;
            if digits == 0 {
                return None;
            }
            let scale = 10_i64.pow(u32::try_from(kept.len()).ok()?);
            // Twelve digits of an hour exceed 64 bits.
            let share = i128::from(kept.parse::<i64>().ok()?) * i128::from(unit);
            millis += i64::try_from(share / i128::from(scale)).ok()?;
            rest = after.get(digits..)?;
            break;
        }
    }
    Some(Clock { millis, rest })
}

/// `Z`, `+02`, `+02:00`, `+0200`.
fn parse_offset(text: &str) -> Option<Clock<'_>> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some(Clock { millis: 0, rest });
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hour = front_digits(&text[1..], 2)?;
    if hour.digits != 2 || hour.value > 23 {
        return None;
    }
    let after = hour.rest.strip_prefix(':').unwrap_or(hour.rest);
    let (minutes, rest) = if after.is_empty() {
        (0, hour.rest)
    } else {
        let minute = front_digits(after, 2)?;
        if minute.digits != 2 || minute.value > 59 {
            return None;
        }
        (minute.value, minute.rest)
    };
    Some(Clock {
        millis: sign * (hour.value * 60 + minutes) * 60_000,
        rest,
    })
}
