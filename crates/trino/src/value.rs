//! Rows of a column as values of Trino's types, and back: what the functions compute with.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Date32Array, Date32Builder,
    Decimal128Array, Decimal128Builder, Float32Array, Float32Builder, Float64Array, Float64Builder,
    Int8Array, Int8Builder, Int16Array, Int16Builder, Int32Array, Int32Builder, Int64Array,
    Int64Builder, LargeStringArray, LargeStringBuilder, StringArray, StringBuilder,
    TimestampMillisecondArray, TimestampMillisecondBuilder, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DataFusionError, Result, ScalarValue};

use super::trino_error::TrinoError;

/// One value. Types that few functions know are `Other`.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// NULL of any type.
    Null,
    Boolean(bool),
    /// Any integer type.
    Integer(i64),
    /// double and real.
    Double(f64),
    /// The digits of a decimal without its point.
    Decimal(i128),
    /// varchar and json.
    Text(Cow<'a, str>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01 00:00, with or without time zone (UTC).
    Timestamp(i64),
    /// A list, a map, a row, an interval.
    Other(ScalarValue),
}

impl Value<'_> {
    pub(super) fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Other(value) => value.is_null(),
            _ => false,
        }
    }

    /// The integer; the caller has resolved the type to be one.
    pub(super) fn integer(&self) -> i64 {
        match self {
            Self::Integer(value) => *value,
            other => unreachable!("an integer, not {other:?}"),
        }
    }

    /// The double; the caller has resolved the type to be one.
    pub(super) fn double(&self) -> f64 {
        match self {
            Self::Double(value) => *value,
            other => unreachable!("a double, not {other:?}"),
        }
    }

    /// The text; the caller has resolved the type to be varchar or json.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(value) => value,
            other => unreachable!("a text, not {other:?}"),
        }
    }

    /// The milliseconds of a timestamp, or those of the start of a date.
    pub(super) fn millis(&self) -> i64 {
        match self {
            Self::Timestamp(value) => *value,
            Self::Date(days) => i64::from(*days) * 86_400_000,
            other => unreachable!("a time, not {other:?}"),
        }
    }

    /// A text of its own.
    pub(super) fn owned(text: impl Into<String>) -> Value<'static> {
        Value::Text(Cow::Owned(text.into()))
    }

    /// The value without a borrow.
    pub(super) fn into_static(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Boolean(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Double(value) => Value::Double(value),
            Self::Decimal(value) => Value::Decimal(value),
            Self::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Self::Date(value) => Value::Date(value),
            Self::Timestamp(value) => Value::Timestamp(value),
            Self::Other(value) => Value::Other(value),
        }
    }
}

/// A column that gives its rows as values.
pub(super) enum Rows<'a> {
    Boolean(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Decimal(&'a Decimal128Array),
    Utf8(&'a StringArray),
    Json(&'a LargeStringArray),
    Date(&'a Date32Array),
    Timestamp(&'a TimestampMillisecondArray),
    Other(&'a ArrayRef),
}

impl<'a> Rows<'a> {
    pub(super) fn new(array: &'a ArrayRef) -> Self {
        match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean()),
            DataType::Int8 => Self::Int8(array.as_primitive()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Decimal128(_, _) => Self::Decimal(array.as_primitive()),
            DataType::Utf8 => Self::Utf8(array.as_string()),
            DataType::LargeUtf8 => Self::Json(array.as_string()),
            DataType::Date32 => Self::Date(array.as_primitive()),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Self::Timestamp(array.as_primitive()),
            _ => Self::Other(array),
        }
    }

    /// The value of one row.
    pub(super) fn value(&self, row: usize) -> Result<Value<'a>> {
        macro_rules! one {
            ($array:expr, $value:ident => $made:expr) => {{
                if $array.is_null(row) {
                    Value::Null
                } else {
                    let $value = $array.value(row);
                    $made
                }
            }};
        }
        Ok(match self {
            Self::Boolean(array) => one!(array, value => Value::Boolean(value)),
            Self::Int8(array) => one!(array, value => Value::Integer(value.into())),
            Self::Int16(array) => one!(array, value => Value::Integer(value.into())),
            Self::Int32(array) => one!(array, value => Value::Integer(value.into())),
            Self::Int64(array) => one!(array, value => Value::Integer(value)),
            Self::Float32(array) => one!(array, value => Value::Double(value.into())),
            Self::Float64(array) => one!(array, value => Value::Double(value)),
            Self::Decimal(array) => one!(array, value => Value::Decimal(value)),
            Self::Utf8(array) => one!(array, value => Value::Text(Cow::Borrowed(value))),
            Self::Json(array) => one!(array, value => Value::Text(Cow::Borrowed(value))),
            Self::Date(array) => one!(array, value => Value::Date(value)),
            Self::Timestamp(array) => one!(array, value => Value::Timestamp(value)),
            Self::Other(array) => {
                if array.is_null(row) || array.data_type() == &DataType::Null {
                    Value::Null
                } else {
                    Value::Other(ScalarValue::try_from_array(array, row)?)
                }
            }
        })
    }
}

/// All values of a column.
pub(super) fn values(array: &ArrayRef) -> Result<Vec<Value<'_>>> {
    let rows = Rows::new(array);
    (0..array.len()).map(|row| rows.value(row)).collect()
}

/// The values of one row's list.
pub(super) fn list_values(list: &ArrayRef) -> Result<Vec<Value<'static>>> {
    Ok(values(list)?.into_iter().map(Value::into_static).collect())
}

/// A column of type `data_type` from its values.
///
/// # Errors
/// A value of another type than the column's; it is an error of the function that made it.
pub(super) fn column(data_type: &DataType, values: &[Value<'_>]) -> Result<ArrayRef> {
    macro_rules! build {
        ($builder:expr, $pattern:pat => $made:expr) => {{
            let mut builder = $builder;
            for value in values {
                match value {
                    Value::Null => builder.append_null(),
                    $pattern => builder.append_value($made),
                    other => return Err(wrong(data_type, other)),
                }
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    macro_rules! narrow {
        ($builder:ident, $type:ty) => {{
            let mut builder = $builder::with_capacity(values.len());
            for value in values {
                match value {
                    Value::Null => builder.append_null(),
                    Value::Integer(value) => {
                        builder.append_value(<$type>::try_from(*value).map_err(|_| {
                            TrinoError::range(format!("{value} does not fit its type"))
                        })?)
                    }
                    other => return Err(wrong(data_type, other)),
                }
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    let length = values.len();
    Ok(match data_type {
        DataType::Boolean => {
            build!(BooleanBuilder::with_capacity(length), Value::Boolean(value) => *value)
        }
        DataType::Int8 => narrow!(Int8Builder, i8),
        DataType::Int16 => narrow!(Int16Builder, i16),
        DataType::Int32 => narrow!(Int32Builder, i32),
        DataType::Int64 => {
            build!(Int64Builder::with_capacity(length), Value::Integer(value) => *value)
        }
        DataType::Float32 => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "real is the rounded double"
            )]
            {
                build!(Float32Builder::with_capacity(length), Value::Double(value) => *value as f32)
            }
        }
        DataType::Float64 => {
            build!(Float64Builder::with_capacity(length), Value::Double(value) => *value)
        }
        DataType::Decimal128(_, _) => {
            build!(
                Decimal128Builder::with_capacity(length).with_data_type(data_type.clone()),
                Value::Decimal(value) => *value
            )
        }
        DataType::Utf8 => {
            build!(StringBuilder::with_capacity(length, length * 8), Value::Text(value) => value)
        }
        DataType::LargeUtf8 => {
            build!(LargeStringBuilder::with_capacity(length, length * 8), Value::Text(value) => value)
        }
        DataType::Date32 => {
            build!(Date32Builder::with_capacity(length), Value::Date(value) => *value)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => build!(
            TimestampMillisecondBuilder::with_capacity(length).with_data_type(data_type.clone()),
            Value::Timestamp(value) => *value
        ),
        _ if values.iter().all(Value::is_null) => new_null_array(data_type, length),
        _ => {
            let null = ScalarValue::try_from(data_type)?;
            ScalarValue::iter_to_array(values.iter().map(|value| match value {
                Value::Other(value) => value.clone(),
                _ => null.clone(),
            }))?
        }
    })
}

/// One value as `DataFusion`'s scalar.
pub(super) fn scalar(data_type: &DataType, value: Value<'_>) -> Result<ScalarValue> {
    ScalarValue::try_from_array(&column(data_type, &[value])?, 0)
}

fn wrong(data_type: &DataType, value: &Value<'_>) -> DataFusionError {
    DataFusionError::Internal(format!("{value:?} in a column of {data_type}"))
}
