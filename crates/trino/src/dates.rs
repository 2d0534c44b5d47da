//! Dates and times. The only time zone is UTC.

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::Result;

use super::calendar::{
    DAY_MILLIS, add_months, add_months_millis, clock_text, date_of, date_text, days_of, time_of,
};
use super::date_pattern;
use super::iso_time::{parse_iso_date, parse_iso_time};
use super::scalar::{Call, Resolved, Scalar};
use super::trino_error::TrinoError;
use super::types::{TIMESTAMP, common_type, converts};
use super::value::Value;

const ANY_TIME: &str = "date -> bigint | timestamp -> bigint | timestamp_tz -> bigint";

pub(super) fn functions() -> Vec<Scalar> {
    let mut all = vec![
        Scalar::new("date_parse", "varchar, varchar -> timestamp", |call| {
            let millis = date_pattern::parse(call.args[0].text(), call.args[1].text())?;
            Ok(Value::Timestamp(millis))
        }),
        Scalar::new(
            "date_format",
            "timestamp, varchar -> varchar | timestamp_tz, varchar -> varchar",
            |call| {
                let time = time(&call.args[0])?;
                Ok(Value::owned(date_pattern::format(
                    time,
                    call.args[1].text(),
                )?))
            },
        ),
        Scalar::custom("date_diff", "varchar, two times", types_of_diff, |call| {
            let unit = unit(call, &call.types[1])?;
            Ok(Value::Integer(difference(
                &unit,
                call.args[1].millis(),
                call.args[2].millis(),
            )?))
        }),
        Scalar::custom(
            "date_add",
            "varchar, bigint, a time",
            types_of_add,
            |call| {
                let unit = unit(call, call.gives)?;
                add(&unit, call.args[1].integer(), &call.args[2])
            },
        ),
        Scalar::custom("date_trunc", "varchar, a time", types_of_trunc, |call| {
            let unit = unit(call, call.gives)?;
            truncate(&unit, &call.args[1])
        }),
        Scalar::new(
            "last_day_of_month",
            "date -> date | timestamp -> date | timestamp_tz -> date",
            |call| {
                let first = add_months(days_of(time(&call.args[0])?.date()), 1);
                let next = first.and_then(date_of).and_then(|date| date.with_day(1));
                let next = next.ok_or_else(out_of_range)?;
                Ok(Value::Date(days_of(next) - 1))
            },
        ),
        Scalar::new("from_iso8601_date", "varchar -> date", |call| {
            let text = call.args[0].text();
            parse_iso_date(text)
                .map(Value::Date)
                .ok_or_else(|| TrinoError::argument(format!("Invalid format: \"{text}\"")).into())
        }),
        Scalar::new(
            "from_iso8601_timestamp",
            "varchar -> timestamp_tz",
            |call| from_iso(call, false),
        ),
        // What AT TIME ZONE 'UTC' around from_iso8601_timestamp becomes: other offsets are known.
        Scalar::new(
            "$from_iso8601_timestamp_utc",
            "varchar -> timestamp_tz",
            |call| from_iso(call, true),
        ),
        Scalar::new(
            "to_iso8601",
            "date -> varchar | timestamp -> varchar | timestamp_tz -> varchar",
            |call| {
                Ok(Value::owned(match &call.args[0] {
                    Value::Date(days) => date_text(*days),
                    time => {
                        let millis = time.millis();
                        let days = i32::try_from(millis.div_euclid(DAY_MILLIS)).unwrap_or(i32::MAX);
                        let zone = if call.types[0] == TIMESTAMP { "" } else { "Z" };
                        format!("{}T{}{zone}", date_text(days), clock_text(millis))
                    }
                }))
            },
        ),
        Scalar::new("from_unixtime", "double -> timestamp_tz", |call| {
            let millis = call.args[0].double() * 1000.0;
            // Java's round: half up, and the ends of the range for what is beyond them.
            #[expect(clippy::cast_possible_truncation, reason = "saturates as Java does")]
            let millis = (millis + 0.5).floor() as i64;
            if millis.unsigned_abs() > (1 << 51) {
                return Err(TrinoError::argument(format!("Millis overflow: {millis}")).into());
            }
            Ok(Value::Timestamp(millis))
        }),
        Scalar::new(
            "to_unixtime",
            "timestamp -> double | timestamp_tz -> double",
            |call| {
                #[expect(clippy::cast_precision_loss, reason = "Trino divides doubles, too")]
                Ok(Value::Double(call.args[0].millis() as f64 / 1000.0))
            },
        ),
        Scalar::new(
            "date",
            "date -> date | varchar -> date | timestamp -> date | timestamp_tz -> date",
            |call| {
                let value = call.args[0].clone();
                Ok(super::casts::convert(
                    value,
                    &call.types[0],
                    &DataType::Date32,
                )?)
            },
        ),
        Scalar::new("$at_utc", "timestamp_tz -> timestamp_tz", |call| {
            Ok(call.args[0].clone())
        }),
    ];
    macro_rules! parts {
        ($($name:literal => $part:expr),* $(,)?) => {
            $(all.push(Scalar::new($name, ANY_TIME, |call| {
                let part: fn(NaiveDateTime) -> i64 = $part;
                Ok(Value::Integer(part(time(&call.args[0])?)))
            }));)*
        };
    }
    parts! {
        "year" => |time| time.year().into(),
        "quarter" => |time| i64::from(time.month0() / 3 + 1),
        "month" => |time| time.month().into(),
        "week" => |time| time.iso_week().week().into(),
        "week_of_year" => |time| time.iso_week().week().into(),
        "year_of_week" => |time| time.iso_week().year().into(),
        "yow" => |time| time.iso_week().year().into(),
        "day" => |time| time.day().into(),
        "day_of_month" => |time| time.day().into(),
        "day_of_week" => |time| time.weekday().number_from_monday().into(),
        "dow" => |time| time.weekday().number_from_monday().into(),
        "day_of_year" => |time| time.ordinal().into(),
        "doy" => |time| time.ordinal().into(),
        "hour" => |time| of_day(time) / 3_600_000,
        "minute" => |time| of_day(time) / 60_000 % 60,
        "second" => |time| of_day(time) / 1000 % 60,
        "millisecond" => |time| of_day(time) % 1000,
    }
    all
}

fn of_day(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_millis().rem_euclid(DAY_MILLIS)
}

fn out_of_range() -> TrinoError {
    TrinoError::range("date out of range")
}

fn time(value: &Value<'_>) -> Result<NaiveDateTime> {
    Ok(time_of(value.millis()).ok_or_else(out_of_range)?)
}

fn from_iso<'a>(call: &Call<'_, 'a>, any_offset: bool) -> Result<Value<'a>> {
    let text = call.args[0].text();
    let time = parse_iso_time(text)
        .ok_or_else(|| TrinoError::argument(format!("Invalid format: \"{text}\"")))?;
    let refused = if time.offset.abs() > 14 * 3_600_000 {
        Some(format!("Time zone not supported in '{text}'"))
    } else if time.offset != 0 && !any_offset {
        Some(format!(
            "the time zone of '{text}' is not known here; write AT TIME ZONE 'UTC' after \
             from_iso8601_timestamp(…)"
        ))
    } else {
        None
    };
    match refused {
        Some(message) => Err(TrinoError::new("NOT_SUPPORTED", message).into()),
        None => Ok(Value::Timestamp(time.millis)),
    }
}

fn is_time(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date32 | DataType::Timestamp(TimeUnit::Millisecond, _)
    )
}

fn or_date(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Null => DataType::Date32,
        other => other.clone(),
    }
}

fn types_of_diff(types: &[DataType]) -> Option<Resolved> {
    let [unit, from, to] = types else { return None };
    let common = or_date(&common_type(from, to)?);
    (converts(unit, &DataType::Utf8) && is_time(&common)).then(|| Resolved {
        arguments: vec![DataType::Utf8, common.clone(), common],
        gives: DataType::Int64,
    })
}

fn types_of_add(types: &[DataType]) -> Option<Resolved> {
    let [unit, count, time] = types else {
        return None;
    };
    let time = or_date(time);
    (converts(unit, &DataType::Utf8) && converts(count, &DataType::Int64) && is_time(&time)).then(
        || Resolved {
            arguments: vec![DataType::Utf8, DataType::Int64, time.clone()],
            gives: time,
        },
    )
}

fn types_of_trunc(types: &[DataType]) -> Option<Resolved> {
    let [unit, time] = types else { return None };
    let time = or_date(time);
    (converts(unit, &DataType::Utf8) && is_time(&time)).then(|| Resolved {
        arguments: vec![DataType::Utf8, time.clone()],
        gives: time,
    })
}

enum Unit {
    Millis(i64),
    Months(i64),
}

/// The unit in the first argument. Dates have no units below the day.
fn unit(call: &Call<'_, '_>, of: &DataType) -> Result<Unit> {
    let name = call.args[0].text();
    let unit = match name.to_ascii_lowercase().as_str() {
        "millisecond" => Unit::Millis(1),
        "second" => Unit::Millis(1000),
        "minute" => Unit::Millis(60_000),
        "hour" => Unit::Millis(3_600_000),
        "day" => Unit::Millis(DAY_MILLIS),
        "week" => Unit::Millis(7 * DAY_MILLIS),
        "month" => Unit::Months(1),
        "quarter" => Unit::Months(3),
        "year" => Unit::Months(12),
        _ => Unit::Millis(0),
    };
    let date = of == &DataType::Date32;
    match unit {
        Unit::Millis(millis) if millis == 0 || (date && millis < DAY_MILLIS) => {
            let kind = if date { "DATE" } else { "TIMESTAMP" };
            Err(TrinoError::argument(format!("'{name}' is not a valid {kind} field")).into())
        }
        unit => Ok(unit),
    }
}

/// The whole units from one time to the other.
fn difference(unit: &Unit, from: i64, to: i64) -> Result<i64> {
    let months = match unit {
        Unit::Millis(millis) => return Ok((to - from) / millis),
        Unit::Months(months) => months,
    };
    let (low, high) = (from.min(to), from.max(to));
    let whole = months_between(low, high)? / months;
    Ok(if from > to { -whole } else { whole })
}

/// The whole months from the earlier to the later time; a day that the month lacks is its last.
fn months_between(low: i64, high: i64) -> Result<i64> {
    let (from, to) = (
        time_of(low).ok_or_else(out_of_range)?,
        time_of(high).ok_or_else(out_of_range)?,
    );
    let months =
        i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    let whole = add_months_millis(low, months).is_some_and(|moved| moved <= high);
    Ok(if whole { months } else { months - 1 })
}

fn add<'a>(unit: &Unit, count: i64, to: &Value<'a>) -> Result<Value<'a>> {
    Ok(match (to, unit) {
        (Value::Date(days), Unit::Millis(millis)) => {
            let moved = count
                .checked_mul(millis / DAY_MILLIS)
                .and_then(|count| count.checked_add((*days).into()))
                .and_then(|days| i32::try_from(days).ok());
            Value::Date(moved.ok_or_else(out_of_range)?)
        }
        (Value::Date(days), Unit::Months(months)) => {
            let moved = count
                .checked_mul(*months)
                .and_then(|months| add_months(*days, months));
            Value::Date(moved.ok_or_else(out_of_range)?)
        }
        (time, Unit::Millis(millis)) => {
            let moved = count
                .checked_mul(*millis)
                .and_then(|count| count.checked_add(time.millis()));
            Value::Timestamp(moved.ok_or_else(out_of_range)?)
        }
        (time, Unit::Months(months)) => {
            let moved = count
                .checked_mul(*months)
                .and_then(|months| add_months_millis(time.millis(), months));
            Value::Timestamp(moved.ok_or_else(out_of_range)?)
        }
    })
}

fn truncate<'a>(unit: &Unit, value: &Value<'a>) -> Result<Value<'a>> {
    let millis = value.millis();
    let start = match unit {
        Unit::Millis(unit) if *unit > DAY_MILLIS => {
            let days = i64::from(time(value)?.weekday().num_days_from_monday());
            millis - millis.rem_euclid(DAY_MILLIS) - days * DAY_MILLIS
        }
        Unit::Millis(unit) => millis - millis.rem_euclid(*unit),
        Unit::Months(months) => {
            let date = time(value)?.date();
            let group = u32::try_from(*months).unwrap_or(1);
            let first = date.month0() / group * group + 1;
            let start = NaiveDate::from_ymd_opt(date.year(), first, 1).ok_or_else(out_of_range)?;
            i64::from(days_of(start)) * DAY_MILLIS
        }
    };
    Ok(match value {
        Value::Date(_) => {
            Value::Date(i32::try_from(start / DAY_MILLIS).map_err(|_| out_of_range())?)
        }
        _ => Value::Timestamp(start),
    })
}
