//! Arrays, maps and rows.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StructArray, new_empty_array};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue};

use super::arithmetic::{Interval, interval, moved};
use super::casts::{convert, map_value};
use super::compare::{equal, is_orderable, order, replaces, same};
use super::scalar::{Call, Resolved, Scalar};
use super::trino_error::TrinoError;
use super::types::{
    INTERVAL, TIMESTAMP, array_of, common_of, common_type, converts, map_of, map_parts,
};
use super::value::{Value, column, list_values};

pub(super) fn functions() -> Vec<Scalar> {
    vec![
        Scalar::custom("$array", "elements of one type", literal_type, |call| {
            let element = element_of(call.gives).unwrap_or(&DataType::Null);
            list(&column(element, call.args)?)
        })
        .with_nulls(),
        Scalar::custom(
            "element_at",
            "an array and a place, or a map and a key",
            place_type,
            |call| at(call, Missing::Null),
        ),
        Scalar::custom(
            "$subscript",
            "an array, map or row, and a place or key",
            subscript_type,
            |call| at(call, Missing::Error),
        ),
        Scalar::custom("cardinality", "an array or map", cardinality_type, |call| {
            Ok(Value::Integer(match &call.args[0] {
                Value::Other(ScalarValue::Map(map)) => i64::from(map.value_length(0)),
                _ => i64::try_from(array(call, 0).len()).unwrap_or(i64::MAX),
            }))
        }),
        Scalar::custom(
            "contains",
            "an array and an element",
            contains_type,
            |call| {
                let elements = elements(call, 0)?;
                if elements
                    .iter()
                    .any(|one| !one.is_null() && equal(one, &call.args[1]))
                {
                    return Ok(Value::Boolean(true));
                }
                let unknown = elements.iter().any(Value::is_null);
                Ok(if unknown {
                    Value::Null
                } else {
                    Value::Boolean(false)
                })
            },
        ),
        Scalar::custom(
            "array_join",
            "an array, varchar and another varchar",
            join_type,
            join,
        ),
        Scalar::custom("array_max", "an array", orderable_element, |call| {
            extreme(call, Ordering::Greater)
        }),
        Scalar::custom("array_min", "an array", orderable_element, |call| {
            extreme(call, Ordering::Less)
        }),
        Scalar::custom("array_sort", "an array", orderable_array, |call| {
            let mut elements = elements(call, 0)?;
            elements.sort_by(order);
            rebuilt(call, &elements)
        }),
        Scalar::custom("array_distinct", "an array", any_array, |call| {
            rebuilt(call, &distinct(elements(call, 0)?))
        }),
        Scalar::custom(
            "array_position",
            "an array and an element",
            position_type,
            |call| {
                let place = elements(call, 0)?
                    .iter()
                    .position(|one| !one.is_null() && equal(one, &call.args[1]));
                Ok(Value::Integer(
                    place.map_or(0, |place| i64::try_from(place + 1).unwrap_or(0)),
                ))
            },
        ),
        Scalar::custom(
            "array_remove",
            "an array and an element",
            remove_type,
            |call| {
                let mut elements = elements(call, 0)?;
                elements.retain(|one| one.is_null() || !equal(one, &call.args[1]));
                rebuilt(call, &elements)
            },
        ),
        Scalar::custom("slice", "an array, bigint, bigint", slice_type, slice),
        Scalar::custom("sequence", "from, to and step", sequence_type, sequence),
        Scalar::custom("flatten", "an array of arrays", flatten_type, |call| {
            let mut all = Vec::new();
            for one in elements(call, 0)? {
                if let Value::Other(ScalarValue::List(inner)) = one {
                    all.extend(list_values(&inner.value(0))?);
                }
            }
            rebuilt(call, &all)
        }),
        Scalar::custom("repeat", "an element and bigint", repeat_type, |call| {
            let count = call.args[1].integer();
            if count > 10_000 {
                let message = "count argument of repeat function must be less than or equal to \
                               10000";
                return Err(TrinoError::argument(message).into());
            }
            let count = usize::try_from(count).unwrap_or(0);
            rebuilt(call, &vec![call.args[0].clone(); count])
        })
        .with_nulls(),
        Scalar::custom("array_union", "two arrays", two_arrays, |call| {
            let mut all = elements(call, 0)?;
            all.extend(elements(call, 1)?);
            rebuilt(call, &distinct(all))
        }),
        Scalar::custom("array_intersect", "two arrays", two_arrays, |call| {
            let right = elements(call, 1)?;
            let mut left = distinct(elements(call, 0)?);
            left.retain(|one| right.iter().any(|other| same(one, other)));
            rebuilt(call, &left)
        }),
        Scalar::custom("array_except", "two arrays", two_arrays, |call| {
            let right = elements(call, 1)?;
            let mut left = distinct(elements(call, 0)?);
            left.retain(|one| !right.iter().any(|other| same(one, other)));
            rebuilt(call, &left)
        }),
        Scalar::custom("row", "one or more values", row_type, |call| {
            let DataType::Struct(fields) = call.gives else {
                return Ok(Value::Null);
            };
            let columns = fields
                .iter()
                .zip(call.args)
                .map(|(field, value)| column(field.data_type(), std::slice::from_ref(value)))
                .collect::<Result<Vec<ArrayRef>>>()?;
            let row = StructArray::try_new(fields.clone(), columns, None)?;
            Ok(Value::Other(ScalarValue::Struct(Arc::new(row))))
        })
        .with_nulls(),
        Scalar::custom(
            "map",
            "an array of keys and one of values",
            map_type,
            |call| {
                let (keys, values) = (array(call, 0), array(call, 1));
                if keys.len() != values.len() {
                    let message = "Key and value arrays must be the same length";
                    return Err(TrinoError::argument(message).into());
                }
                let names = list_values(&keys)?;
                check_keys(&names, &call.types[0])?;
                Ok(map_value(call.gives, keys, values)?)
            },
        ),
        Scalar::custom("map_keys", "a map", keys_type, |call| {
            list(&entries(call).column(0).slice(0, entries(call).len()))
        }),
        Scalar::custom("map_values", "a map", values_type, |call| {
            list(entries(call).column(1))
        }),
        Scalar::custom("map_entries", "a map", entries_type, |call| {
            let DataType::List(field) = call.gives else {
                return Ok(Value::Null);
            };
            let DataType::Struct(fields) = field.data_type() else {
                return Ok(Value::Null);
            };
            let entries = entries(call);
            let rows = StructArray::try_new(fields.clone(), entries.columns().to_vec(), None)?;
            list(&(Arc::new(rows) as ArrayRef))
        }),
        Scalar::custom(
            "map_from_entries",
            "an array of rows of two",
            from_entries_type,
            |call| {
                let rows = array(call, 0);
                let rows = rows.as_struct();
                check_keys(
                    &list_values(rows.column(0))?,
                    &array_of(rows.column(0).data_type().clone()),
                )?;
                Ok(map_value(
                    call.gives,
                    Arc::clone(rows.column(0)),
                    Arc::clone(rows.column(1)),
                )?)
            },
        ),
        Scalar::custom(
            "multimap_from_entries",
            "an array of rows of two",
            multimap_type,
            multimap_from_entries,
        ),
    ]
}

/// The element type of an array type.
pub(super) fn element_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(element) => Some(element.data_type()),
        _ => None,
    }
}

/// One array as a value.
pub(super) fn list(elements: &ArrayRef) -> Result<Value<'static>> {
    Ok(Value::Other(
        SingleRowListArrayBuilder::new(Arc::clone(elements)).build_list_scalar(),
    ))
}

/// The elements of the array in an argument, which is not NULL.
fn array(call: &Call<'_, '_>, place: usize) -> ArrayRef {
    match &call.args[place] {
        Value::Other(ScalarValue::List(list)) => list.value(0),
        _ => new_empty_array(element_of(&call.types[place]).unwrap_or(&DataType::Null)),
    }
}

fn elements(call: &Call<'_, '_>, place: usize) -> Result<Vec<Value<'static>>> {
    list_values(&array(call, place))
}

/// An array of the type that the call gives.
fn rebuilt<'a>(call: &Call<'_, 'a>, elements: &[Value<'_>]) -> Result<Value<'a>> {
    list(&column(
        element_of(call.gives).unwrap_or(&DataType::Null),
        elements,
    )?)
}

fn distinct(elements: Vec<Value<'static>>) -> Vec<Value<'static>> {
    let mut kept: Vec<Value<'static>> = Vec::with_capacity(elements.len());
    for element in elements {
        if !kept.iter().any(|one| same(one, &element)) {
            kept.push(element);
        }
    }
    kept
}

fn literal_type(types: &[DataType]) -> Option<Resolved> {
    let element = common_of(types)?;
    Some(Resolved {
        arguments: vec![element.clone(); types.len()],
        gives: array_of(element),
    })
}

fn place_type(types: &[DataType]) -> Option<Resolved> {
    let [of, place] = types else { return None };
    if let Some((key, value)) = map_parts(of) {
        return converts(place, key).then(|| Resolved {
            arguments: vec![of.clone(), key.clone()],
            gives: value.clone(),
        });
    }
    let element = element_of(of)?;
    converts(place, &DataType::Int64).then(|| Resolved {
        arguments: vec![of.clone(), DataType::Int64],
        gives: element.clone(),
    })
}

fn subscript_type(types: &[DataType]) -> Option<Resolved> {
    // A row's fields have types of their own, so the rewriting takes a literal place apart.
    place_type(types)
}

enum Missing {
    Null,
    Error,
}

fn at<'a>(call: &Call<'_, 'a>, missing: Missing) -> Result<Value<'a>> {
    if let Value::Other(ScalarValue::Map(map)) = &call.args[0] {
        let entries = map.value(0);
        let keys = list_values(entries.column(0))?;
        let values = list_values(entries.column(1))?;
        let found = keys
            .iter()
            .position(|key| same(key, &call.args[1]))
            .and_then(|place| values.into_iter().nth(place));
        return match (found, missing) {
            (Some(value), _) => Ok(value),
            (None, Missing::Null) => Ok(Value::Null),
            (None, Missing::Error) => {
                let key = shown_value(&call.args[1], &call.types[1]);
                Err(TrinoError::argument(format!("Key not present in map: {key}")).into())
            }
        };
    }
    let elements = elements(call, 0)?;
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let place = call.args[1].integer();
    if place == 0 {
        return Err(TrinoError::argument("SQL array indices start at 1").into());
    }
    let from_start = if place > 0 { place - 1 } else { length + place };
    if let Missing::Error = missing {
        if place < 0 {
            let message = format!("Array subscript is negative: {place}");
            return Err(TrinoError::argument(message).into());
        }
        if place > length {
            let message = format!(
                "Array subscript must be less than or equal to array length: {place} > {length}"
            );
            return Err(TrinoError::argument(message).into());
        }
    }
    Ok(usize::try_from(from_start)
        .ok()
        .and_then(|place| elements.into_iter().nth(place))
        .unwrap_or(Value::Null))
}

fn shown_value(value: &Value<'_>, data_type: &DataType) -> String {
    match convert(value.clone(), data_type, &DataType::Utf8) {
        Ok(Value::Text(text)) => text.into_owned(),
        _ => "NULL".into(),
    }
}

fn cardinality_type(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    (element_of(one).is_some() || map_parts(one).is_some()).then(|| Resolved {
        arguments: vec![one.clone()],
        gives: DataType::Int64,
    })
}

/// An array and an element, both of their common type.
fn with_element(types: &[DataType], gives: impl Fn(&DataType) -> DataType) -> Option<Resolved> {
    let [array, one] = types else { return None };
    let element = common_type(element_of(array)?, one)?;
    Some(Resolved {
        gives: gives(&element),
        arguments: vec![array_of(element.clone()), element],
    })
}

fn contains_type(types: &[DataType]) -> Option<Resolved> {
    with_element(types, |_| DataType::Boolean)
}

fn position_type(types: &[DataType]) -> Option<Resolved> {
    with_element(types, |_| DataType::Int64)
}

fn remove_type(types: &[DataType]) -> Option<Resolved> {
    with_element(types, |element| array_of(element.clone()))
}

fn join_type(types: &[DataType]) -> Option<Resolved> {
    let (array, rest) = types.split_first()?;
    let element = element_of(array)?;
    let joins = matches!(
        element,
        DataType::Utf8
            | DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float64
            | DataType::Decimal128(_, _)
            | DataType::Date32
            | DataType::Timestamp(_, _)
            | DataType::Null
    );
    let texts =
        (1..=2).contains(&rest.len()) && rest.iter().all(|one| converts(one, &DataType::Utf8));
    let mut arguments = vec![array.clone()];
    arguments.resize(types.len(), DataType::Utf8);
    (joins && texts).then_some(Resolved {
        arguments,
        gives: DataType::Utf8,
    })
}

fn join<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let element = element_of(&call.types[0]).unwrap_or(&DataType::Null);
    let mut parts = Vec::new();
    for one in elements(call, 0)? {
        match (convert(one, element, &DataType::Utf8)?, call.args.get(2)) {
            (Value::Text(text), _) => parts.push(text.into_owned()),
            (_, Some(replacement)) => parts.push(replacement.text().to_owned()),
            _ => {}
        }
    }
    Ok(Value::owned(parts.join(call.args[1].text())))
}

fn any_array(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    element_of(one).map(|_| Resolved {
        arguments: vec![one.clone()],
        gives: one.clone(),
    })
}

fn orderable_array(types: &[DataType]) -> Option<Resolved> {
    any_array(types).filter(|resolved| is_orderable(&resolved.gives))
}

fn orderable_element(types: &[DataType]) -> Option<Resolved> {
    let mut resolved = orderable_array(types)?;
    resolved.gives = element_of(&resolved.gives)?.clone();
    Some(resolved)
}

fn extreme<'a>(call: &Call<'_, 'a>, wanted: Ordering) -> Result<Value<'a>> {
    let mut found = Value::Null;
    for one in elements(call, 0)? {
        if one.is_null() {
            return Ok(Value::Null);
        }
        if found.is_null() || replaces(&one, &found, wanted) {
            found = one;
        }
    }
    Ok(found)
}

/// varchar, or an array; gives the same.
pub(super) fn text_or_array(types: &[DataType]) -> Option<Resolved> {
    match types {
        [one] if converts(one, &DataType::Utf8) => Some(Resolved {
            arguments: vec![DataType::Utf8],
            gives: DataType::Utf8,
        }),
        _ => any_array(types),
    }
}

/// The array backwards.
pub(super) fn reversed<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let mut elements = elements(call, 0)?;
    elements.reverse();
    rebuilt(call, &elements)
}

fn slice_type(types: &[DataType]) -> Option<Resolved> {
    let [array, start, length] = types else {
        return None;
    };
    element_of(array)?;
    (converts(start, &DataType::Int64) && converts(length, &DataType::Int64)).then(|| Resolved {
        arguments: vec![array.clone(), DataType::Int64, DataType::Int64],
        gives: array.clone(),
    })
}

fn slice<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let elements = elements(call, 0)?;
    let (start, length) = (call.args[1].integer(), call.args[2].integer());
    if start == 0 {
        return Err(TrinoError::argument("SQL array indices start at 1").into());
    }
    if length < 0 {
        return Err(TrinoError::argument("length must be greater than or equal to 0").into());
    }
    let size = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let first = if start > 0 { start - 1 } else { size + start };
    let Ok(first) = usize::try_from(first) else {
        return rebuilt(call, &[]);
    };
    let taken: Vec<_> = elements
        .into_iter()
        .skip(first)
        .take(usize::try_from(length).unwrap_or(usize::MAX))
        .collect();
    rebuilt(call, &taken)
}

fn sequence_type(types: &[DataType]) -> Option<Resolved> {
    let whole = |one: &DataType| converts(one, &DataType::Int64);
    match types {
        [from, to] if whole(from) && whole(to) => Some(Resolved {
            arguments: vec![DataType::Int64; 2],
            gives: array_of(DataType::Int64),
        }),
        [from, to, step] if whole(from) && whole(to) && whole(step) => Some(Resolved {
            arguments: vec![DataType::Int64; 3],
            gives: array_of(DataType::Int64),
        }),
        [DataType::Date32, DataType::Date32] => Some(Resolved {
            arguments: types.to_vec(),
            gives: array_of(DataType::Date32),
        }),
        [from, to, step] if from == to && step == &INTERVAL => {
            (from == &DataType::Date32 || from == &TIMESTAMP).then(|| Resolved {
                arguments: types.to_vec(),
                gives: array_of(from.clone()),
            })
        }
        _ => None,
    }
}

fn sequence<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let (from, to) = (&call.args[0], &call.args[1]);
    let upwards = order(from, to) != Ordering::Greater;
    let step = match call.args.get(2) {
        None => Step::Whole(if upwards { 1 } else { -1 }),
        Some(Value::Other(step)) => Step::Time(interval(step)?),
        Some(step) => Step::Whole(step.integer()),
    };
    let direction = match &step {
        Step::Whole(step) => step.signum(),
        Step::Time(step) => i64::from(step.months.signum()) + step.millis.signum(),
    };
    if direction == 0 {
        return Err(TrinoError::argument("step must not be zero").into());
    }
    if order(from, to) != Ordering::Equal && upwards != (direction > 0) {
        let message = "sequence stop value should be greater than or equal to start value if \
                       step is greater than zero otherwise stop should be less than or equal to \
                       start";
        return Err(TrinoError::argument(message).into());
    }
    let mut all = Vec::new();
    let mut one = from.clone();
    for count in 1_i32.. {
        let past = match order(&one, to) {
            Ordering::Greater => upwards,
            Ordering::Less => !upwards,
            Ordering::Equal => false,
        };
        if past {
            break;
        }
        if all.len() == 10_000 {
            let message = "result of sequence function must not have more than 10000 entries";
            return Err(TrinoError::argument(message).into());
        }
        all.push(one);
        // Months are counted from the start: the 31st comes back after a shorter month.
        one = match (from, &step) {
            (Value::Integer(from), Step::Whole(step)) => {
                let next = step
                    .checked_mul(count.into())
                    .and_then(|by| from.checked_add(by));
                match next {
                    Some(next) => Value::Integer(next),
                    None => break,
                }
            }
            (from, Step::Whole(step)) => moved(
                from,
                &Interval {
                    months: 0,
                    millis: step * 86_400_000 * i64::from(count),
                },
            )?,
            (from, Step::Time(step)) => moved(
                from,
                &Interval {
                    months: step.months * count,
                    millis: step.millis * i64::from(count),
                },
            )?,
        };
    }
    rebuilt(call, &all)
}

enum Step {
    Whole(i64),
    Time(Interval),
}

fn flatten_type(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    let inner = element_of(one)?;
    element_of(inner).map(|_| Resolved {
        arguments: vec![one.clone()],
        gives: inner.clone(),
    })
}

fn repeat_type(types: &[DataType]) -> Option<Resolved> {
    let [one, count] = types else { return None };
    converts(count, &DataType::Int64).then(|| Resolved {
        arguments: vec![one.clone(), DataType::Int64],
        gives: array_of(one.clone()),
    })
}

fn two_arrays(types: &[DataType]) -> Option<Resolved> {
    let [left, right] = types else { return None };
    let common = common_type(left, right)?;
    element_of(&common)?;
    Some(Resolved {
        arguments: vec![common.clone(), common.clone()],
        gives: common,
    })
}

/// Arrays, of which one side may be an element.
pub(super) fn concat_types(types: &[DataType]) -> Option<Resolved> {
    let mut element = DataType::Null;
    for one in types {
        element = common_type(&element, element_of(one).unwrap_or(one))?;
    }
    let array = array_of(element.clone());
    let arrays = types.iter().filter(|one| element_of(one).is_some()).count();
    if arrays == 0 || (arrays < types.len() && types.len() > 2) {
        return None;
    }
    let arguments = types
        .iter()
        .map(|one| {
            if element_of(one).is_some() {
                array.clone()
            } else {
                element.clone()
            }
        })
        .collect();
    Some(Resolved {
        arguments,
        gives: array,
    })
}

/// The arrays, one after the other.
pub(super) fn concat<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    let mut all = Vec::new();
    for (place, data_type) in call.types.iter().enumerate() {
        if element_of(data_type).is_some() {
            all.extend(elements(call, place)?);
        } else {
            all.push(call.args[place].clone().into_static());
        }
    }
    rebuilt(call, &all)
}

/// row(…) without names.
fn row_type(types: &[DataType]) -> Option<Resolved> {
    (!types.is_empty()).then(|| Resolved {
        arguments: types.to_vec(),
        gives: row_of(types),
    })
}

fn row_of(types: &[DataType]) -> DataType {
    DataType::Struct(
        (1..)
            .zip(types)
            .map(|(place, one)| Field::new(format!("c{place}"), one.clone(), true))
            .collect::<Fields>(),
    )
}

fn map_type(types: &[DataType]) -> Option<Resolved> {
    let [keys, values] = types else { return None };
    Some(Resolved {
        arguments: types.to_vec(),
        gives: map_of(element_of(keys)?.clone(), element_of(values)?.clone()),
    })
}

fn check_keys(keys: &[Value<'_>], array: &DataType) -> Result<()> {
    for (place, key) in keys.iter().enumerate() {
        if key.is_null() {
            return Err(TrinoError::argument("map key cannot be null").into());
        }
        if keys[..place].iter().any(|before| same(before, key)) {
            let key = shown_value(key, element_of(array).unwrap_or(&DataType::Null));
            let message = format!("Duplicate map keys ({key}) are not allowed");
            return Err(TrinoError::argument(message).into());
        }
    }
    Ok(())
}

fn entries(call: &Call<'_, '_>) -> StructArray {
    match &call.args[0] {
        Value::Other(ScalarValue::Map(map)) => map.value(0),
        other => unreachable!("a map, not {other:?}"),
    }
}

fn keys_type(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    let (key, _) = map_parts(one)?;
    Some(Resolved {
        arguments: vec![one.clone()],
        gives: array_of(key.clone()),
    })
}

fn values_type(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    let (_, value) = map_parts(one)?;
    Some(Resolved {
        arguments: vec![one.clone()],
        gives: array_of(value.clone()),
    })
}

fn entries_type(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    let (key, value) = map_parts(one)?;
    Some(Resolved {
        arguments: vec![one.clone()],
        gives: array_of(row_of(&[key.clone(), value.clone()])),
    })
}

/// The key and value of an array of rows of two.
fn entry_types(types: &[DataType]) -> Option<[DataType; 2]> {
    let [one] = types else { return None };
    let DataType::Struct(fields) = element_of(one)? else {
        return None;
    };
    let [key, value] = fields.as_ref() else {
        return None;
    };
    Some([key.data_type().clone(), value.data_type().clone()])
}

fn from_entries_type(types: &[DataType]) -> Option<Resolved> {
    let [key, value] = entry_types(types)?;
    Some(Resolved {
        arguments: types.to_vec(),
        gives: map_of(key, value),
    })
}

fn multimap_type(types: &[DataType]) -> Option<Resolved> {
    let [key, value] = entry_types(types)?;
    Some(Resolved {
        arguments: types.to_vec(),
        gives: map_of(key, array_of(value)),
    })
}

fn multimap_from_entries<'a>(call: &Call<'_, 'a>) -> Result<Value<'a>> {
    struct Group {
        key: Value<'static>,
        values: Vec<Value<'static>>,
    }
    let rows = array(call, 0);
    let rows = rows.as_struct();
    let (keys, values) = (list_values(rows.column(0))?, list_values(rows.column(1))?);
    let mut groups: Vec<Group> = Vec::new();
    for (key, value) in keys.into_iter().zip(values) {
        if key.is_null() {
            return Err(TrinoError::argument("map key cannot be null").into());
        }
        match groups.iter_mut().find(|group| same(&group.key, &key)) {
            Some(group) => group.values.push(value),
            None => groups.push(Group {
                key,
                values: vec![value],
            }),
        }
    }
    let Some((key_type, value_type)) = map_parts(call.gives) else {
        return Ok(Value::Null);
    };
    let element = element_of(value_type).unwrap_or(&DataType::Null);
    let mut lists = Vec::with_capacity(groups.len());
    for group in &groups {
        lists.push(list(&column(element, &group.values)?)?);
    }
    let keys: Vec<Value<'_>> = groups.into_iter().map(|group| group.key).collect();
    let keys = column(key_type, &keys)?;
    let values = column(value_type, &lists)?;
    Ok(map_value(call.gives, keys, values)?)
}
