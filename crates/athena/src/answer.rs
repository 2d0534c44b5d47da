//! An answer: columns by Trino's types, and values as Trino writes them.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{
        DataType, Date32Type, Decimal128Type, DurationMillisecondType, Field, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema, TimeUnit,
        TimestampMillisecondType, UInt64Type,
    },
};
use serde_json::{Number, Value};

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerColumn {
    /// Its name, in lower case where the query gave none.
    pub(crate) name: String,
    /// Its type in Trino's words.
    pub(crate) trino_type: String,
}

/// The columns of an answer.
///
/// # Errors
/// A type that Trino does not have; a function or a table of ours made it.
pub(crate) fn columns(schema: &Schema) -> Result<Vec<AnswerColumn>> {
    let column = |field: &std::sync::Arc<Field>| {
        let trino_type = trino_type(field.data_type())
            .with_context(|| format!("the column {}", field.name()))?;
        Ok(AnswerColumn {
            name: field.name().clone(),
            trino_type,
        })
    };
    schema.fields().iter().map(column).collect()
}

/// A type by Trino's name; the engine's own functions also give unsigned numbers.
fn trino_type(data_type: &DataType) -> Result<String> {
    match data_type {
        DataType::UInt64 => Ok("bigint".to_owned()),
        DataType::Utf8View => Ok("varchar".to_owned()),
        other => trino::type_name(other)
            .with_context(|| format!("{other} is not a type of Athena's; cast it in the query")),
    }
}

/// The rows of a batch, each value as JSON holds it: numbers where JSON has them, everything else
/// as text in Trino's form.
///
/// # Errors
/// As [`trino_type`].
pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<Vec<Value>>> {
    let mut rows = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let values = batch.columns().iter().map(|column| value(column, row));
        rows.push(values.collect::<Result<_>>()?);
    }
    Ok(rows)
}

fn value(column: &ArrayRef, row: usize) -> Result<Value> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Float32 => real(column.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => double(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            let digits = column.as_primitive::<Decimal128Type>().value(row);
            Value::String(decimal(digits, *scale))
        }
        DataType::Utf8 => Value::String(column.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Value::String(column.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Value::String(column.as_string_view().value(row).to_owned()),
        DataType::Date32 => Value::String(date(column.as_primitive::<Date32Type>().value(row))?),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            let millis = column.as_primitive::<TimestampMillisecondType>().value(row);
            let time = chrono::DateTime::from_timestamp_millis(millis)
                .context("a time beyond what can be written")?;
            let zone = if zone.is_some() { " UTC" } else { "" };
            Value::String(format!("{}{zone}", time.format("%Y-%m-%d %H:%M:%S%.3f")))
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            let values = (0..list.len()).map(|at| value(&list, at));
            Value::Array(values.collect::<Result<_>>()?)
        }
        DataType::Map(..) => {
            let map = column.as_map().value(row);
            let (keys, values) = (map.column(0), map.column(1));
            let mut object = serde_json::Map::new();
            for at in 0..map.len() {
                object.insert(text(&value(keys, at)?), value(values, at)?);
            }
            Value::Object(object)
        }
        DataType::Struct(_) => {
            let fields = column.as_struct().columns().iter();
            Value::Array(
                fields
                    .map(|field| value(field, row))
                    .collect::<Result<_>>()?,
            )
        }
        DataType::Duration(TimeUnit::Millisecond) => {
            let millis = column.as_primitive::<DurationMillisecondType>().value(row);
            Value::String(interval(millis))
        }
        other => bail!("{other} is not a type of Athena's; cast it in the query"),
    })
}

/// Days and the time of a day, as Trino writes an interval.
fn interval(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    let (days, millis) = (millis / 86_400_000, millis % 86_400_000);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{sign}{days} {hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

/// JSON has no number for these three.
fn not_finite(nan: bool, negative: bool) -> Value {
    let word = match (nan, negative) {
        (true, _) => "NaN",
        (false, true) => "-Infinity",
        (false, false) => "Infinity",
    };
    Value::String(word.to_owned())
}

fn double(number: f64) -> Value {
    Number::from_f64(number).map_or_else(
        || not_finite(number.is_nan(), number.is_sign_negative()),
        Value::Number,
    )
}

/// A real keeps its own shortest digits: as a double, 0.1 would be 0.10000000149011612.
fn real(number: f32) -> Value {
    match number.to_string().parse() {
        Ok(number) => double(number),
        Err(_) => not_finite(number.is_nan(), number.is_sign_negative()),
    }
}

fn decimal(digits: i128, scale: i8) -> String {
    let places = usize::try_from(scale).unwrap_or(0);
    let sign = if digits < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", digits.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let point = if places > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}

fn date(days: i32) -> Result<String> {
    let days = chrono::TimeDelta::days(i64::from(days));
    let date = chrono::NaiveDate::default().checked_add_signed(days);
    let date = date.context("a date beyond what can be written")?;
    Ok(date.format("%Y-%m-%d").to_string())
}

/// A value in a cell of a table: `NULL` is told from the text "NULL" by its place only, as in
/// Athena's own results.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let mut list = String::from("[");
            for (at, value) in values.iter().enumerate() {
                let separator = if at > 0 { ", " } else { "" };
                // Writing to a String does not fail.
                write!(list, "{separator}{}", text(value)).ok();
            }
            list.push(']');
            list
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
        TimestampMillisecondArray,
    };

    use super::*;

    #[test]
    fn values_are_written_as_trino_writes_them() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from(vec![Some(-7), None]))),
            ("d", Arc::new(Float64Array::from(vec![0.1, f64::NAN]))),
            (
                "i",
                Arc::new(Float64Array::from(vec![f64::NEG_INFINITY, 1e22])),
            ),
            ("t", Arc::new(StringArray::from(vec!["a\"b", ""]))),
            ("day", Arc::new(Date32Array::from(vec![18_782, -1]))),
            ("at", Arc::new(TimestampMillisecondArray::from(vec![1, -1]))),
            (
                "p",
                Arc::new(
                    Decimal128Array::from(vec![-5, 12_345])
                        .with_precision_and_scale(9, 3)
                        .unwrap(),
                ),
            ),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let expected = serde_json::json!([
            [
                -7,
                0.1,
                "-Infinity",
                "a\"b",
                "2021-06-04",
                "1970-01-01 00:00:00.001",
                "-0.005"
            ],
            [
                null,
                "NaN",
                1e22,
                "",
                "1969-12-31",
                "1969-12-31 23:59:59.999",
                "12.345"
            ],
        ]);
        assert_eq!(
            serde_json::to_value(rows(&batch).unwrap()).unwrap(),
            expected
        );
        let types: Vec<String> = super::columns(&batch.schema())
            .unwrap()
            .into_iter()
            .map(|column| column.trino_type)
            .collect();
        let expected = [
            "bigint",
            "double",
            "double",
            "varchar",
            "date",
            "timestamp(3)",
            "decimal(9,3)",
        ];
        assert_eq!(types, expected);
    }
}
