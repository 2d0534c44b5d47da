//! The functions on JSON.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use super::json_text::{JsonReader, JsonValue, json_path};
use super::scalar::{Call, Scalar};
use super::trino_error::TrinoError;
use super::value::Value;

pub(super) fn functions() -> Vec<Scalar> {
    vec![
        Scalar::new(
            "json_extract_scalar",
            "varchar, varchar -> varchar | json, varchar -> varchar",
            |call| {
                Ok(match found(call)? {
                    Some(JsonValue::Text(text)) => Value::owned(text),
                    Some(JsonValue::Number(number)) => Value::owned(number),
                    Some(JsonValue::Boolean(value)) => Value::owned(value.to_string()),
                    _ => Value::Null,
                })
            },
        ),
        Scalar::new(
            "json_extract",
            "varchar, varchar -> json | json, varchar -> json",
            |call| Ok(found(call)?.map_or(Value::Null, |value| Value::owned(value.written()))),
        ),
        Scalar::new("json_parse", "varchar -> json", |call| {
            let text = call.args[0].text();
            JsonReader::whole(text)
                .map(|value| Value::owned(value.sorted().written()))
                .ok_or_else(|| {
                    let message = format!("Cannot convert value to JSON: '{text}'");
                    TrinoError::argument(message).into()
                })
        }),
        Scalar::new("json_format", "json -> varchar", |call| {
            Ok(call.args[0].clone())
        }),
        Scalar::new(
            "json_array_length",
            "varchar -> bigint | json -> bigint",
            |call| {
                Ok(match JsonReader::new(call.args[0].text()).value() {
                    Some(JsonValue::Array(elements)) => size(elements.len()),
                    _ => Value::Null,
                })
            },
        ),
        Scalar::new(
            "json_size",
            "varchar, varchar -> bigint | json, varchar -> bigint",
            |call| {
                Ok(match found(call)? {
                    Some(JsonValue::Array(elements)) => size(elements.len()),
                    Some(JsonValue::Object(members)) => size(members.len()),
                    Some(_) => Value::Integer(0),
                    None => Value::Null,
                })
            },
        ),
        Scalar::new(
            "json_array_contains",
            "varchar, boolean -> boolean | varchar, bigint -> boolean | varchar, double -> \
             boolean | varchar, varchar -> boolean",
            |call| {
                let Some(JsonValue::Array(elements)) = JsonReader::new(call.args[0].text()).value()
                else {
                    return Ok(Value::Null);
                };
                let wanted = &call.args[1];
                Ok(Value::Boolean(elements.iter().any(|element| {
                    match (element, wanted) {
                        (JsonValue::Boolean(element), Value::Boolean(wanted)) => element == wanted,
                        (JsonValue::Text(element), Value::Text(wanted)) => element == wanted,
                        (JsonValue::Number(element), Value::Integer(wanted)) => {
                            element.parse() == Ok(*wanted)
                        }
                        (JsonValue::Number(element), Value::Double(wanted)) => {
                            call.types[1] == DataType::Float64
                                && element.contains(['.', 'e', 'E'])
                                && element.parse() == Ok(*wanted)
                        }
                        _ => false,
                    }
                })))
            },
        ),
        Scalar::new(
            "is_json_scalar",
            "varchar -> boolean | json -> boolean",
            |call| {
                let text = call.args[0].text();
                match JsonReader::whole(text) {
                    Some(JsonValue::Array(_) | JsonValue::Object(_)) => Ok(Value::Boolean(false)),
                    Some(_) => Ok(Value::Boolean(true)),
                    None => Err(TrinoError::argument(format!("Invalid JSON value: {text}")).into()),
                }
            },
        ),
    ]
}

fn size(length: usize) -> Value<'static> {
    Value::Integer(i64::try_from(length).unwrap_or(i64::MAX))
}

/// What the path of the second argument finds in the first one.
fn found(call: &Call<'_, '_>) -> Result<Option<JsonValue>> {
    let path = call.args[1].text();
    let steps = json_path(path)
        .ok_or_else(|| TrinoError::argument(format!("Invalid JSON path: '{path}'")))?;
    Ok(JsonReader::new(call.args[0].text()).find(&steps))
}
