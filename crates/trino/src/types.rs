//! Trino's types on arrow's: names, implicit conversions, the common type of several.
//!
//! | Trino | arrow |
//! |---|---|
//! | boolean | `Boolean` |
//! | tinyint, smallint, integer, bigint | `Int8`, `Int16`, `Int32`, `Int64` |
//! | real, double | `Float32`, `Float64` |
//! | decimal(p, s) | `Decimal128(p, s)` |
//! | varchar, varchar(n) | `Utf8` |
//! | json | `LargeUtf8` |
//! | date | `Date32` |
//! | timestamp(3) | `Timestamp(Millisecond, None)` |
//! | timestamp(3) with time zone | `Timestamp(Millisecond, "UTC")` |
//! | interval day to second | `Duration(Millisecond)`, a literal is `Interval(MonthDayNano)` |
//! | array, map, row | `List`, `Map`, `Struct` |

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};

/// timestamp(3)
pub(crate) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
/// json
pub(crate) const JSON: DataType = DataType::LargeUtf8;
/// interval day to second, as the difference of two times gives it
pub(crate) const DAY_TO_SECOND: DataType = DataType::Duration(TimeUnit::Millisecond);
/// An interval as a literal gives it.
pub(crate) const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// timestamp(3) with time zone; UTC is the only zone.
pub(crate) fn timestamp_tz() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some(Arc::from("UTC")))
}

/// array(`element`)
pub(crate) fn array_of(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(element, true)))
}

/// map(`key`, `value`)
pub(crate) fn map_of(key: DataType, value: DataType) -> DataType {
    let entries = Fields::from(vec![
        Field::new("key", key, false),
        Field::new("value", value, true),
    ]);
    DataType::Map(
        Arc::new(Field::new("entries", DataType::Struct(entries), false)),
        false,
    )
}

/// The key and value of a map type.
pub(crate) fn map_parts(data_type: &DataType) -> Option<(&DataType, &DataType)> {
    let DataType::Map(entries, _) = data_type else {
        return None;
    };
    let DataType::Struct(fields) = entries.data_type() else {
        return None;
    };
    Some((fields.first()?.data_type(), fields.get(1)?.data_type()))
}

/// The name that Trino gives the type; `None` for a type that Trino does not have.
pub fn type_name(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Null => "unknown".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "tinyint".into(),
        DataType::Int16 => "smallint".into(),
        DataType::Int32 => "integer".into(),
        DataType::Int64 => "bigint".into(),
        DataType::Float32 => "real".into(),
        DataType::Float64 => "double".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Utf8 => "varchar".into(),
        DataType::LargeUtf8 => "json".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(TimeUnit::Millisecond, None) => "timestamp(3)".into(),
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => "timestamp(3) with time zone".into(),
        DataType::Duration(TimeUnit::Millisecond) => "interval day to second".into(),
        DataType::List(element) => format!("array({})", type_name(element.data_type())?),
        DataType::Map(_, _) => {
            let (key, value) = map_parts(data_type)?;
            format!("map({}, {})", type_name(key)?, type_name(value)?)
        }
        DataType::Struct(fields) => {
            let names: Option<Vec<String>> = fields
                .iter()
                .map(|field| type_name(field.data_type()))
                .collect();
            format!("row({})", names?.join(", "))
        }
        _ => return None,
    })
}

/// The type's name for a message, whatever the type is.
pub(crate) fn shown(data_type: &DataType) -> String {
    type_name(data_type).unwrap_or_else(|| match data_type {
        DataType::Interval(_) => "interval".into(),
        DataType::Utf8View => "varchar".into(),
        other => other.to_string(),
    })
}

pub(super) fn is_integer(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64
    )
}

pub(super) fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float32 | DataType::Float64)
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Utf8View)
}

/// The decimal that holds every value of an integer type.
pub(super) fn integer_digits(data_type: &DataType) -> Option<u8> {
    match data_type {
        DataType::Int8 => Some(3),
        DataType::Int16 => Some(5),
        DataType::Int32 => Some(10),
        DataType::Int64 => Some(19),
        _ => None,
    }
}

/// The digits and scale of a decimal, or of the decimal that an integer becomes.
pub(super) fn decimal_parts(data_type: &DataType) -> Option<DecimalParts> {
    match data_type {
        DataType::Decimal128(precision, scale) => Some(DecimalParts {
            precision: *precision,
            scale: *scale,
        }),
        other => integer_digits(other).map(|precision| DecimalParts {
            precision,
            scale: 0,
        }),
    }
}

/// decimal(precision, scale)
#[derive(Debug, Clone, Copy)]
pub(super) struct DecimalParts {
    pub precision: u8,
    pub scale: i8,
}

/// Whether Trino converts `from` to `to` without a CAST.
pub(super) fn converts(from: &DataType, to: &DataType) -> bool {
    if from == to || from == &DataType::Null {
        return true;
    }
    match (from, to) {
        (DataType::Utf8View, DataType::Utf8) => true,
        (DataType::Int8, DataType::Int16 | DataType::Int32 | DataType::Int64) => true,
        (DataType::Int16, DataType::Int32 | DataType::Int64) => true,
        (DataType::Int32, DataType::Int64) => true,
        (from, DataType::Float32 | DataType::Float64)
            if is_integer(from) || matches!(from, DataType::Decimal128(_, _)) =>
        {
            true
        }
        (DataType::Float32, DataType::Float64) => true,
        (from, DataType::Decimal128(precision, scale)) => {
            decimal_parts(from).is_some_and(|parts| {
                parts.scale <= *scale
                    && i16::from(parts.precision) - i16::from(parts.scale)
                        <= i16::from(*precision) - i16::from(*scale)
            })
        }
        (DataType::Date32, DataType::Timestamp(TimeUnit::Millisecond, _)) => true,
        (
            DataType::Timestamp(TimeUnit::Millisecond, None),
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)),
        ) => true,
        (DataType::List(from), DataType::List(to)) => converts(from.data_type(), to.data_type()),
        _ => false,
    }
}

/// The type that both become in a comparison, a CASE, an array; `None` where Trino has none.
pub(super) fn common_type(left: &DataType, right: &DataType) -> Option<DataType> {
    if converts(left, right) {
        return Some(right.clone());
    }
    if converts(right, left) {
        return Some(left.clone());
    }
    if let (Some(left), Some(right)) = (decimal_parts(left), decimal_parts(right)) {
        let scale = left.scale.max(right.scale);
        let digits = |parts: DecimalParts| i16::from(parts.precision) - i16::from(parts.scale);
        let precision = (digits(left).max(digits(right)) + i16::from(scale)).min(38);
        return Some(DataType::Decimal128(u8::try_from(precision).ok()?, scale));
    }
    match (left, right) {
        (DataType::List(left), DataType::List(right)) => {
            common_type(left.data_type(), right.data_type()).map(array_of)
        }
        _ => None,
    }
}

/// The common type of all.
pub(super) fn common_of<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    let mut common = DataType::Null;
    for data_type in types {
        common = common_type(&common, data_type)?;
    }
    Some(match common {
        DataType::Utf8View => DataType::Utf8,
        other => other,
    })
}
