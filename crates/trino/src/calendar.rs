//! Days and milliseconds since 1970-01-01 as dates of the calendar, and back.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime};

pub(super) const DAY_MILLIS: i64 = 86_400_000;

/// The date that lies `days` after 1970-01-01, if chrono's calendar reaches it.
pub(super) fn date_of(days: i32) -> Option<NaiveDate> {
    let epoch = NaiveDate::default();
    if days < 0 {
        epoch.checked_sub_days(Days::new(days.unsigned_abs().into()))
    } else {
        epoch.checked_add_days(Days::new(days.unsigned_abs().into()))
    }
}

/// The days from 1970-01-01 to the date.
pub(super) fn days_of(date: NaiveDate) -> i32 {
    // 1970-01-01 is day 719,163 of the common era.
    date.num_days_from_ce() - 719_163
}

/// The date and time that lies `millis` after 1970-01-01 00:00.
pub(super) fn time_of(millis: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_millis(millis).map(|time| time.naive_utc())
}

/// The date, `months` later; a day that the month lacks becomes its last one.
pub(super) fn add_months(days: i32, months: i64) -> Option<i32> {
    if months == 0 {
        return Some(days);
    }
    let by = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    let date = date_of(days)?;
    let moved = if months < 0 {
        date.checked_sub_months(by)?
    } else {
        date.checked_add_months(by)?
    };
    Some(days_of(moved))
}

/// The time, `months` later, at the same time of day.
pub(super) fn add_months_millis(millis: i64, months: i64) -> Option<i64> {
    let days = i32::try_from(millis.div_euclid(DAY_MILLIS)).ok()?;
    let moved = add_months(days, months)?;
    Some(i64::from(moved) * DAY_MILLIS + millis.rem_euclid(DAY_MILLIS))
}

/// The date as Trino's CAST to varchar and its clients print it.
pub(super) fn date_text(days: i32) -> String {
    date_of(days).map_or_else(
        || format!("day {days} of 1970"),
        |date| {
            let sign = if date.year() < 0 { "-" } else { "" };
            let year = date.year().unsigned_abs();
            format!("{sign}{year:04}-{:02}-{:02}", date.month(), date.day())
        },
    )
}

/// The time of day with milliseconds.
pub(super) fn clock_text(millis: i64) -> String {
    let of_day = millis.rem_euclid(DAY_MILLIS);
    let (seconds, millis) = (of_day / 1000, of_day % 1000);
    format!(
        "{:02}:{:02}:{:02}.{millis:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// The timestamp(3) as Trino prints it.
pub(super) fn timestamp_text(millis: i64) -> String {
    let days = i32::try_from(millis.div_euclid(DAY_MILLIS)).unwrap_or(i32::MAX);
    format!("{} {}", date_text(days), clock_text(millis))
}
