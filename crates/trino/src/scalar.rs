//! A scalar function of Trino as a function of `DataFusion`: types resolved by Trino's rules,
//! values computed row by row.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::trino_error::TrinoError;
use super::types::{converts, shown};
use super::value::{Rows, Value, column, scalar};

/// The types that a call of a function has once its arguments are converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub arguments: Vec<DataType>,
    pub gives: DataType,
}

/// One row's call of a function.
pub(super) struct Call<'c, 'a> {
    pub args: &'c [Value<'a>],
    pub types: &'c [DataType],
    pub gives: &'c DataType,
}

/// Computes one row.
pub(super) type Evaluate = for<'c, 'a> fn(&Call<'c, 'a>) -> Result<Value<'a>>;

/// Finds the types of a call; `None` for types that the function does not take.
pub(super) type Resolve = fn(&[DataType]) -> Option<Resolved>;

enum Takes {
    Overloads(Vec<Overload>),
    Custom(Resolve),
}

struct Overload {
    takes: Vec<String>,
    gives: String,
}

/// A scalar function.
pub(super) struct Scalar {
    pub name: &'static str,
    /// Arguments in words, as `Known` shows them.
    pub words: &'static str,
    takes: Takes,
    evaluate: Evaluate,
    null_for_null: bool,
    refusal: &'static str,
}

impl Scalar {
    /// A function by its overloads, the most specific first: `"bigint -> bigint | double ->
    /// double"`. `same` gives the type of the first argument, `decimal` takes any decimal, and
    /// `varchar...` takes one or more of that type. NULL for an argument that is NULL.
    pub(super) fn new(name: &'static str, words: &'static str, evaluate: Evaluate) -> Self {
        Self {
            name,
            words,
            takes: Takes::Overloads(overloads(words)),
            evaluate,
            null_for_null: true,
            refusal: "FUNCTION_NOT_FOUND",
        }
    }

    /// A function whose types `resolve` finds.
    pub(super) fn custom(
        name: &'static str,
        words: &'static str,
        resolve: Resolve,
        evaluate: Evaluate,
    ) -> Self {
        Self {
            name,
            words,
            takes: Takes::Custom(resolve),
            evaluate,
            null_for_null: true,
            refusal: "FUNCTION_NOT_FOUND",
        }
    }

    /// The error for types that the function does not take, where it is not
    /// `FUNCTION_NOT_FOUND`.
    pub(super) fn refusing_as(mut self, code: &'static str) -> Self {
        self.refusal = code;
        self
    }

    /// The function is called with NULLs, too.
    pub(super) fn with_nulls(mut self) -> Self {
        self.null_for_null = false;
        self
    }

    /// The types of a call with these types.
    pub(super) fn resolve(&self, types: &[DataType]) -> Option<Resolved> {
        match &self.takes {
            Takes::Custom(resolve) => resolve(types),
            Takes::Overloads(overloads) => first_fit(overloads, types),
        }
    }

    pub(super) fn into_udf(self) -> ScalarUDF {
        ScalarUDF::new_from_impl(TrinoScalar {
            function: Arc::new(self),
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }
}

fn overloads(words: &str) -> Vec<Overload> {
    words
        .split('|')
        .map(|overload| {
            let (takes, gives) = overload.split_once("->").unwrap_or((overload, "same"));
            Overload {
                takes: takes
                    .split(',')
                    .map(|one| one.trim().to_owned())
                    .filter(|one| !one.is_empty())
                    .collect(),
                gives: gives.trim().to_owned(),
            }
        })
        .collect()
}

/// The overload that takes the types as they are, or else the first that they convert to.
fn first_fit(overloads: &[Overload], types: &[DataType]) -> Option<Resolved> {
    overloads
        .iter()
        .find_map(|overload| overload.resolve(types, |from, to| from == to))
        .or_else(|| {
            overloads
                .iter()
                .find_map(|overload| overload.resolve(types, converts))
        })
}

/// The types of a call by overloads in words, as [`Scalar::new`] takes them.
pub(super) fn resolve_words(words: &str, types: &[DataType]) -> Option<Resolved> {
    first_fit(&overloads(words), types)
}

impl Overload {
    fn resolve(
        &self,
        types: &[DataType],
        fits: impl Fn(&DataType, &DataType) -> bool,
    ) -> Option<Resolved> {
        let variadic = self.takes.last().is_some_and(|last| last.ends_with("..."));
        if types.len() != self.takes.len() && !(variadic && types.len() > self.takes.len()) {
            return None;
        }
        let mut arguments = Vec::with_capacity(types.len());
        for (place, from) in types.iter().enumerate() {
            let word = self.takes.get(place).or(self.takes.last())?;
            let to = match word.trim_end_matches("...") {
                "decimal" => match from {
                    DataType::Decimal128(_, _) => from.clone(),
                    _ => return None,
                },
                "any" => from.clone(),
                word => parse_type(word)?,
            };
            if !fits(from, &to) {
                return None;
            }
            arguments.push(to);
        }
        let gives = match self.gives.as_str() {
            "same" => arguments.first()?.clone(),
            word => parse_type(word)?,
        };
        Some(Resolved { arguments, gives })
    }
}

fn parse_type(word: &str) -> Option<DataType> {
    use super::types::{DAY_TO_SECOND, INTERVAL, JSON, TIMESTAMP, array_of, timestamp_tz};
    Some(match word {
        "boolean" => DataType::Boolean,
        "integer" => DataType::Int32,
        "bigint" => DataType::Int64,
        "real" => DataType::Float32,
        "double" => DataType::Float64,
        "varchar" => DataType::Utf8,
        "json" => JSON,
        "date" => DataType::Date32,
        "timestamp" => TIMESTAMP,
        "timestamp_tz" => timestamp_tz(),
        "interval" => INTERVAL,
        "day_to_second" => DAY_TO_SECOND,
        _ => return array_of_word(word).map(array_of),
    })
}

fn array_of_word(word: &str) -> Option<DataType> {
    parse_type(word.strip_prefix("array(")?.strip_suffix(')')?)
}

/// The wrapper that `DataFusion` calls.
pub(super) struct TrinoScalar {
    function: Arc<Scalar>,
    signature: Signature,
}

impl std::fmt::Debug for TrinoScalar {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.function.name)
    }
}

// The names of our functions are unique, so a name says which function it is.
impl PartialEq for TrinoScalar {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for TrinoScalar {}

impl Hash for TrinoScalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl TrinoScalar {
    fn resolved(&self, types: &[DataType]) -> Result<Resolved> {
        self.function.resolve(types).ok_or_else(|| {
            let given: Vec<String> = types.iter().map(shown).collect();
            TrinoError::new(
                self.function.refusal,
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

impl ScalarUDFImpl for TrinoScalar {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        // A refusal from here would lose its kind on the way: `return_type` refuses.
        Ok(self
            .function
            .resolve(types)
            .map_or_else(|| types.to_vec(), |resolved| resolved.arguments))
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(self.resolved(types)?.gives)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let gives = args.return_field.data_type();
        let constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        // A constant is an array of one row, read again for each row.
        let arrays: Vec<ArrayRef> = args
            .args
            .iter()
            .map(|arg| match arg {
                ColumnarValue::Array(array) => Ok(Arc::clone(array)),
                ColumnarValue::Scalar(value) => value.to_array(),
            })
            .collect::<Result<_>>()?;
        let columns: Vec<Rows<'_>> = arrays.iter().map(Rows::new).collect();
        let step: Vec<usize> = args
            .args
            .iter()
            .map(|arg| usize::from(matches!(arg, ColumnarValue::Array(_))))
            .collect();
        let rows = if constant { 1 } else { args.number_rows };
        let mut results = Vec::with_capacity(rows);
        let mut values = Vec::with_capacity(columns.len());
        for row in 0..rows {
            values.clear();
            for (column, step) in columns.iter().zip(&step) {
                values.push(column.value(row * step)?);
            }
            if self.function.null_for_null && values.iter().any(Value::is_null) {
                results.push(Value::Null);
                continue;
            }
            let call = Call {
                args: &values,
                types: &types,
                gives,
            };
            results.push((self.function.evaluate)(&call)?);
        }
        if constant {
            let value = results.pop().unwrap_or(Value::Null);
            return Ok(ColumnarValue::Scalar(scalar(gives, value)?));
        }
        Ok(ColumnarValue::Array(column(gives, &results)?))
    }
}

/// The function of ours under this call, if it is one.
pub(super) fn is_ours(udf: &ScalarUDF) -> bool {
    (udf.inner().as_ref() as &dyn Any).is::<TrinoScalar>()
}
