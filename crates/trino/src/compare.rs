//! Comparisons of doubles as Trino has them: NaN equals nothing and is on no side of anything, but
//! is not distinct from itself, sorts last, and gives way to a number in min and max.

use std::cmp::Ordering;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};

use super::scalar::{Call, Resolved, Scalar};
use super::types::{common_of, converts};
use super::value::{Value, values};

pub(super) fn functions() -> Vec<Scalar> {
    macro_rules! comparisons {
        ($($name:literal => $compare:expr),* $(,)?) => {
            vec![$(Scalar::new($name, "double, double -> boolean", |call| {
                let compare: fn(f64, f64) -> bool = $compare;
                Ok(Value::Boolean(compare(call.args[0].double(), call.args[1].double())))
            })),*]
        };
    }
    #[expect(clippy::float_cmp, reason = "the comparison of SQL is exact")]
    let mut all = comparisons! {
        "$equal" => |left, right| left == right,
        "$not_equal" => |left, right| left != right,
        "$less" => |left, right| left < right,
        "$less_or_equal" => |left, right| left <= right,
        "$greater" => |left, right| left > right,
        "$greater_or_equal" => |left, right| left >= right,
    };
    all.push(Scalar::new("$distinct", "double, double -> boolean", distinct).with_nulls());
    // For DISTINCT there is one NaN and one zero.
    all.push(Scalar::new("$canonical", "double -> double", |call| {
        let value = call.args[0].double();
        Ok(Value::Double(if value.is_nan() {
            f64::NAN
        } else {
            value + 0.0
        }))
    }));
    all.push(Scalar::custom(
        "greatest",
        "one or more of one type",
        same_types,
        |call| Ok(extreme(call, Ordering::Greater)),
    ));
    all.push(Scalar::custom(
        "least",
        "one or more of one type",
        same_types,
        |call| Ok(extreme(call, Ordering::Less)),
    ));
    all
}

fn distinct<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    Ok(Value::Boolean(match (&call.args[0], &call.args[1]) {
        (Value::Null, Value::Null) => false,
        (Value::Null, _) | (_, Value::Null) => true,
        (left, right) => {
            let (left, right) = (left.double(), right.double());
            #[expect(clippy::float_cmp, reason = "the comparison of SQL is exact")]
            {
                left != right && !(left.is_nan() && right.is_nan())
            }
        }
    }))
}

/// Whether values of the type have an order.
pub(super) fn is_orderable(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(element) => is_orderable(element.data_type()),
        DataType::Map(_, _) | DataType::LargeUtf8 | DataType::Struct(_) => false,
        _ => true,
    }
}

fn same_types(types: &[DataType]) -> Option<Resolved> {
    let common = common_of(types)?;
    let common = if common == DataType::Null {
        DataType::Boolean
    } else {
        common
    };
    (!types.is_empty() && is_orderable(&common)).then(|| Resolved {
        arguments: vec![common.clone(); types.len()],
        gives: common,
    })
}

fn extreme<'a>(call: &Call<'_, 'a>, wanted: Ordering) -> Value<'a> {
    let mut found = call.args[0].clone();
    for value in &call.args[1..] {
        if replaces(value, &found, wanted) {
            found = value.clone();
        }
    }
    found
}

/// Whether `value` takes the place of `found` as the greatest or least: NaN never does, and a
/// number takes the place of NaN.
pub(super) fn replaces(value: &Value<'_>, found: &Value<'_>, wanted: Ordering) -> bool {
    match (value, found) {
        (Value::Double(value), Value::Double(found)) => {
            (found.is_nan() && !value.is_nan()) || value.partial_cmp(found) == Some(wanted)
        }
        _ => order(value, found) == wanted,
    }
}

/// The order of ORDER BY: NaN is the largest double, and NULL comes after all.
pub(super) fn order(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
        (Value::Double(left), Value::Double(right)) => left
            .partial_cmp(right)
            .unwrap_or_else(|| left.is_nan().cmp(&right.is_nan())),
        (Value::Decimal(left), Value::Decimal(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::Timestamp(left), Value::Timestamp(right)) => left.cmp(right),
        (Value::Other(left), Value::Other(right)) => order_scalars(left, right),
        // Values of one column have one type.
        _ => Ordering::Equal,
    }
}

fn order_scalars(left: &ScalarValue, right: &ScalarValue) -> Ordering {
    let (ScalarValue::List(left_list), ScalarValue::List(right_list)) = (left, right) else {
        return left.partial_cmp(right).unwrap_or(Ordering::Equal);
    };
    let (left, right) = (left_list.value(0), right_list.value(0));
    let (Ok(left), Ok(right)) = (values(&left), values(&right)) else {
        return Ordering::Equal;
    };
    left.iter()
        .zip(&right)
        .map(|(left, right)| order(left, right))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// `left = right` of SQL for values that are not NULL: NaN equals nothing.
pub(super) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        #[expect(clippy::float_cmp, reason = "the comparison of SQL is exact")]
        (Value::Double(left), Value::Double(right)) => left == right,
        _ => order(left, right).is_eq(),
    }
}

/// Whether the two are one value for DISTINCT and GROUP BY: NaN is NaN, NULL is NULL.
pub(super) fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    order(left, right).is_eq()
}

/// How Trino compares two types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CompareBy {
    /// `DataFusion`'s operator on both sides as this type.
    Operator(DataType),
    /// A function of ours (`$equal`, …) on both sides as double.
    Double,
}

/// How to compare values of two types; `None` where Trino refuses.
pub(crate) fn compare_by(left: &DataType, right: &DataType) -> Option<CompareBy> {
    let common = common_of([left, right])?;
    if super::types::is_float(&common) && converts(&common, &DataType::Float64) {
        return Some(CompareBy::Double);
    }
    Some(CompareBy::Operator(common))
}
