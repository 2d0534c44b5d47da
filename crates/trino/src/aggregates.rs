//! Aggregates other than statistics: sums, averages, extremes, choices, counts.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::AggregateUDF;

use super::arrays::list;
use super::compare::{is_orderable, order, replaces};
use super::fold::{Aggregate, Fold, state_list};
use super::math::half_away;
use super::scalar::{Resolved, resolve_words};
use super::statistics;
use super::trino_error::TrinoError;
use super::types::array_of;
use super::value::{Value, column};

pub(super) fn functions() -> Vec<Aggregate> {
    let mut all = vec![
        Aggregate {
            name: "sum",
            words: "bigint -> bigint | decimal -> decimal | real -> real | double -> double",
            resolve: types_of_sum,
            state: |types| vec![types.gives.clone()],
            make: |types| match types.gives {
                DataType::Int64 => Box::new(WholeSum::default()),
                DataType::Decimal128(_, _) => Box::new(DecimalSum::default()),
                _ => Box::new(DoubleSum::default()),
            },
        },
        Aggregate {
            name: "avg",
            words: "bigint -> double | decimal -> decimal | real -> real | double -> double",
            resolve: types_of_average,
            state: |types| match types.gives {
                DataType::Decimal128(_, scale) => {
                    vec![DataType::Decimal128(38, *scale), DataType::Int64]
                }
                _ => vec![DataType::Float64, DataType::Int64],
            },
            make: |types| match types.gives {
                DataType::Decimal128(_, _) => Box::new(DecimalAverage::default()),
                _ => Box::new(DoubleAverage::default()),
            },
        },
        Aggregate {
            name: "min",
            words: "any orderable",
            resolve: orderable,
            state: |types| vec![types.gives.clone()],
            make: |_| {
                Box::new(Extreme {
                    wanted: Ordering::Less,
                    found: Value::Null,
                })
            },
        },
        Aggregate {
            name: "max",
            words: "any orderable",
            resolve: orderable,
            state: |types| vec![types.gives.clone()],
            make: |_| {
                Box::new(Extreme {
                    wanted: Ordering::Greater,
                    found: Value::Null,
                })
            },
        },
        Aggregate {
            name: "min_by",
            words: "any, any orderable",
            resolve: value_by_key,
            state: |types| types.arguments.to_vec(),
            make: |_| Box::new(ExtremeBy::new(Ordering::Less)),
        },
        Aggregate {
            name: "max_by",
            words: "any, any orderable",
            resolve: value_by_key,
            state: |types| types.arguments.to_vec(),
            make: |_| Box::new(ExtremeBy::new(Ordering::Greater)),
        },
        Aggregate {
            name: "count_if",
            words: "boolean -> bigint",
            resolve: |types| resolve_words("boolean -> bigint", types),
            state: |_| vec![DataType::Int64],
            make: |_| Box::new(TrueCount::default()),
        },
        Aggregate {
            name: "approx_distinct",
            words: "any -> bigint",
            resolve: |types| resolve_words("any -> bigint", types),
            state: |types| vec![array_of(types.arguments[0].clone())],
            make: |types| {
                Box::new(DistinctCount {
                    data_type: types.arguments[0].clone(),
                    seen: HashSet::new(),
                })
            },
        },
        Aggregate {
            name: "approx_percentile",
            words: PERCENTILE,
            resolve: |types| resolve_words(PERCENTILE, types),
            state: |types| {
                vec![
                    array_of(types.arguments[0].clone()),
                    types.arguments[1].clone(),
                ]
            },
            make: |types| {
                Box::new(Percentile {
                    data_type: types.arguments[0].clone(),
                    values: Vec::new(),
                    wanted: Value::Null,
                })
            },
        },
    ];
    for name in ["bool_and", "every", "bool_or"] {
        all.push(Aggregate {
            name,
            words: "boolean -> boolean",
            resolve: |types| resolve_words("boolean -> boolean", types),
            state: |_| vec![DataType::Boolean],
            make: if name == "bool_or" {
                |_| {
                    Box::new(Decision {
                        decides: true,
                        found: None,
                    })
                }
            } else {
                |_| {
                    Box::new(Decision {
                        decides: false,
                        found: None,
                    })
                }
            },
        });
    }
    for name in ["arbitrary", "any_value"] {
        all.push(Aggregate {
            name,
            words: "any",
            resolve: |types| resolve_words("any -> same", types),
            state: |types| vec![types.gives.clone()],
            make: |_| Box::new(First { found: Value::Null }),
        });
    }
    all.extend(statistics::functions());
    all
}

const PERCENTILE: &str = "bigint, double -> bigint | real, double -> real | double, double -> \
     double | bigint, array(double) -> array(bigint) | real, array(double) -> array(real) | \
     double, array(double) -> array(double)";

/// `array_agg` of `DataFusion`, which keeps NULLs and order as Trino's does.
pub(super) fn array_agg() -> Arc<AggregateUDF> {
    datafusion::functions_aggregate::array_agg::array_agg_udaf()
}

fn types_of_sum(types: &[DataType]) -> Option<Resolved> {
    if let [DataType::Decimal128(precision, scale)] = types {
        return Some(Resolved {
            arguments: vec![DataType::Decimal128(*precision, *scale)],
            gives: DataType::Decimal128(38, *scale),
        });
    }
    resolve_words("bigint -> bigint | real -> real | double -> double", types)
}

fn types_of_average(types: &[DataType]) -> Option<Resolved> {
    let words = "decimal -> same | bigint -> double | real -> real | double -> double";
    resolve_words(words, types)
}

fn orderable(types: &[DataType]) -> Option<Resolved> {
    let resolved = resolve_words("any -> same", types)?;
    is_orderable(&resolved.gives).then_some(resolved)
}

fn value_by_key(types: &[DataType]) -> Option<Resolved> {
    let [value, key] = types else { return None };
    is_orderable(key).then(|| Resolved {
        arguments: types.to_vec(),
        gives: value.clone(),
    })
}

#[derive(Debug, Default)]
struct WholeSum {
    sum: Option<i64>,
}

impl WholeSum {
    fn plus(&mut self, value: &Value<'_>) -> Result<()> {
        if let Value::Integer(value) = value {
            self.sum = Some(match self.sum {
                None => *value,
                Some(sum) => sum.checked_add(*value).ok_or_else(|| {
                    TrinoError::range(format!("bigint addition overflow: {sum} + {value}"))
                })?,
            });
        }
        Ok(())
    }
}

impl Fold for WholeSum {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        self.plus(&row[0])
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.result()?])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.plus(&state[0])
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(self.sum.map_or(Value::Null, Value::Integer))
    }
}

#[derive(Debug, Default)]
struct DoubleSum {
    sum: Option<f64>,
}

impl Fold for DoubleSum {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        if let Value::Double(value) = row[0] {
            self.sum = Some(self.sum.unwrap_or(0.0) + value);
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.result()?])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.add(state)
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(self.sum.map_or(Value::Null, Value::Double))
    }
}

#[derive(Debug, Default)]
struct DecimalSum {
    sum: Option<i128>,
}

impl DecimalSum {
    fn plus(&mut self, value: &Value<'_>) -> Result<()> {
        if let Value::Decimal(value) = value {
            let sum = self
                .sum
                .unwrap_or(0)
                .checked_add(*value)
                .filter(|sum| sum.unsigned_abs() < 10_u128.pow(38))
                .ok_or_else(|| TrinoError::range("Decimal overflow"))?;
            self.sum = Some(sum);
        }
        Ok(())
    }
}

impl Fold for DecimalSum {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        self.plus(&row[0])
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.result()?])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.plus(&state[0])
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(self.sum.map_or(Value::Null, Value::Decimal))
    }
}

#[derive(Debug, Default)]
struct DoubleAverage {
    sum: f64,
    count: i64,
}

impl Fold for DoubleAverage {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "Trino averages bigint as doubles, too"
        )]
        let value = match row[0] {
            Value::Double(value) => value,
            Value::Integer(value) => value as f64,
            _ => return Ok(()),
        };
        self.sum += value;
        self.count += 1;
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![Value::Double(self.sum), Value::Integer(self.count)])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.sum += state[0].double();
        self.count += state[1].integer();
        Ok(())
    }

    fn result(&self) -> Result<Value<'static>> {
        #[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
        Ok(if self.count == 0 {
            Value::Null
        } else {
            Value::Double(self.sum / self.count as f64)
        })
    }
}

#[derive(Debug, Default)]
struct DecimalAverage {
    sum: DecimalSum,
    count: i64,
}

impl Fold for DecimalAverage {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        self.count += i64::from(!row[0].is_null());
        self.sum.plus(&row[0])
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.sum.result()?, Value::Integer(self.count)])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.count += state[1].integer();
        self.sum.plus(&state[0])
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(match self.sum.sum {
            Some(sum) if self.count > 0 => Value::Decimal(half_away(sum, self.count.into())),
            _ => Value::Null,
        })
    }
}

#[derive(Debug)]
struct Extreme {
    wanted: Ordering,
    found: Value<'static>,
}

impl Fold for Extreme {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        let value = &row[0];
        if !value.is_null() && (self.found.is_null() || replaces(value, &self.found, self.wanted)) {
            self.found = value.clone().into_static();
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.found.clone()])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.add(state)
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(self.found.clone())
    }
}

#[derive(Debug)]
struct ExtremeBy {
    wanted: Ordering,
    value: Value<'static>,
    key: Value<'static>,
}

impl ExtremeBy {
    fn new(wanted: Ordering) -> Self {
        Self {
            wanted,
            value: Value::Null,
            key: Value::Null,
        }
    }
}

impl Fold for ExtremeBy {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        let key = &row[1];
        if !key.is_null() && (self.key.is_null() || replaces(key, &self.key, self.wanted)) {
            self.value = row[0].clone().into_static();
            self.key = key.clone().into_static();
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.value.clone(), self.key.clone()])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.add(state)
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(self.value.clone())
    }
}

#[derive(Debug, Default)]
struct TrueCount {
    count: i64,
}

impl Fold for TrueCount {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        self.count += i64::from(matches!(row[0], Value::Boolean(true)));
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![Value::Integer(self.count)])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.count += state[0].integer();
        Ok(())
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(Value::Integer(self.count))
    }
}

/// AND and OR over rows: one value decides.
#[derive(Debug)]
struct Decision {
    decides: bool,
    found: Option<bool>,
}

impl Fold for Decision {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        if let Value::Boolean(value) = row[0]
            && self.found != Some(self.decides)
        {
            self.found = Some(value);
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.result()?])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.add(state)
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(self.found.map_or(Value::Null, Value::Boolean))
    }
}

/// The first value that is not NULL.
#[derive(Debug)]
struct First {
    found: Value<'static>,
}

impl Fold for First {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        if self.found.is_null() {
            self.found = row[0].clone().into_static();
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.found.clone()])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.add(state)
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(self.found.clone())
    }
}

/// How many values there are: exact, where Trino estimates.
#[derive(Debug)]
struct DistinctCount {
    data_type: DataType,
    seen: HashSet<ScalarValue>,
}

impl DistinctCount {
    fn see(&mut self, value: &Value<'_>) -> Result<()> {
        let value = match value {
            Value::Null => return Ok(()),
            // One NaN and one zero.
            Value::Double(value) if value.is_nan() => Value::Double(f64::NAN),
            Value::Double(value) if *value == 0.0 => Value::Double(0.0),
            other => other.clone(),
        };
        self.seen
            .insert(super::value::scalar(&self.data_type, value)?);
        Ok(())
    }
}

impl Fold for DistinctCount {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        self.see(&row[0])
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        let array = if self.seen.is_empty() {
            column(&self.data_type, &[])?
        } else {
            ScalarValue::iter_to_array(self.seen.iter().cloned())?
        };
        Ok(vec![list(&array)?])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        for value in state_list(&state[0])? {
            self.see(&value)?;
        }
        Ok(())
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok(Value::Integer(
            i64::try_from(self.seen.len()).unwrap_or(i64::MAX),
        ))
    }
}

/// The value below which a share of the values lie: exact, where Trino estimates.
#[derive(Debug)]
struct Percentile {
    data_type: DataType,
    values: Vec<Value<'static>>,
    wanted: Value<'static>,
}

impl Percentile {
    fn at(&self, sorted: &[Value<'static>], share: f64) -> Result<Value<'static>> {
        if !(0.0..=1.0).contains(&share) {
            return Err(TrinoError::argument("Percentile must be between 0 and 1").into());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a place in the values"
        )]
        let place = (share * sorted.len() as f64) as usize;
        let last = sorted.len().saturating_sub(1);
        Ok(sorted.get(place.min(last)).cloned().unwrap_or(Value::Null))
    }
}

impl Fold for Percentile {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        if !row[0].is_null() && !row[1].is_null() {
            self.values.push(row[0].clone().into_static());
            self.wanted = row[1].clone().into_static();
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![
            list(&column(&self.data_type, &self.values)?)?,
            self.wanted.clone(),
        ])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.values.extend(state_list(&state[0])?);
        if !state[1].is_null() {
            self.wanted = state[1].clone().into_static();
        }
        Ok(())
    }

    fn result(&self) -> Result<Value<'static>> {
        let mut sorted = self.values.clone();
        sorted.sort_by(order);
        match &self.wanted {
            Value::Null => Ok(Value::Null),
            Value::Double(share) => self.at(&sorted, *share),
            wanted => {
                let found = state_list(wanted)?
                    .iter()
                    .map(|share| self.at(&sorted, share.double()))
                    .collect::<Result<Vec<_>>>()?;
                list(&column(&self.data_type, &found)?)
            }
        }
    }
}
