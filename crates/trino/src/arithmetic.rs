//! `+ - * / %` and the unary minus as Trino computes them: integers that overflow are errors,
//! decimals have Trino's digits, dates and times take intervals.

use datafusion::arrow::datatypes::{DataType, TimeUnit, i256};
use datafusion::common::{Result, ScalarValue};

use super::calendar::{add_months, add_months_millis};
use super::scalar::{Call, Resolved, Scalar};
use super::trino_error::TrinoError;
use super::types::{
    DAY_TO_SECOND, INTERVAL, common_type, decimal_parts, is_float, is_integer, shown,
};
use super::value::Value;

const DAY: i64 = 86_400_000;

pub(super) fn functions() -> Vec<Scalar> {
    vec![
        Scalar::custom(
            "$add",
            "numbers, or a time and an interval",
            types_of_sum,
            |call| sum(call, Sign::Plus),
        ),
        Scalar::custom(
            "$subtract",
            "numbers, or times",
            types_of_difference,
            |call| sum(call, Sign::Minus),
        ),
        Scalar::custom("$multiply", "two numbers", types_of_product, product),
        Scalar::custom("$divide", "two numbers", types_of_quotient, quotient),
        Scalar::custom("$modulus", "two numbers", types_of_modulus, |call| {
            match (&call.args[0], &call.args[1]) {
                (Value::Integer(_), Value::Integer(0)) => {
                    Err(TrinoError::division_by_zero().into())
                }
                _ => modulus(call),
            }
        }),
        Scalar::custom(
            "$negate",
            "a number or an interval",
            types_of_negation,
            negation,
        ),
    ]
    .into_iter()
    .map(|function| function.refusing_as("TYPE_MISMATCH"))
    .collect()
}

#[derive(Clone, Copy)]
enum Sign {
    Plus,
    Minus,
}

fn two(argument: &DataType, gives: &DataType) -> Resolved {
    Resolved {
        arguments: vec![argument.clone(), argument.clone()],
        gives: gives.clone(),
    }
}

/// The types of an operation on integers or floats; decimals are each operation's own.
fn plain_numbers(types: &[DataType]) -> Option<Resolved> {
    let [left, right] = types else { return None };
    let number = |one: &DataType| is_integer(one) || is_float(one) || one == &DataType::Null;
    let mixed = |one: &DataType| number(one) || matches!(one, DataType::Decimal128(_, _));
    let both = common_type(left, right)?;
    if number(left) && number(right) {
        let both = if both == DataType::Null {
            DataType::Int64
        } else {
            both
        };
        return Some(two(&both, &both));
    }
    (is_float(&both) && mixed(left) && mixed(right)).then(|| two(&both, &both))
}

/// Decimals of the two arguments' own digits.
fn decimals(types: &[DataType], gives: impl Fn(Digits, Digits) -> Digits) -> Option<Resolved> {
    let [left, right] = types else { return None };
    if is_integer(left) && is_integer(right) {
        return None;
    }
    let of = |one: &DataType| match one {
        DataType::Null => Some(Digits {
            precision: 1,
            scale: 0,
        }),
        other => decimal_parts(other).map(|parts| Digits {
            precision: i16::from(parts.precision),
            scale: i16::from(parts.scale),
        }),
    };
    let (left, right) = (of(left)?, of(right)?);
    let gives = gives(left, right);
    if gives.scale > 38 {
        return None;
    }
    Some(Resolved {
        arguments: vec![left.data_type()?, right.data_type()?],
        gives: gives.data_type()?,
    })
}

#[derive(Clone, Copy)]
struct Digits {
    precision: i16,
    scale: i16,
}

impl Digits {
    fn data_type(self) -> Option<DataType> {
        Some(DataType::Decimal128(
            u8::try_from(self.precision.min(38)).ok()?,
            i8::try_from(self.scale).ok()?,
        ))
    }

    fn whole(self) -> i16 {
        self.precision - self.scale
    }
}

fn digits_of_sum(left: Digits, right: Digits) -> Digits {
    let scale = left.scale.max(right.scale);
    Digits {
        precision: left.whole().max(right.whole()) + scale + 1,
        scale,
    }
}

fn is_interval(data_type: &DataType) -> bool {
    data_type == &INTERVAL || data_type == &DAY_TO_SECOND
}

fn is_time(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date32 | DataType::Timestamp(TimeUnit::Millisecond, _)
    )
}

fn types_of_sum(types: &[DataType]) -> Option<Resolved> {
    if let [left, right] = types {
        for (time, interval) in [(left, right), (right, left)] {
            if is_time(time) && is_interval(interval) {
                return Some(Resolved {
                    arguments: types.to_vec(),
                    gives: time.clone(),
                });
            }
        }
        if left == &DAY_TO_SECOND && right == left {
            return Some(two(left, left));
        }
    }
    plain_numbers(types).or_else(|| decimals(types, digits_of_sum))
}

fn types_of_difference(types: &[DataType]) -> Option<Resolved> {
    if let [left, right] = types {
        if is_time(left) && is_interval(right) {
            return Some(Resolved {
                arguments: types.to_vec(),
                gives: left.clone(),
            });
        }
        if is_time(left) && is_time(right) {
            return Some(two(&common_type(left, right)?, &DAY_TO_SECOND));
        }
        if left == &DAY_TO_SECOND && right == left {
            return Some(two(left, left));
        }
    }
    plain_numbers(types).or_else(|| decimals(types, digits_of_sum))
}

fn types_of_product(types: &[DataType]) -> Option<Resolved> {
    plain_numbers(types).or_else(|| {
        decimals(types, |left, right| Digits {
            precision: left.precision + right.precision,
            scale: left.scale + right.scale,
        })
    })
}

fn types_of_quotient(types: &[DataType]) -> Option<Resolved> {
    plain_numbers(types).or_else(|| {
        decimals(types, |left, right| Digits {
            precision: left.precision + right.scale + (right.scale - left.scale).max(0),
            scale: left.scale.max(right.scale),
        })
    })
}

/// The types of `%` and `mod`.
pub(super) fn types_of_modulus(types: &[DataType]) -> Option<Resolved> {
    plain_numbers(types).or_else(|| {
        decimals(types, |left, right| {
            let scale = left.scale.max(right.scale);
            Digits {
                precision: (left.whole().min(right.whole()) + scale).max(1),
                scale,
            }
        })
    })
}

fn types_of_negation(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    (is_integer(one)
        || is_float(one)
        || is_interval(one)
        || matches!(one, DataType::Decimal128(_, _)))
    .then(|| Resolved {
        arguments: vec![one.clone()],
        gives: one.clone(),
    })
}

/// The integer in its type, or Trino's words for the overflow.
fn checked(
    result: Option<i64>,
    call: &Call<'_, '_>,
    operation: &str,
    shown_as: impl Fn() -> String,
) -> Result<Value<'static>> {
    let fits = |value: &i64| match call.gives {
        DataType::Int8 => i8::try_from(*value).is_ok(),
        DataType::Int16 => i16::try_from(*value).is_ok(),
        DataType::Int32 => i32::try_from(*value).is_ok(),
        _ => true,
    };
    result.filter(fits).map(Value::Integer).ok_or_else(|| {
        let name = shown(call.gives);
        TrinoError::range(format!("{name} {operation} overflow: {}", shown_as())).into()
    })
}

fn decimal(value: Option<i256>, gives: &DataType) -> Result<Value<'static>> {
    let precision = decimal_parts(gives).map_or(38, |parts| parts.precision);
    value
        .and_then(i256::to_i128)
        .filter(|value| value.unsigned_abs() < 10_u128.pow(precision.into()))
        .map(Value::Decimal)
        .ok_or_else(|| TrinoError::range("Decimal overflow").into())
}

fn scale_of(data_type: &DataType) -> u32 {
    decimal_parts(data_type).map_or(0, |parts| u32::try_from(parts.scale).unwrap_or(0))
}

/// The decimal with the digits after the point that the result has.
fn rescaled(value: i128, from: &DataType, scale: u32) -> Option<i256> {
    i256::from_i128(value).checked_mul(ten(scale.checked_sub(scale_of(from))?)?)
}

fn ten(exponent: u32) -> Option<i256> {
    i256::from_i128(10).checked_pow(exponent)
}

fn sum<'a>(call: &Call<'_, 'a>, sign: Sign) -> Result<Value<'a>> {
    Ok(match (&call.args[0], &call.args[1]) {
        (Value::Integer(left), Value::Integer(right)) => match sign {
            Sign::Plus => checked(left.checked_add(*right), call, "addition", || {
                format!("{left} + {right}")
            })?,
            Sign::Minus => checked(left.checked_sub(*right), call, "subtraction", || {
                format!("{left} - {right}")
            })?,
        },
        (Value::Double(left), Value::Double(right)) => Value::Double(match sign {
            Sign::Plus => left + right,
            Sign::Minus => left - right,
        }),
        (Value::Decimal(left), Value::Decimal(right)) => {
            let scale = scale_of(call.gives);
            let left = rescaled(*left, &call.types[0], scale);
            let right = rescaled(*right, &call.types[1], scale);
            let result = left.zip(right).and_then(|(left, right)| match sign {
                Sign::Plus => left.checked_add(right),
                Sign::Minus => left.checked_sub(right),
            });
            decimal(result, call.gives)?
        }
        (Value::Date(left), Value::Date(right)) => {
            difference(i64::from(*left) * DAY, i64::from(*right) * DAY)?
        }
        (Value::Timestamp(left), Value::Timestamp(right)) => difference(*left, *right)?,
        (Value::Other(interval), time @ (Value::Date(_) | Value::Timestamp(_)))
        | (time @ (Value::Date(_) | Value::Timestamp(_)), Value::Other(interval)) => {
            shift(time, interval, sign)?
        }
        (Value::Other(left), Value::Other(right)) => match (left, right) {
            (
                ScalarValue::DurationMillisecond(Some(left)),
                ScalarValue::DurationMillisecond(Some(right)),
            ) => match sign {
                Sign::Plus => difference(*left, right.wrapping_neg())?,
                Sign::Minus => difference(*left, *right)?,
            },
            _ => unreachable!("intervals day to second, not {left} and {right}"),
        },
        (left, right) => unreachable!("resolved types, not {left:?} and {right:?}"),
    })
}

fn difference(left: i64, right: i64) -> Result<Value<'static>> {
    let millis = left
        .checked_sub(right)
        .ok_or_else(|| TrinoError::range("interval overflow"))?;
    Ok(Value::Other(ScalarValue::DurationMillisecond(Some(millis))))
}

/// An interval as Trino has it: months, or milliseconds.
pub(super) struct Interval {
    pub months: i32,
    pub millis: i64,
}

/// The interval in a value; intervals that mix months and days are refused by the parser.
pub(super) fn interval(value: &ScalarValue) -> Result<Interval> {
    Ok(match value {
        ScalarValue::IntervalMonthDayNano(Some(value)) => Interval {
            months: value.months,
            millis: i64::from(value.days) * DAY + value.nanoseconds / 1_000_000,
        },
        ScalarValue::DurationMillisecond(Some(millis)) => Interval {
            months: 0,
            millis: *millis,
        },
        other => return Err(TrinoError::types(format!("{other} is not an interval")).into()),
    })
}

/// The time, moved by the interval.
pub(super) fn moved(time: &Value<'_>, by: &Interval) -> Result<Value<'static>> {
    let overflow = || TrinoError::range("date out of range");
    Ok(match time {
        Value::Date(days) => {
            if by.millis % DAY != 0 {
                let message = "Cannot add hour, minutes or seconds to a date";
                return Err(TrinoError::argument(message).into());
            }
            let days = add_months(*days, by.months.into()).ok_or_else(overflow)?;
            let moved = i64::from(days) + by.millis / DAY;
            Value::Date(i32::try_from(moved).map_err(|_| overflow())?)
        }
        other => {
            let millis =
                add_months_millis(other.millis(), by.months.into()).ok_or_else(overflow)?;
            Value::Timestamp(millis.checked_add(by.millis).ok_or_else(overflow)?)
        }
    })
}

fn shift(time: &Value<'_>, by: &ScalarValue, sign: Sign) -> Result<Value<'static>> {
    let mut by = interval(by)?;
    if matches!(sign, Sign::Minus) {
        by = Interval {
            months: -by.months,
            millis: -by.millis,
        };
    }
    moved(time, &by)
}

fn product<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    Ok(match (&call.args[0], &call.args[1]) {
        (Value::Integer(left), Value::Integer(right)) => {
            checked(left.checked_mul(*right), call, "multiplication", || {
                format!("{left} * {right}")
            })?
        }
        (Value::Double(left), Value::Double(right)) => Value::Double(left * right),
        (Value::Decimal(left), Value::Decimal(right)) => {
            let result = i256::from_i128(*left).checked_mul(i256::from_i128(*right));
            decimal(result, call.gives)?
        }
        (left, right) => unreachable!("resolved types, not {left:?} and {right:?}"),
    })
}

fn quotient<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    Ok(match (&call.args[0], &call.args[1]) {
        (Value::Integer(_), Value::Integer(0)) | (Value::Decimal(_), Value::Decimal(0)) => {
            return Err(TrinoError::division_by_zero().into());
        }
        (Value::Integer(left), Value::Integer(right)) => {
            checked(left.checked_div(*right), call, "division", || {
                format!("{left} / {right}")
            })?
        }
        (Value::Double(left), Value::Double(right)) => Value::Double(left / right),
        (Value::Decimal(left), Value::Decimal(right)) => {
            // The dividend gets the digits that the division takes away and the result has.
            let more = scale_of(call.gives) + scale_of(&call.types[1]) - scale_of(&call.types[0]);
            let dividend = ten(more).and_then(|ten| i256::from_i128(*left).checked_mul(ten));
            let divisor = i256::from_i128(*right);
            let result = dividend.and_then(|dividend| {
                let quotient = dividend.checked_div(divisor)?;
                let rest = dividend.checked_rem(divisor)?;
                let twice = rest.checked_mul(i256::from_i128(2))?;
                if magnitude(twice) < magnitude(divisor) {
                    return Some(quotient);
                }
                let away = if (*left < 0) == (*right < 0) { 1 } else { -1 };
                quotient.checked_add(i256::from_i128(away))
            });
            decimal(result, call.gives)?
        }
        (left, right) => unreachable!("resolved types, not {left:?} and {right:?}"),
    })
}

fn magnitude(value: i256) -> i256 {
    value.wrapping_abs()
}

/// The remainder, with the sign of the dividend.
pub(super) fn modulus<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    Ok(match (&call.args[0], &call.args[1]) {
        (Value::Integer(_), Value::Integer(0)) => {
            return Err(TrinoError::new("GENERIC_INTERNAL_ERROR", "/ by zero").into());
        }
        (Value::Decimal(_), Value::Decimal(0)) => {
            return Err(TrinoError::division_by_zero().into());
        }
        (Value::Integer(left), Value::Integer(right)) => Value::Integer(left.wrapping_rem(*right)),
        (Value::Double(left), Value::Double(right)) => Value::Double(left % right),
        (Value::Decimal(left), Value::Decimal(right)) => {
            let scale = scale_of(call.gives);
            let left = rescaled(*left, &call.types[0], scale);
            let right = rescaled(*right, &call.types[1], scale);
            let result = left
                .zip(right)
                .and_then(|(left, right)| left.checked_rem(right));
            decimal(result, call.gives)?
        }
        (left, right) => unreachable!("resolved types, not {left:?} and {right:?}"),
    })
}

fn negation<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    Ok(match &call.args[0] {
        Value::Integer(value) => {
            checked(value.checked_neg(), call, "negation", || value.to_string())?
        }
        Value::Double(value) => Value::Double(-value),
        Value::Decimal(value) => Value::Decimal(-value),
        Value::Other(value) => Value::Other(value.arithmetic_negate()?),
        other => unreachable!("a number, not {other:?}"),
    })
}
