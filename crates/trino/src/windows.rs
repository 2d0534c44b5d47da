//! The window functions of `DataFusion` with Trino's types: places are bigint.

use std::hash::Hash;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_window::{ntile, rank, row_number};
use datafusion::logical_expr::function::{
    ExpressionArgs, PartitionEvaluatorArgs, WindowUDFFieldArgs,
};
use datafusion::logical_expr::window_state::WindowAggState;
use datafusion::logical_expr::{
    Expr, LimitEffect, PartitionEvaluator, ReversedUDWF, Signature, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_plan::PhysicalExpr;

use super::trino_error::TrinoError;

pub(super) fn functions() -> Vec<WindowUDF> {
    [
        row_number::row_number_udwf(),
        rank::rank_udwf(),
        rank::dense_rank_udwf(),
        ntile::ntile_udwf(),
    ]
    .into_iter()
    .map(|inner| WindowUDF::new_from_impl(BigintPlace { inner }))
    .collect()
}

/// Refuses arguments that Trino refuses.
///
/// # Errors
/// `INVALID_FUNCTION_ARGUMENT`
pub(super) fn check(name: &str, args: &[Expr]) -> Result<()> {
    let literal = |place: usize| match args.get(place) {
        Some(Expr::Literal(ScalarValue::Int64(value), _)) => *value,
        _ => None,
    };
    let (value, least, message) = match name {
        "ntile" => (literal(0), 1, "Buckets must be greater than 0"),
        "lag" | "lead" => (literal(1), 0, "Offset must be at least 0"),
        "nth_value" => (literal(1), 1, "Offset must be at least 1"),
        _ => return Ok(()),
    };
    if value.is_some_and(|value| value < least) {
        return Err(TrinoError::argument(message).into());
    }
    Ok(())
}

/// A function whose unsigned places become bigint.
#[derive(Debug, PartialEq, Eq, Hash)]
struct BigintPlace {
    inner: Arc<WindowUDF>,
}

impl WindowUDFImpl for BigintPlace {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn expressions(&self, args: ExpressionArgs) -> Vec<Arc<dyn PhysicalExpr>> {
        self.inner.expressions(args)
    }

    fn partition_evaluator(
        &self,
        args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(BigintEvaluator {
            inner: self.inner.partition_evaluator_factory(args)?,
        }))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Int64, true)))
    }

    fn sort_options(&self) -> Option<SortOptions> {
        self.inner.sort_options()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn reverse_expr(&self) -> ReversedUDWF {
        ReversedUDWF::NotSupported
    }

    fn limit_effect(&self, args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        self.inner.inner().limit_effect(args)
    }
}

#[derive(Debug)]
struct BigintEvaluator {
    inner: Box<dyn PartitionEvaluator>,
}

fn bigint(places: &ArrayRef) -> Result<ArrayRef> {
    Ok(datafusion::arrow::compute::cast(places, &DataType::Int64)?)
}

impl PartitionEvaluator for BigintEvaluator {
    fn memoize(&mut self, state: &mut WindowAggState) -> Result<()> {
        self.inner.memoize(state)
    }

    fn get_range(&self, row: usize, rows: usize) -> Result<Range<usize>> {
        self.inner.get_range(row, rows)
    }

    fn is_causal(&self) -> bool {
        self.inner.is_causal()
    }

    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        bigint(&self.inner.evaluate_all(values, rows)?)
    }

    fn evaluate(&mut self, values: &[ArrayRef], range: &Range<usize>) -> Result<ScalarValue> {
        self.inner
            .evaluate(values, range)?
            .cast_to(&DataType::Int64)
    }

    fn evaluate_all_with_rank(&self, rows: usize, ranks: &[Range<usize>]) -> Result<ArrayRef> {
        bigint(&self.inner.evaluate_all_with_rank(rows, ranks)?)
    }

    fn supports_bounded_execution(&self) -> bool {
        self.inner.supports_bounded_execution()
    }

    fn uses_window_frame(&self) -> bool {
        self.inner.uses_window_frame()
    }

    fn include_rank(&self) -> bool {
        self.inner.include_rank()
    }
}
