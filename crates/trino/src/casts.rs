//! CAST and TRY_CAST: the closed list of pairs, each with Trino's meaning.
//!
//! [`cast_by`] says how a cast from one type to another is done: not at all, or by a function of
//! ours. A pair that is not on the list is refused by name.

use std::hash::Hash;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, MapArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::blanks::trim_blanks;
use super::calendar::{DAY_MILLIS, date_text, time_of, timestamp_text};
use super::front::{day_of, front_digits, front_year};
use super::iso_time::{is_utc, is_zone};
use super::java_number::{java_digits_are_shortest, parse_double, varchar_of_double};
use super::json_text::{JsonReader, JsonValue, is_whole};
use super::math::half_away;
use super::trino_error::TrinoError;
use super::types::{JSON, decimal_parts, is_float, is_integer, is_text, map_parts, shown};
use super::value::{Rows, Value, column, list_values, scalar};

/// How a cast is done.
#[derive(Debug, Clone)]
pub(crate) enum CastBy {
    /// The value has the type already.
    Nothing,
    /// A function of ours with the value as its one argument.
    Function(Arc<ScalarUDF>),
}

/// One pair of the closed list, in Trino's names; `decimal` and `varchar` stand for every length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CastPair {
    pub from: &'static str,
    pub to: &'static str,
}

const fn pair(from: &'static str, to: &'static str) -> CastPair {
    CastPair { from, to }
}

/// All pairs between scalar types. NULL of no type becomes any of them; json also becomes arrays
/// and maps with varchar keys of what it becomes alone, and arrays convert by their elements.
pub(crate) const PAIRS: &[CastPair] = &[
    pair("boolean", "integer"),
    pair("boolean", "bigint"),
    pair("boolean", "real"),
    pair("boolean", "double"),
    pair("boolean", "decimal"),
    pair("boolean", "varchar"),
    pair("tinyint", "bigint"),
    pair("smallint", "bigint"),
    pair("integer", "boolean"),
    pair("integer", "bigint"),
    pair("integer", "real"),
    pair("integer", "double"),
    pair("integer", "decimal"),
    pair("integer", "varchar"),
    pair("bigint", "boolean"),
    pair("bigint", "tinyint"),
    pair("bigint", "smallint"),
    pair("bigint", "integer"),
    pair("bigint", "real"),
    pair("bigint", "double"),
    pair("bigint", "decimal"),
    pair("bigint", "varchar"),
    pair("real", "double"),
    pair("real", "integer"),
    pair("real", "bigint"),
    pair("double", "boolean"),
    pair("double", "integer"),
    pair("double", "bigint"),
    pair("double", "real"),
    pair("double", "decimal"),
    pair("double", "varchar"),
    pair("decimal", "boolean"),
    pair("decimal", "integer"),
    pair("decimal", "bigint"),
    pair("decimal", "real"),
    pair("decimal", "double"),
    pair("decimal", "decimal"),
    pair("decimal", "varchar"),
    pair("varchar", "boolean"),
    pair("varchar", "tinyint"),
    pair("varchar", "smallint"),
    pair("varchar", "integer"),
    pair("varchar", "bigint"),
    pair("varchar", "real"),
    pair("varchar", "double"),
    pair("varchar", "decimal"),
    pair("varchar", "date"),
    pair("varchar", "timestamp(3)"),
    pair("varchar", "timestamp(3) with time zone"),
    pair("date", "varchar"),
    pair("date", "timestamp(3)"),
    pair("date", "timestamp(3) with time zone"),
    pair("timestamp(3)", "varchar"),
    pair("timestamp(3)", "date"),
    pair("timestamp(3)", "timestamp(3) with time zone"),
    pair("timestamp(3) with time zone", "varchar"),
    pair("timestamp(3) with time zone", "date"),
    pair("timestamp(3) with time zone", "timestamp(3)"),
    pair("json", "boolean"),
    pair("json", "bigint"),
    pair("json", "double"),
    pair("json", "varchar"),
];

/// The type's name in [`PAIRS`].
fn kind(data_type: &DataType) -> String {
    match data_type {
        DataType::Decimal128(_, _) => "decimal".into(),
        other => shown(other),
    }
}

fn allowed(from: &DataType, to: &DataType) -> bool {
    if from == to || from == &DataType::Null {
        return true;
    }
    match (from, to) {
        (DataType::List(from), DataType::List(to)) => allowed(from.data_type(), to.data_type()),
        (DataType::LargeUtf8, DataType::List(to)) => allowed(&JSON, to.data_type()),
        (DataType::LargeUtf8, DataType::Map(_, _)) => map_parts(to)
            .is_some_and(|(key, value)| key == &DataType::Utf8 && allowed(&JSON, value)),
        _ => {
            let (from, to) = (kind(from), kind(to));
            PAIRS.iter().any(|pair| pair.from == from && pair.to == to)
        }
    }
}

/// How `CAST(x AS to)` of an `x` of type `from` is done, or `TRY_CAST` where `or_null` is set.
///
/// # Errors
/// `TYPE_MISMATCH` for a pair that is not on the list.
pub(crate) fn cast_by(
    from: &DataType,
    to: &DataType,
    or_null: bool,
) -> std::result::Result<CastBy, TrinoError> {
    if from == to {
        return Ok(CastBy::Nothing);
    }
    let from = if is_text(from) {
        DataType::Utf8
    } else {
        from.clone()
    };
    if !allowed(&from, to) {
        let message = format!("Cannot cast {} to {}", shown(&from), shown(to));
        return Err(TrinoError::types(message));
    }
    #[cfg(test)]
    seen::note(&from, to);
    let prefix = if or_null { "try_" } else { "" };
    Ok(CastBy::Function(Arc::new(ScalarUDF::new_from_impl(
        CastFunction {
            name: format!("{prefix}cast_to_{}", shown(to)),
            from,
            to: to.clone(),
            or_null,
            signature: Signature::user_defined(Volatility::Immutable),
        },
    ))))
}

/// The pairs that the tests' statements have used.
#[cfg(test)]
pub(super) mod seen {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use datafusion::arrow::datatypes::DataType;

    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

    pub(super) fn note(from: &DataType, to: &DataType) {
        let pair = format!("{} to {}", super::kind(from), super::kind(to));
        SEEN.lock().unwrap().insert(pair);
    }

    /// The pairs of the list without a statement.
    pub(crate) fn missing() -> Vec<String> {
        let seen = SEEN.lock().unwrap();
        super::PAIRS
            .iter()
            .map(|pair| format!("{} to {}", pair.from, pair.to))
            .filter(|pair| !seen.contains(pair))
            .collect()
    }
}

/// One cast as a function of `DataFusion`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CastFunction {
    name: String,
    from: DataType,
    to: DataType,
    or_null: bool,
    signature: Signature,
}

impl ScalarUDFImpl for CastFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, _: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![self.from.clone()])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let one = |value: Value<'_>| -> Result<Value<'static>> {
            match convert(value, &self.from, &self.to) {
                Err(error) if self.or_null && is_caught(&error) => Ok(Value::Null),
                result => Ok(result?),
            }
        };
        match &args.args[0] {
            ColumnarValue::Array(array) => {
                let rows = Rows::new(array);
                let values = (0..array.len())
                    .map(|row| one(rows.value(row)?))
                    .collect::<Result<Vec<_>>>()?;
                Ok(ColumnarValue::Array(column(&self.to, &values)?))
            }
            ColumnarValue::Scalar(value) => {
                let array = value.to_array()?;
                let value = one(Rows::new(&array).value(0)?)?;
                Ok(ColumnarValue::Scalar(scalar(&self.to, value)?))
            }
        }
    }
}

/// Whether TRY and TRY_CAST turn the error into NULL.
pub(super) fn is_caught(error: &TrinoError) -> bool {
    matches!(
        error.code,
        "DIVISION_BY_ZERO"
            | "INVALID_CAST_ARGUMENT"
            | "INVALID_FUNCTION_ARGUMENT"
            | "NUMERIC_VALUE_OUT_OF_RANGE"
    )
}

type Converted = std::result::Result<Value<'static>, TrinoError>;

/// The value as one of the other type; the pair is on the list.
pub(super) fn convert(value: Value<'_>, from: &DataType, to: &DataType) -> Converted {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if from == to {
        return Ok(value.into_static());
    }
    match (&value, from) {
        (Value::Text(text), DataType::LargeUtf8) => return from_json(text, to),
        (Value::Other(ScalarValue::List(list)), DataType::List(element)) => {
            let DataType::List(wanted) = to else {
                return Err(refused(from, to));
            };
            let elements = list_values(&list.value(0)).map_err(internal)?;
            let converted = elements
                .into_iter()
                .map(|one| convert(one, element.data_type(), wanted.data_type()))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            return list_of(wanted.data_type(), &converted);
        }
        _ => {}
    }
    match to {
        DataType::Boolean => to_boolean(&value),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            to_integer(&value, from, to)
        }
        DataType::Float32 | DataType::Float64 => to_float(&value, from, to),
        DataType::Decimal128(precision, scale) => to_decimal(&value, from, *precision, *scale),
        DataType::Utf8 => to_varchar(&value, from),
        DataType::Date32 => to_date(&value),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => to_timestamp(&value, zone.is_some()),
        _ => Err(refused(from, to)),
    }
}

fn refused(from: &DataType, to: &DataType) -> TrinoError {
    TrinoError::types(format!("Cannot cast {} to {}", shown(from), shown(to)))
}

fn internal(error: impl std::fmt::Display) -> TrinoError {
    TrinoError::new("GENERIC_INTERNAL_ERROR", error.to_string())
}

fn to_boolean(value: &Value<'_>) -> Converted {
    Ok(Value::Boolean(match value {
        Value::Integer(value) => *value != 0,
        Value::Double(value) => *value != 0.0,
        Value::Decimal(value) => *value != 0,
        Value::Text(text) => match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" => true,
            "f" | "false" | "0" => false,
            _ => return Err(TrinoError::cast(format!("Cannot cast '{text}' to BOOLEAN"))),
        },
        other => return Err(internal(format!("{other:?} as boolean"))),
    }))
}

/// Java's `trim`: blanks and control characters.
fn java_trim(text: &str) -> &str {
    text.trim_matches(|sign| sign <= ' ')
}

fn to_integer(value: &Value<'_>, from: &DataType, to: &DataType) -> Converted {
    let name = shown(to);
    let fits = |value: i128| {
        let bits = match to {
            DataType::Int8 => 7,
            DataType::Int16 => 15,
            DataType::Int32 => 31,
            _ => 63,
        };
        let limit = 1_i128 << bits;
        (-limit..limit).contains(&value)
    };
    let wide = match value {
        Value::Boolean(value) => i128::from(*value),
        Value::Integer(value) => {
            if !fits((*value).into()) {
                return Err(TrinoError::range(format!(
                    "Out of range for {name}: {value}"
                )));
            }
            i128::from(*value)
        }
        Value::Double(value) => {
            let shown_value = varchar_of_double(*value);
            if value.is_nan() && to != &DataType::Int64 {
                let message = format!("Cannot cast double NaN to {name}");
                return Err(TrinoError::cast(message));
            }
            let rounded = value.round();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range is checked first"
            )]
            let whole = if rounded.abs() <= 1e19 {
                Some(rounded as i128)
            } else {
                None
            };
            return match whole.filter(|whole| fits(*whole)) {
                Some(whole) => narrowed(whole),
                None if to == &DataType::Int64 => Err(TrinoError::cast(format!(
                    "Unable to cast {shown_value} to bigint"
                ))),
                None => Err(TrinoError::range(format!(
                    "Out of range for {name}: {shown_value}"
                ))),
            };
        }
        Value::Decimal(value) => {
            let scale = decimal_parts(from).map_or(0, |parts| parts.scale);
            half_away(*value, 10_i128.pow(u32::try_from(scale).unwrap_or(0)))
        }
        Value::Text(text) => {
            let shown_name = if to == &DataType::Int32 {
                "INT".into()
            } else {
                name.to_uppercase()
            };
            return java_trim(text)
                .parse::<i64>()
                .ok()
                .map(i128::from)
                .filter(|value| fits(*value))
                .map_or_else(
                    || {
                        Err(TrinoError::cast(format!(
                            "Cannot cast '{text}' to {shown_name}"
                        )))
                    },
                    narrowed,
                );
        }
        other => return Err(internal(format!("{other:?} as {name}"))),
    };
    if fits(wide) {
        narrowed(wide)
    } else {
        Err(TrinoError::cast(format!(
            "Cannot cast '{wide}' to {}",
            name.to_uppercase()
        )))
    }
}

fn narrowed(value: i128) -> Converted {
    i64::try_from(value).map(Value::Integer).map_err(internal)
}

fn to_float(value: &Value<'_>, from: &DataType, to: &DataType) -> Converted {
    #[expect(
        clippy::cast_precision_loss,
        reason = "Trino rounds to the nearest double, too"
    )]
    let double = match value {
        Value::Boolean(value) => f64::from(u8::from(*value)),
        Value::Integer(value) if to == &DataType::Float32 => f64::from(*value as f32),
        Value::Integer(value) => *value as f64,
        Value::Double(value) => *value,
        Value::Decimal(_) => {
            let text = decimal_text(value, from);
            text.parse().map_err(internal)?
        }
        Value::Text(text) => {
            let name = if to == &DataType::Float32 {
                "REAL"
            } else {
                "DOUBLE"
            };
            parse_double(text)
                .ok_or_else(|| TrinoError::cast(format!("Cannot cast '{text}' to {name}")))?
        }
        other => return Err(internal(format!("{other:?} as double"))),
    };
    Ok(Value::Double(double))
}

/// The digits of a decimal with its point.
fn decimal_text(value: &Value<'_>, data_type: &DataType) -> String {
    let Value::Decimal(value) = value else {
        return String::new();
    };
    let scale = decimal_parts(data_type)
        .and_then(|parts| usize::try_from(parts.scale).ok())
        .unwrap_or(0);
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if *value < 0 { "-" } else { "" };
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

fn to_decimal(value: &Value<'_>, from: &DataType, precision: u8, scale: i8) -> Converted {
    let digits = match value {
        Value::Boolean(value) => exact_decimal(if *value { "1" } else { "0" }, scale),
        Value::Integer(value) => exact_decimal(&value.to_string(), scale),
        Value::Double(value) if value.is_finite() => exact_decimal(&format!("{value:e}"), scale),
        Value::Double(_) => None,
        Value::Decimal(_) => exact_decimal(&decimal_text(value, from), scale),
        Value::Text(text) => {
            let Some(digits) = parse_decimal(text, scale) else {
                return Err(TrinoError::cast(format!(
                    "Cannot cast VARCHAR '{text}' to DECIMAL({precision}, {scale}). \
                     Value is not a number."
                )));
            };
            digits
        }
        other => return Err(internal(format!("{other:?} as decimal"))),
    };
    let limit = 10_u128.pow(precision.into());
    digits
        .filter(|digits| digits.unsigned_abs() < limit)
        .map(Value::Decimal)
        .ok_or_else(|| {
            let (name, text) = match value {
                Value::Decimal(_) => (
                    shown(from).to_uppercase().replace(',', ", "),
                    decimal_text(value, from),
                ),
                Value::Double(value) => ("DOUBLE".into(), varchar_of_double(*value)),
                Value::Integer(value) => (shown(from).to_uppercase(), value.to_string()),
                Value::Boolean(value) => ("BOOLEAN".into(), value.to_string()),
                other => ("VARCHAR".into(), other.text().to_owned()),
            };
            TrinoError::cast(format!(
                "Cannot cast {name} '{text}' to DECIMAL({precision}, {scale})"
            ))
        })
}

/// Java's `BigDecimal` grammar. The outer `None` is no number, the inner one too large a number.
fn parse_decimal(text: &str, scale: i8) -> Option<Option<i128>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned
        .split_once(['e', 'E'])
        .map_or((unsigned, None), |(mantissa, exponent)| {
            (mantissa, Some(exponent))
        });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let some = whole.len() + fraction.len() > 0 && digits(whole) && digits(fraction);
    let exponent = match exponent {
        None => true,
        Some(exponent) => exponent.parse::<i32>().is_ok(),
    };
    (some && exponent).then(|| exact_decimal(text, scale))
}

/// The number in units of its last digit after the point, rounded half away from zero; `None` when
/// it has more than 38 digits.
fn exact_decimal(text: &str, scale: i8) -> Option<i128> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    // The number is 0.digits times ten to the power of `point`, counted in digits of `digits`.
    let length = i64::try_from(digits.len()).ok()?;
    let shift =
        exponent.parse::<i64>().ok()? + i64::from(scale) - i64::try_from(fraction.len()).ok()?;
    let kept = length.checked_add(shift)?;
    if kept > 39 {
        return None;
    }
    let value = if shift >= 0 {
        let unit = 10_i128.checked_pow(u32::try_from(shift).ok()?)?;
        digits.parse::<i128>().ok()?.checked_mul(unit)?
    } else if kept < 0 {
        0
    } else {
        let (kept, cut) = digits.split_at(usize::try_from(kept).ok()?);
        let value = if kept.is_empty() {
            0
        } else {
            kept.parse::<i128>().ok()?
        };
        value + i128::from(cut.as_bytes().first().is_some_and(|digit| *digit >= b'5'))
    };
    Some(if negative { -value } else { value })
}

fn to_varchar(value: &Value<'_>, from: &DataType) -> Converted {
    Ok(Value::owned(match value {
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Double(value) if !java_digits_are_shortest(*value) => {
            let message = format!("the digits that {value:e} has as varchar are not known here");
            return Err(TrinoError::new("NOT_SUPPORTED", message));
        }
        Value::Double(value) => varchar_of_double(*value),
        Value::Decimal(_) => decimal_text(value, from),
        Value::Date(days) => date_text(*days),
        Value::Timestamp(millis) => match from {
            DataType::Timestamp(_, Some(_)) => timestamp_text(*millis) + " UTC",
            _ => timestamp_text(*millis),
        },
        other => return Err(internal(format!("{other:?} as varchar"))),
    }))
}

fn to_date(value: &Value<'_>) -> Converted {
    Ok(Value::Date(match value {
        Value::Timestamp(millis) => {
            i32::try_from(millis.div_euclid(DAY_MILLIS)).map_err(internal)?
        }
        Value::Text(text) => parse_date(trim_blanks(text))
            .ok_or_else(|| TrinoError::cast(format!("Value cannot be cast to date: {text}")))?,
        other => return Err(internal(format!("{other:?} as date"))),
    }))
}

/// `2021-06-04`, with one or two digits for month and day.
fn parse_date(text: &str) -> Option<i32> {
    let year = front_year(text, 9)?;
    let month = front_digits(year.rest.strip_prefix('-')?, 2)?;
    let day = front_digits(month.rest.strip_prefix('-')?, 2)?;
    if !day.rest.is_empty() {
        return None;
    }
    day_of(year.value, month.value, day.value)
}

fn to_timestamp(value: &Value<'_>, zoned: bool) -> Converted {
    Ok(Value::Timestamp(match value {
        Value::Date(days) => i64::from(*days) * DAY_MILLIS,
        Value::Timestamp(millis) => *millis,
        Value::Text(text) => {
            let wrong = || TrinoError::cast(format!("Value cannot be cast to timestamp: {text}"));
            let time = parse_timestamp(trim_blanks(text)).ok_or_else(wrong)?;
            match time.zone {
                "" => {}
                zone if is_utc(zone) => {}
                zone if zoned && is_zone(zone) => {
                    let message = format!("the time zone {zone} is not known here, only UTC is");
                    return Err(TrinoError::new("NOT_SUPPORTED", message));
                }
                zone if is_zone(zone) => {}
                _ => return Err(wrong()),
            }
            time.millis
        }
        other => return Err(internal(format!("{other:?} as timestamp"))),
    }))
}

struct ZonedTime<'a> {
    millis: i64,
    zone: &'a str,
}

/// `2021-06-04[ 01:02[:03[.456]]][ zone]`, rounded to milliseconds.
fn parse_timestamp(text: &str) -> Option<ZonedTime<'_>> {
    let year = front_year(text, 9)?;
    if year.digits < 4 {
        return None;
    }
    let month = front_digits(year.rest.strip_prefix('-')?, 2)?;
    let day = front_digits(month.rest.strip_prefix('-')?, 2)?;
    let start = i64::from(day_of(year.value, month.value, day.value)?) * DAY_MILLIS;
    if day.rest.is_empty() {
        return Some(ZonedTime {
            millis: start,
            zone: "",
        });
    }
    let rest = day.rest.strip_prefix(' ')?;
    let mut of_day = 0;
    let mut rest = rest;
    if let Some(hour) = front_digits(rest, 2)
        && let Some(after) = hour.rest.strip_prefix(':')
    {
        let minute = front_digits(after, 2)?;
        if hour.value > 23 || minute.value > 59 {
            return None;
        }
        of_day = (hour.value * 60 + minute.value) * 60_000;
        rest = minute.rest;
        if let Some(after) = rest.strip_prefix(':') {
            let second = front_digits(after, 2)?;
            if second.value > 59 {
                return None;
            }
            of_day += second.value * 1000;
            rest = second.rest;
            if let Some(after) = rest.strip_prefix('.') {
                let digits = after.bytes().take_while(u8::is_ascii_digit).count();
                let fraction = after.get(..digits)?;
                if digits == 0 {
                    return None;
                }
                let kept: String = fraction.chars().chain("0000".chars()).take(4).collect();
                let tenths: i64 = kept.parse().ok()?;
                of_day += (tenths + 5) / 10;
                rest = after.get(digits..)?;
            }
        }
    }
    // A millisecond too many carries into the day, as it should.
    time_of(start + of_day)?;
    Some(ZonedTime {
        millis: start + of_day,
        zone: rest.trim_start(),
    })
}

fn list_of(element: &DataType, values: &[Value<'_>]) -> Converted {
    let array = column(element, values).map_err(internal)?;
    Ok(Value::Other(ScalarValue::List(Arc::new(
        datafusion::common::utils::SingleRowListArrayBuilder::new(array).build_list_array(),
    ))))
}

fn from_json(text: &str, to: &DataType) -> Converted {
    let json = JsonReader::whole(text)
        .ok_or_else(|| TrinoError::cast(format!("Cannot cast '{text}' to {}", shown(to))))?;
    json_to(&json, to)
}

fn json_to(json: &JsonValue, to: &DataType) -> Converted {
    if to == &JSON {
        return Ok(Value::owned(json.written()));
    }
    let wrong = || TrinoError::cast(format!("Cannot cast '{}' to {}", json.written(), shown(to)));
    match (json, to) {
        (JsonValue::Null, _) => Ok(Value::Null),
        (JsonValue::Array(elements), DataType::List(element)) => {
            let values = elements
                .iter()
                .map(|one| json_to(one, element.data_type()))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            list_of(element.data_type(), &values)
        }
        (JsonValue::Object(members), DataType::Map(_, _)) => {
            let (_, value_type) = map_parts(to).ok_or_else(wrong)?;
            let mut names = Vec::with_capacity(members.len());
            let mut values = Vec::with_capacity(members.len());
            for member in members {
                names.push(Value::owned(member.name.clone()));
                values.push(json_to(&member.value, value_type)?);
            }
            let keys = column(&DataType::Utf8, &names).map_err(internal)?;
            let values = column(value_type, &values).map_err(internal)?;
            map_value(to, keys, values)
        }
        (JsonValue::Text(text), _) => match to {
            DataType::Utf8 => Ok(Value::owned(text.clone())),
            _ if is_integer(to) || is_float(to) || to == &DataType::Boolean => {
                convert(Value::Text(text.into()), &DataType::Utf8, to)
            }
            _ => Err(wrong()),
        },
        (JsonValue::Boolean(value), _) => match to {
            DataType::Boolean => Ok(Value::Boolean(*value)),
            _ if is_integer(to) || is_float(to) || to == &DataType::Utf8 => {
                convert(Value::Boolean(*value), &DataType::Boolean, to)
            }
            _ => Err(wrong()),
        },
        (JsonValue::Number(number), DataType::Utf8) if is_whole(number) => {
            Ok(Value::owned(number.clone()))
        }
        (JsonValue::Number(number), DataType::Int64) if is_whole(number) => {
            number.parse().map(Value::Integer).map_err(|_| wrong())
        }
        (JsonValue::Number(number), _)
            if is_integer(to)
                || is_float(to)
                || matches!(to, DataType::Utf8 | DataType::Boolean) =>
        {
            let double = number.parse().map_err(internal)?;
            convert(Value::Double(double), &DataType::Float64, to)
        }
        (_, DataType::Map(_, _)) => Err(TrinoError::cast(format!(
            "Cannot cast to {}. Expected a json object, but got {}",
            shown(to),
            json.written()
        ))),
        _ => Err(wrong()),
    }
}

/// One map of these keys and values.
pub(super) fn map_value(data_type: &DataType, keys: ArrayRef, values: ArrayRef) -> Converted {
    let DataType::Map(entries, sorted) = data_type else {
        return Err(internal(format!("{data_type} is not a map")));
    };
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(internal(format!("{data_type} is not a map")));
    };
    let offsets = OffsetBuffer::from_lengths([keys.len()]);
    let rows = StructArray::try_new(fields.clone(), vec![keys, values], None).map_err(internal)?;
    let map =
        MapArray::try_new(Arc::clone(entries), offsets, rows, None, *sorted).map_err(internal)?;
    Ok(Value::Other(ScalarValue::Map(Arc::new(map))))
}
