//! Conditions. `if`, `coalesce` and `nullif` become CASE before a query runs, and `try` becomes a
//! function on a lambda: see [`rewrite`](super::rewrite).

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};

use super::compare::compare_by;
use super::scalar::{Call, Resolved, Scalar};
use super::types::{common_of, common_type, type_name};
use super::value::Value;

pub(super) fn functions() -> Vec<Scalar> {
    vec![
        Scalar::custom("if", "boolean, any, any", if_types, placeholder)
            .refusing_as("TYPE_MISMATCH"),
        Scalar::custom(
            "coalesce",
            "two or more of one type",
            coalesce_types,
            placeholder,
        )
        .refusing_as("TYPE_MISMATCH"),
        Scalar::custom("nullif", "two of one type", nullif_types, placeholder)
            .refusing_as("TYPE_MISMATCH")
            .refusing_as("TYPE_MISMATCH"),
        Scalar::custom("try", "any", try_types, placeholder),
        Scalar::custom("typeof", "any", typeof_types, |call| {
            Ok(type_name(&call.types[0]).map_or(Value::Null, Value::owned))
        })
        .with_nulls(),
    ]
}

fn placeholder<'a>(_: &Call<'_, 'a>) -> Result<Value<'a>> {
    let message = "a condition that was not rewritten".to_owned();
    Err(DataFusionError::Internal(message))
}

fn if_types(types: &[DataType]) -> Option<Resolved> {
    let (condition, results) = types.split_first()?;
    if !matches!(condition, DataType::Boolean | DataType::Null) || results.len() > 2 {
        return None;
    }
    let gives = common_of(results).filter(|_| !results.is_empty())?;
    // The CASE that it becomes converts the results.
    Some(Resolved {
        arguments: types.to_vec(),
        gives,
    })
}

fn coalesce_types(types: &[DataType]) -> Option<Resolved> {
    let gives = common_of(types).filter(|_| types.len() > 1)?;
    Some(Resolved {
        arguments: types.to_vec(),
        gives,
    })
}

fn nullif_types(types: &[DataType]) -> Option<Resolved> {
    let [left, right] = types else { return None };
    compare_by(left, right)?;
    Some(Resolved {
        arguments: types.to_vec(),
        gives: left.clone(),
    })
}

fn try_types(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    Some(Resolved {
        arguments: types.to_vec(),
        gives: one.clone(),
    })
}

fn typeof_types(types: &[DataType]) -> Option<Resolved> {
    let [one] = types else { return None };
    type_name(one)?;
    common_type(one, one)?;
    Some(Resolved {
        arguments: types.to_vec(),
        gives: DataType::Utf8,
    })
}
