//! Numbers: rounding, powers, logarithms, trigonometry.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arithmetic;
use super::scalar::{Resolved, Scalar};
use super::trino_error::TrinoError;
use super::types::{converts, decimal_parts};
use super::value::Value;

pub(super) fn functions() -> Vec<Scalar> {
    let mut all = vec![
        Scalar::new(
            "abs",
            "integer | bigint | decimal | real | double",
            |call| {
                Ok(match &call.args[0] {
                    Value::Integer(value) => {
                        let lowest = match call.gives {
                            DataType::Int32 => i64::from(i32::MIN),
                            _ => i64::MIN,
                        };
                        if *value == lowest {
                            let name = super::types::shown(call.gives);
                            let message = format!("Value {value} is out of range for abs({name})");
                            return Err(TrinoError::range(message).into());
                        }
                        Value::Integer(value.abs())
                    }
                    Value::Decimal(value) => Value::Decimal(value.abs()),
                    other => Value::Double(other.double().abs()),
                })
            },
        ),
        Scalar::custom("ceil", "a number", whole_type, |call| {
            whole(call, Rounding::Up)
        }),
        Scalar::custom("ceiling", "a number", whole_type, |call| {
            whole(call, Rounding::Up)
        }),
        Scalar::custom("floor", "a number", whole_type, |call| {
            whole(call, Rounding::Down)
        }),
        Scalar::custom(
            "round",
            "a number, or a number and digits",
            round_type,
            |call| {
                let digits = call.args.get(1).map_or(0, Value::integer);
                Ok(match &call.args[0] {
                    Value::Integer(value) => {
                        Value::Integer(round_integer(*value, digits, call.gives)?)
                    }
                    Value::Decimal(value) => round_decimal(*value, digits, call.types, call.gives)?,
                    other => Value::Double(round_double(other.double(), digits)),
                })
            },
        ),
        Scalar::custom(
            "truncate",
            "a double or decimal, or a decimal and digits",
            truncate_type,
            {
                |call| {
                    let digits = call.args.get(1).map(Value::integer);
                    Ok(match &call.args[0] {
                        Value::Decimal(value) => {
                            let scale = decimal_scale(&call.types[0]);
                            match digits {
                                None => Value::Decimal(value / power_of_ten(scale)),
                                Some(digits) => {
                                    let cut = i64::from(scale) - digits;
                                    let unit = u32::try_from(cut.clamp(0, 39)).unwrap_or(0);
                                    match 10_i128.checked_pow(unit) {
                                        Some(unit) => Value::Decimal(value / unit * unit),
                                        None => Value::Decimal(0),
                                    }
                                }
                            }
                        }
                        other => Value::Double(other.double().trunc()),
                    })
                }
            },
        ),
        Scalar::custom("sign", "a number", sign_type, |call| {
            Ok(match &call.args[0] {
                Value::Integer(value) => Value::Integer(value.signum()),
                Value::Decimal(value) => Value::Decimal(value.signum()),
                other => {
                    let value = other.double();
                    Value::Double(if value == 0.0 || value.is_nan() {
                        value
                    } else {
                        value.signum()
                    })
                }
            })
        }),
        Scalar::custom(
            "mod",
            "two numbers",
            arithmetic::types_of_modulus,
            arithmetic::modulus,
        ),
        Scalar::new("power", "double, double -> double", power),
        Scalar::new("pow", "double, double -> double", power),
        Scalar::new("log", "double, double -> double", |call| {
            Ok(Value::Double(
                call.args[1].double().ln() / call.args[0].double().ln(),
            ))
        }),
        Scalar::new("atan2", "double, double -> double", |call| {
            Ok(Value::Double(
                call.args[0].double().atan2(call.args[1].double()),
            ))
        }),
        Scalar::new("is_nan", "double -> boolean", |call| {
            Ok(Value::Boolean(call.args[0].double().is_nan()))
        }),
        Scalar::new("is_finite", "double -> boolean", |call| {
            Ok(Value::Boolean(call.args[0].double().is_finite()))
        }),
        Scalar::new("is_infinite", "double -> boolean", |call| {
            Ok(Value::Boolean(call.args[0].double().is_infinite()))
        }),
        Scalar::new("nan", "-> double", |_| Ok(Value::Double(f64::NAN))),
        Scalar::new("infinity", "-> double", |_| {
            Ok(Value::Double(f64::INFINITY))
        }),
        Scalar::new("pi", "-> double", |_| {
            Ok(Value::Double(std::f64::consts::PI))
        }),
        Scalar::new("e", "-> double", |_| Ok(Value::Double(std::f64::consts::E))),
        Scalar::new(
            "width_bucket",
            "double, double, double, bigint -> bigint",
            |call| {
                let [operand, low, high] = [0, 1, 2].map(|place| call.args[place].double());
                Ok(Value::Integer(width_bucket(
                    operand,
                    low,
                    high,
                    call.args[3].integer(),
                )?))
            },
        ),
    ];
    macro_rules! doubles {
        ($($name:literal => $compute:expr),* $(,)?) => {
            $(all.push(Scalar::new($name, "double -> double", |call| {
                let compute: fn(f64) -> f64 = $compute;
                Ok(Value::Double(compute(call.args[0].double())))
            }));)*
        };
    }
    doubles! {
        "sqrt" => f64::sqrt, "cbrt" => f64::cbrt, "exp" => f64::exp, "ln" => f64::ln,
        "log2" => |value| value.ln() / 2_f64.ln(), "log10" => f64::log10,
        "sin" => f64::sin, "cos" => f64::cos, "tan" => f64::tan, "asin" => f64::asin,
        "acos" => f64::acos, "atan" => f64::atan, "sinh" => f64::sinh, "cosh" => f64::cosh,
        "tanh" => f64::tanh, "degrees" => f64::to_degrees, "radians" => f64::to_radians,
    }
    all
}

enum Rounding {
    Up,
    Down,
}

/// The type itself for integers and doubles; a decimal without digits after the point.
fn whole_type(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    let gives = match one {
        DataType::Decimal128(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            DataType::Decimal128((precision - scale + scale.min(1)).max(1), 0)
        }
        DataType::Null => DataType::Int64,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64 => one.clone(),
        _ => return None,
    };
    let takes = if one == &DataType::Null {
        gives.clone()
    } else {
        one.clone()
    };
    Some(Resolved {
        arguments: vec![takes],
        gives,
    })
}

fn truncate_type(types: &[DataType]) -> Option<Resolved> {
    match types {
        [one @ DataType::Decimal128(precision, scale)] => Some(Resolved {
            arguments: vec![one.clone()],
            gives: DataType::Decimal128((precision - u8::try_from(*scale).ok()?).max(1), 0),
        }),
        [one @ DataType::Decimal128(_, _), digits] if converts(digits, &DataType::Int64) => {
            Some(Resolved {
                arguments: vec![one.clone(), DataType::Int64],
                gives: one.clone(),
            })
        }
        [one] if converts(one, &DataType::Float64) => Some(Resolved {
            arguments: vec![DataType::Float64],
            gives: DataType::Float64,
        }),
        _ => None,
    }
}

fn sign_type(types: &[DataType]) -> Option<Resolved> {
    let mut resolved = whole_type(types)?;
    if matches!(resolved.gives, DataType::Decimal128(_, _)) {
        resolved.gives = DataType::Decimal128(1, 0);
    }
    Some(resolved)
}

fn round_type(types: &[DataType]) -> Option<Resolved> {
    match types {
        [one] => whole_type(std::slice::from_ref(one)),
        [one, digits] if converts(digits, &DataType::Int64) => {
            let mut resolved = whole_type(std::slice::from_ref(one))?;
            if let DataType::Decimal128(precision, scale) = one {
                resolved.gives = DataType::Decimal128((precision + 1).min(38), *scale);
            }
            resolved.arguments.push(DataType::Int64);
            Some(resolved)
        }
        _ => None,
    }
}

fn whole<'a>(call: &super::scalar::Call<'_, 'a>, rounding: Rounding) -> Result<Value<'a>> {
    Ok(match &call.args[0] {
        Value::Integer(value) => Value::Integer(*value),
        Value::Decimal(value) => {
            let unit = power_of_ten(decimal_scale(&call.types[0]));
            let down = value.div_euclid(unit);
            Value::Decimal(match rounding {
                Rounding::Up => down + i128::from(value.rem_euclid(unit) != 0),
                Rounding::Down => down,
            })
        }
        other => Value::Double(match rounding {
            Rounding::Up => other.double().ceil(),
            Rounding::Down => other.double().floor(),
        }),
    })
}

fn decimal_scale(data_type: &DataType) -> i8 {
    decimal_parts(data_type).map_or(0, |parts| parts.scale)
}

fn power_of_ten(scale: i8) -> i128 {
    10_i128.pow(u32::try_from(scale).unwrap_or(0))
}

/// Half away from zero. A factor that takes the number out of the doubles leaves it as it is.
fn round_double(value: f64, digits: i64) -> f64 {
    if !value.is_finite() {
        return value;
    }
    let digits = i32::try_from(digits).unwrap_or(if digits < 0 { i32::MIN } else { i32::MAX });
    let factor = 10_f64.powi(digits);
    let scaled = value * factor;
    if scaled.is_infinite() {
        return value;
    }
    scaled.round() / factor
}

fn round_integer(value: i64, digits: i64, gives: &DataType) -> Result<i64> {
    if digits >= 0 {
        return Ok(value);
    }
    let overflow = || TrinoError::range(format!("numerical overflow: {value}"));
    let Some(unit) = u32::try_from(-digits)
        .ok()
        .and_then(|digits| 10_i128.checked_pow(digits))
    else {
        return Ok(0);
    };
    let rounded = half_away(i128::from(value), unit) * unit;
    match gives {
        DataType::Int32 => i32::try_from(rounded)
            .map(i64::from)
            .map_err(|_| overflow().into()),
        _ => i64::try_from(rounded).map_err(|_| overflow().into()),
    }
}

/// `value / unit`, rounded half away from zero.
pub(super) fn half_away(value: i128, unit: i128) -> i128 {
    let (quotient, rest) = (value / unit, value % unit);
    if rest.unsigned_abs() >= unit.unsigned_abs() - rest.unsigned_abs() {
        quotient + value.signum() * unit.signum()
    } else {
        quotient
    }
}

fn round_decimal(
    value: i128,
    digits: i64,
    types: &[DataType],
    gives: &DataType,
) -> Result<Value<'static>> {
    let scale = decimal_scale(&types[0]);
    let cut = i64::from(scale) - digits;
    if cut <= 0 {
        return Ok(Value::Decimal(value));
    }
    let Some(unit) = u32::try_from(cut)
        .ok()
        .and_then(|cut| 10_i128.checked_pow(cut))
    else {
        return Ok(Value::Decimal(0));
    };
    let rounded = half_away(value, unit);
    // round(x) has no digits after the point, round(x, d) keeps the scale.
    let kept = if types.len() == 1 { 1 } else { unit };
    let result = rounded.checked_mul(kept);
    let fits = decimal_parts(gives).and_then(|parts| 10_i128.checked_pow(parts.precision.into()));
    match (result, fits) {
        (Some(result), Some(limit)) if result.abs() < limit => Ok(Value::Decimal(result)),
        _ => Err(TrinoError::range("decimal overflow").into()),
    }
}

fn power<'a>(call: &super::scalar::Call<'_, 'a>) -> Result<Value<'a>> {
    let (base, exponent) = (call.args[0].double(), call.args[1].double());
    // Java: one to the power of NaN or infinity is not a number.
    if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) {
        return Ok(Value::Double(f64::NAN));
    }
    Ok(Value::Double(base.powf(exponent)))
}

fn width_bucket(operand: f64, low: f64, high: f64, count: i64) -> Result<i64> {
    if count <= 0 {
        return Err(TrinoError::argument("bucketCount must be greater than 0").into());
    }
    if operand.is_nan() {
        return Err(TrinoError::argument("operand must not be NaN").into());
    }
    if !low.is_finite() {
        return Err(TrinoError::argument("first bound must be finite").into());
    }
    if !high.is_finite() {
        return Err(TrinoError::argument("second bound must be finite").into());
    }
    #[expect(clippy::float_cmp, reason = "the bounds are equal or they are not")]
    if low == high {
        return Err(TrinoError::argument("bounds cannot equal each other").into());
    }
    let (lower, upper) = (low.min(high), low.max(high));
    let past = || {
        count
            .checked_add(1)
            .ok_or_else(|| TrinoError::range(format!("Bucket for value {operand} is out of range")))
    };
    let bucket = if operand < lower {
        0
    } else if operand >= upper {
        past()?
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "a share of the count"
        )]
        {
            (count as f64 * (operand - lower) / (upper - lower) + 1.0) as i64
        }
    };
    Ok(if low > high {
        count - bucket + 1
    } else {
        bucket
    })
}
