//! An aggregate of Trino as one of `DataFusion`: rows folded one by one, over groups, over windows
//! that slide, and with DISTINCT.

use std::collections::{HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use super::arrays::list;
use super::scalar::{Resolve, Resolved};
use super::trino_error::TrinoError;
use super::types::{array_of, shown};
use super::value::{Rows, Value, column, scalar, values};

/// The rows seen so far, folded into what the result needs.
pub(super) trait Fold: Debug + Send + Sync {
    /// Takes one row.
    fn add(&mut self, row: &[Value<'_>]) -> Result<()>;
    /// What the rows so far come to, in the types of the aggregate's state.
    fn state(&self) -> Result<Vec<Value<'static>>>;
    /// Takes the state of other rows.
    fn merge(&mut self, state: &[Value<'_>]) -> Result<()>;
    /// The result of the rows so far.
    fn result(&self) -> Result<Value<'static>>;
}

/// The types of a call: the arguments converted, and the result.
pub(super) struct Types<'t> {
    pub arguments: &'t [DataType],
    pub gives: &'t DataType,
}

/// An aggregate function.
pub(super) struct Aggregate {
    pub name: &'static str,
    pub words: &'static str,
    pub resolve: Resolve,
    /// The types of the state.
    pub state: fn(&Types<'_>) -> Vec<DataType>,
    pub make: fn(&Types<'_>) -> Box<dyn Fold>,
}

impl Aggregate {
    pub(super) fn into_udaf(self) -> AggregateUDF {
        AggregateUDF::new_from_impl(TrinoAggregate {
            function: Arc::new(self),
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }
}

struct TrinoAggregate {
    function: Arc<Aggregate>,
    signature: Signature,
}

impl Debug for TrinoAggregate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.function.name)
    }
}

// The names of our functions are unique, so a name says which function it is.
impl PartialEq for TrinoAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for TrinoAggregate {}

impl Hash for TrinoAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl TrinoAggregate {
    fn resolved(&self, types: &[DataType]) -> Result<Resolved> {
        (self.function.resolve)(types).ok_or_else(|| {
            let given: Vec<String> = types.iter().map(shown).collect();
            TrinoError::new(
                "FUNCTION_NOT_FOUND",
                format!(
                    "Unexpected parameters ({}) for function {}. Expected: {}",
                    given.join(", "),
                    self.function.name,
                    self.function.words
                ),
            )
            .into()
        })
    }
}

fn types_of(fields: &[FieldRef]) -> Vec<DataType> {
    fields
        .iter()
        .map(|field| field.data_type().clone())
        .collect()
}

impl AggregateUDFImpl for TrinoAggregate {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        // A refusal from here would lose its kind on the way: `return_type` refuses.
        Ok((self.function.resolve)(types)
            .map_or_else(|| types.to_vec(), |resolved| resolved.arguments))
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(self.resolved(types)?.gives)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let arguments = types_of(args.expr_fields);
        let folding = Folding {
            function: Arc::clone(&self.function),
            gives: args.return_field.data_type().clone(),
            arguments,
            fold: None,
        };
        Ok(if args.is_distinct {
            Box::new(Distinct {
                folding,
                seen: HashSet::new(),
            })
        } else {
            Box::new(folding)
        })
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            let message = "DISTINCT over a window that slides is not known here";
            return Err(TrinoError::new("NOT_SUPPORTED", message).into());
        }
        Ok(Box::new(Sliding {
            folding: Folding {
                function: Arc::clone(&self.function),
                gives: args.return_field.data_type().clone(),
                arguments: types_of(args.expr_fields),
                fold: None,
            },
            rows: VecDeque::new(),
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let arguments = types_of(args.input_fields);
        let types = if args.is_distinct {
            arguments.into_iter().map(array_of).collect()
        } else {
            (self.function.state)(&Types {
                arguments: &arguments,
                gives: args.return_field.data_type(),
            })
        };
        Ok((0..)
            .zip(types)
            .map(|(place, data_type): (usize, _)| {
                Arc::new(Field::new(
                    format!("{}[{place}]", args.name),
                    data_type,
                    true,
                ))
            })
            .collect())
    }
}

/// Folds the rows of one group.
struct Folding {
    function: Arc<Aggregate>,
    arguments: Vec<DataType>,
    gives: DataType,
    fold: Option<Box<dyn Fold>>,
}

impl Debug for Folding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {:?}", self.function.name, self.fold)
    }
}

impl Folding {
    fn make(&self) -> Box<dyn Fold> {
        (self.function.make)(&self.types())
    }

    fn types(&self) -> Types<'_> {
        Types {
            arguments: &self.arguments,
            gives: &self.gives,
        }
    }

    fn fold(&mut self) -> &mut Box<dyn Fold> {
        if self.fold.is_none() {
            self.fold = Some(self.make());
        }
        let Some(fold) = &mut self.fold else {
            unreachable!("made above");
        };
        fold
    }

    fn add(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let columns: Vec<Rows<'_>> = arrays.iter().map(Rows::new).collect();
        let length = arrays.first().map_or(0, Array::len);
        let mut row = Vec::with_capacity(columns.len());
        let fold = self.fold();
        for place in 0..length {
            row.clear();
            for column in &columns {
                row.push(column.value(place)?);
            }
            fold.add(&row)?;
        }
        Ok(())
    }
}

impl Accumulator for Folding {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.add(arrays)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.fold().result()?;
        scalar(&self.gives, result)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = self.fold().state()?;
        (self.function.state)(&self.types())
            .iter()
            .zip(state)
            .map(|(data_type, value)| scalar(data_type, value))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let columns: Vec<Rows<'_>> = states.iter().map(Rows::new).collect();
        let length = states.first().map_or(0, Array::len);
        let fold = self.fold();
        for place in 0..length {
            let row = columns
                .iter()
                .map(|column| column.value(place))
                .collect::<Result<Vec<_>>>()?;
            fold.merge(&row)?;
        }
        Ok(())
    }
}

/// Folds each value once. The state is all values.
#[derive(Debug)]
struct Distinct {
    folding: Folding,
    seen: HashSet<Vec<ScalarValue>>,
}

/// Values that are one value for DISTINCT have one form: there is one NaN and one zero.
fn canonical(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::Float64(Some(value)) if value.is_nan() => f64::NAN.into(),
        ScalarValue::Float64(Some(0.0)) => 0.0_f64.into(),
        other => other,
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let length = arrays.first().map_or(0, Array::len);
        for place in 0..length {
            let row = arrays
                .iter()
                .map(|array| Ok(canonical(ScalarValue::try_from_array(array, place)?)))
                .collect::<Result<Vec<_>>>()?;
            if self.seen.insert(row) {
                let row: Vec<ArrayRef> = arrays.iter().map(|array| array.slice(place, 1)).collect();
                self.folding.add(&row)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.folding.evaluate()
    }

    fn size(&self) -> usize {
        let row = size_of::<ScalarValue>() * self.folding.arguments.len();
        size_of_val(self) + self.seen.len() * row
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        (0..self.folding.arguments.len())
            .map(|place| {
                let data_type = &self.folding.arguments[place];
                let values = self.seen.iter().map(|row| row[place].clone());
                let array = if self.seen.is_empty() {
                    column(data_type, &[])?
                } else {
                    ScalarValue::iter_to_array(values)?
                };
                scalar(&array_of(data_type.clone()), list(&array)?)
            })
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let length = states.first().map_or(0, Array::len);
        for place in 0..length {
            let rows = states
                .iter()
                .map(|state| match ScalarValue::try_from_array(state, place)? {
                    ScalarValue::List(list) => Ok(list.value(0)),
                    other => Err(DataFusionError::Internal(format!("{other} is not a list"))),
                })
                .collect::<Result<Vec<ArrayRef>>>()?;
            self.update_batch(&rows)?;
        }
        Ok(())
    }
}

/// Folds the rows of a window anew for each of its places. Taking a value away from a sum would
/// leave what the value has cost in digits, and NaN for ever.
#[derive(Debug)]
struct Sliding {
    folding: Folding,
    rows: VecDeque<Vec<ArrayRef>>,
}

impl Accumulator for Sliding {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let length = arrays.first().map_or(0, Array::len);
        for place in 0..length {
            let row = arrays.iter().map(|array| array.slice(place, 1)).collect();
            self.rows.push_back(row);
        }
        Ok(())
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let length = arrays.first().map_or(0, Array::len);
        self.rows.drain(..length.min(self.rows.len()));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.folding.fold = None;
        if !self.rows.is_empty() {
            let columns = (0..self.folding.arguments.len())
                .map(|place| {
                    let parts: Vec<&dyn Array> =
                        self.rows.iter().map(|row| row[place].as_ref()).collect();
                    Ok(concat(&parts)?)
                })
                .collect::<Result<Vec<ArrayRef>>>()?;
            self.folding.add(&columns)?;
        }
        self.folding.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rows.len() * size_of::<ArrayRef>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Err(DataFusionError::Internal("a window has no state".into()))
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        Err(DataFusionError::Internal("a window has no state".into()))
    }
}

/// The values of a list in a state.
pub(super) fn state_list(value: &Value<'_>) -> Result<Vec<Value<'static>>> {
    match value {
        Value::Other(ScalarValue::List(list)) => Ok(values(&list.value(0))?
            .into_iter()
            .map(Value::into_static)
            .collect()),
        _ => Ok(Vec::new()),
    }
}
