//! Functions that take a lambda, and `TRY`, which takes its expression as one.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array, new_null_array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{concat, filter, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::utils::{adjust_offsets_for_slice, list_values, list_values_row_number};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature,
    HigherOrderUDF, HigherOrderUDFImpl, LambdaArgument, LambdaParametersProgress, ValueOrLambda,
    Volatility,
};

use super::casts::is_caught;
use super::trino_error::TrinoError;
use super::types::{array_of, shown};
use super::value::{Value, column, values};

/// The names that a statement may use, with what they take.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("transform", "an array and x -> any"),
    ("filter", "an array and x -> boolean"),
    ("any_match", "an array and x -> boolean"),
    ("all_match", "an array and x -> boolean"),
    ("none_match", "an array and x -> boolean"),
    ("reduce", "an array, a start, (s, x) -> s, s -> any"),
];

static TRY: LazyLock<Arc<HigherOrderUDF>> =
    LazyLock::new(|| Arc::new(HigherOrderUDF::new_from_impl(TryFunction::default())));

/// What `TRY(expression)` becomes: a function on `() -> expression`.
pub(super) fn try_function() -> Arc<HigherOrderUDF> {
    Arc::clone(&TRY)
}

pub(super) fn functions() -> Vec<Arc<HigherOrderUDF>> {
    let mut all: Vec<Arc<HigherOrderUDF>> = [
        ArrayOperation::Transform,
        ArrayOperation::Filter,
        ArrayOperation::AnyMatch,
        ArrayOperation::AllMatch,
        ArrayOperation::NoneMatch,
    ]
    .into_iter()
    .map(|operation| {
        Arc::new(HigherOrderUDF::new_from_impl(ArrayFunction {
            operation,
            signature: HigherOrderSignature::exact(
                vec![ValueOrLambda::Value(()), ValueOrLambda::Lambda(())],
                Volatility::Immutable,
            ),
        }))
    })
    .collect();
    all.push(Arc::new(HigherOrderUDF::new_from_impl(Reduce::default())));
    all
}

fn internal(what: &str) -> DataFusionError {
    DataFusionError::Internal(what.to_owned())
}

fn element_field(name: &str, data_type: &DataType) -> Result<FieldRef> {
    match data_type {
        DataType::List(element) => Ok(Arc::new(Field::new("x", element.data_type().clone(), true))),
        other => {
            let message = format!("{name} takes an array, not {}", shown(other));
            Err(TrinoError::new("FUNCTION_NOT_FOUND", message).into())
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ArrayOperation {
    Transform,
    Filter,
    AnyMatch,
    AllMatch,
    NoneMatch,
}

/// A function that calls a lambda once for each element.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ArrayFunction {
    operation: ArrayOperation,
    signature: HigherOrderSignature,
}

impl HigherOrderUDFImpl for ArrayFunction {
    fn name(&self) -> &str {
        match self.operation {
            ArrayOperation::Transform => "transform",
            ArrayOperation::Filter => "filter",
            ArrayOperation::AnyMatch => "any_match",
            ArrayOperation::AllMatch => "all_match",
            ArrayOperation::NoneMatch => "none_match",
        }
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        for one in types {
            element_field(self.name(), one)?;
        }
        Ok(types.to_vec())
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let Some(ValueOrLambda::Value(list)) = fields.first() else {
            return Err(internal("an array before the lambda"));
        };
        let element = element_field(self.name(), list.data_type())?;
        Ok(LambdaParametersProgress::Complete(vec![vec![element]]))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(lambda)] = args.arg_fields else {
            return Err(internal("an array and a lambda"));
        };
        if !matches!(self.operation, ArrayOperation::Transform)
            && !matches!(lambda.data_type(), DataType::Boolean | DataType::Null)
        {
            let message = format!(
                "the lambda of {} gives {}, not boolean",
                self.name(),
                shown(lambda.data_type())
            );
            return Err(TrinoError::types(message).into());
        }
        let gives = match self.operation {
            ArrayOperation::Transform => array_of(lambda.data_type().clone()),
            ArrayOperation::Filter => list.data_type().clone(),
            _ => DataType::Boolean,
        };
        Ok(Arc::new(Field::new("", gives, true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(lambda)] = args.args.as_slice()
        else {
            return Err(internal("an array and a lambda"));
        };
        let array = list.to_array(args.number_rows)?;
        let elements = list_values(array.as_ref())?;
        let parameter = || Ok(Arc::clone(&elements));
        let results = lambda
            .evaluate(&[&parameter], |captures| {
                let rows = list_values_row_number(array.as_ref())?;
                captures
                    .iter()
                    .map(|one| Ok(take(one.as_ref(), rows.as_ref(), None)?))
                    .collect()
            })?
            .into_array(elements.len())?;
        let lists: &ListArray = array.as_list();
        let offsets = adjust_offsets_for_slice(lists);
        let result: ArrayRef = match self.operation {
            ArrayOperation::Transform => {
                let field = Arc::new(Field::new_list_field(results.data_type().clone(), true));
                Arc::new(ListArray::try_new(
                    field,
                    offsets,
                    results,
                    lists.nulls().cloned(),
                )?)
            }
            ArrayOperation::Filter => {
                let kept = datafusion::arrow::compute::cast(&results, &DataType::Boolean)?;
                let kept: BooleanArray = kept
                    .as_boolean()
                    .iter()
                    .map(|kept| Some(kept == Some(true)))
                    .collect();
                let lengths = offsets.windows(2).map(|ends| {
                    let (start, end) = (place(ends[0]), place(ends[1]));
                    (start..end).filter(|row| kept.value(*row)).count()
                });
                let lengths = OffsetBuffer::from_lengths(lengths);
                let DataType::List(field) = args.return_field.data_type() else {
                    return Err(internal("an array"));
                };
                Arc::new(ListArray::try_new(
                    Arc::clone(field),
                    lengths,
                    filter(&elements, &kept)?,
                    lists.nulls().cloned(),
                )?)
            }
            operation => {
                let results = datafusion::arrow::compute::cast(&results, &DataType::Boolean)?;
                let results = values(&results)?;
                let rows: Vec<Value<'_>> = (0..lists.len())
                    .map(|row| {
                        if lists.is_null(row) {
                            return Value::Null;
                        }
                        let (start, end) = (place(offsets[row]), place(offsets[row + 1]));
                        matched(operation, &results[start..end])
                    })
                    .collect();
                column(&DataType::Boolean, &rows)?
            }
        };
        Ok(ColumnarValue::Array(result))
    }
}

fn place(offset: i32) -> usize {
    usize::try_from(offset).unwrap_or(0)
}

/// The match over one array: a NULL leaves it open unless an element decides.
fn matched(operation: ArrayOperation, results: &[Value<'_>]) -> Value<'static> {
    let decides = !matches!(operation, ArrayOperation::AllMatch);
    let decided = results
        .iter()
        .any(|result| matches!(result, Value::Boolean(result) if *result == decides));
    let open = results.iter().any(Value::is_null);
    let outcome = match operation {
        ArrayOperation::AnyMatch => decided,
        _ => !decided,
    };
    if open && !decided {
        Value::Null
    } else {
        Value::Boolean(outcome)
    }
}

/// `reduce(array, start, (s, x) -> s, s -> any)`
#[derive(Debug, PartialEq, Eq, Hash)]
struct Reduce {
    signature: HigherOrderSignature,
}

impl Default for Reduce {
    fn default() -> Self {
        Self {
            signature: HigherOrderSignature::exact(
                vec![
                    ValueOrLambda::Value(()),
                    ValueOrLambda::Value(()),
                    ValueOrLambda::Lambda(()),
                    ValueOrLambda::Lambda(()),
                ],
                Volatility::Immutable,
            ),
        }
    }
}

impl HigherOrderUDFImpl for Reduce {
    fn name(&self) -> &str {
        "reduce"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if let Some(array) = types.first() {
            element_field(self.name(), array)?;
        }
        Ok(types.to_vec())
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Value(start), ..] = fields else {
            return Err(internal("an array and a start before the lambdas"));
        };
        let element = element_field(self.name(), list.data_type())?;
        let state = Arc::new(Field::new("s", start.data_type().clone(), true));
        Ok(LambdaParametersProgress::Complete(vec![
            vec![Arc::clone(&state), element],
            vec![state],
        ]))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let [
            ValueOrLambda::Value(_),
            ValueOrLambda::Value(start),
            ValueOrLambda::Lambda(step),
            ValueOrLambda::Lambda(end),
        ] = args.arg_fields
        else {
            return Err(internal("an array, a start and two lambdas"));
        };
        if start.data_type() != step.data_type() {
            let message = format!(
                "the first lambda of reduce gives {}, but the start is {}",
                shown(step.data_type()),
                shown(start.data_type())
            );
            return Err(TrinoError::types(message).into());
        }
        Ok(Arc::new(Field::new("", end.data_type().clone(), true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [
            ValueOrLambda::Value(list),
            ValueOrLambda::Value(start),
            ValueOrLambda::Lambda(step),
            ValueOrLambda::Lambda(end),
        ] = args.args.as_slice()
        else {
            return Err(internal("an array, a start and two lambdas"));
        };
        let array = list.to_array(args.number_rows)?;
        let lists: &ListArray = array.as_list();
        let mut state = start.to_array(args.number_rows)?;
        let longest = (0..lists.len())
            .filter(|row| lists.is_valid(*row))
            .map(|row| lists.value_length(row))
            .max()
            .unwrap_or(0);
        for round in 0..longest {
            // The rows whose array still has an element take this round together.
            let mut rows = Vec::new();
            let mut places = Vec::new();
            for row in 0..lists.len() {
                if lists.is_valid(row) && lists.value_length(row) > round {
                    rows.push(u32::try_from(row).map_err(|_| internal("too many rows"))?);
                    let at = lists.value_offsets()[row] + round;
                    places.push(u32::try_from(at).map_err(|_| internal("too many elements"))?);
                }
            }
            let (rows, places) = (UInt32Array::from(rows), UInt32Array::from(places));
            let before = take(state.as_ref(), &rows, None)?;
            let elements = take(lists.values().as_ref(), &places, None)?;
            let after = step
                .evaluate(
                    &[&|| Ok(Arc::clone(&before)), &|| Ok(Arc::clone(&elements))],
                    |captures| taken(captures, &rows),
                )?
                .into_array(rows.len())?;
            let mut values = values(&state)?;
            for (row, value) in rows.values().iter().zip(super::value::values(&after)?) {
                if let Some(place) = values.get_mut(usize::try_from(*row).unwrap_or(usize::MAX)) {
                    *place = value;
                }
            }
            state = column(&state.data_type().clone(), &values)?;
        }
        let ended = end
            .evaluate(&[&|| Ok(Arc::clone(&state))], |captures| {
                Ok(captures.to_vec())
            })?
            .into_array(args.number_rows)?;
        let mut ended = values(&ended)?
            .into_iter()
            .map(Value::into_static)
            .collect::<Vec<_>>();
        for (row, value) in ended.iter_mut().enumerate() {
            if lists.is_null(row) {
                *value = Value::Null;
            }
        }
        Ok(ColumnarValue::Array(column(
            args.return_field.data_type(),
            &ended,
        )?))
    }
}

fn taken(captures: &[ArrayRef], rows: &UInt32Array) -> Result<Vec<ArrayRef>> {
    captures
        .iter()
        .map(|one| Ok(take(one.as_ref(), rows, None)?))
        .collect()
}

/// NULL for the rows in which the lambda fails with an error that Trino's TRY catches.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TryFunction {
    signature: HigherOrderSignature,
}

impl Default for TryFunction {
    fn default() -> Self {
        Self {
            signature: HigherOrderSignature::exact(
                vec![ValueOrLambda::Lambda(())],
                Volatility::Immutable,
            ),
        }
    }
}

impl HigherOrderUDFImpl for TryFunction {
    fn name(&self) -> &str {
        "try"
    }

    // What may fail in here must not be computed outside.
    fn short_circuits(&self) -> bool {
        true
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        _fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        Ok(LambdaParametersProgress::Complete(vec![Vec::new()]))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let [ValueOrLambda::Lambda(body)] = args.arg_fields else {
            return Err(internal("a lambda"));
        };
        Ok(Arc::new(Field::new("", body.data_type().clone(), true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Lambda(body)] = args.args.as_slice() else {
            return Err(internal("a lambda"));
        };
        let tried = attempt(body, 0, args.number_rows, args.return_field.data_type())?;
        Ok(ColumnarValue::Array(tried))
    }
}

/// The rows of the range; where they fail, its halves, down to the rows that fail alone.
fn attempt(
    body: &LambdaArgument,
    start: usize,
    length: usize,
    gives: &DataType,
) -> Result<ArrayRef> {
    let rows = || Ok(new_null_array(&DataType::Null, length));
    let result = body
        .evaluate(&[&rows], |captures| {
            Ok(captures
                .iter()
                .map(|one| one.slice(start, length))
                .collect())
        })
        .and_then(|result| result.into_array(length));
    match result {
        Err(error) if TrinoError::find(&error).is_some_and(is_caught) => {}
        result => return result,
    }
    if length <= 1 {
        return Ok(new_null_array(gives, length));
    }
    let half = length / 2;
    let left = attempt(body, start, half, gives)?;
    let right = attempt(body, start + half, length - half, gives)?;
    Ok(concat(&[left.as_ref(), right.as_ref()])?)
}
