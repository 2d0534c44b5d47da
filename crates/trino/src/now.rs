//! The time of the statement: one instant for all of it, in UTC.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::calendar::DAY_MILLIS;
use super::types::timestamp_tz;

/// `now()`, and those that are written without brackets.
pub(super) const NAMES: &[&str] = &["now", "current_timestamp", "current_date"];

pub(super) fn functions() -> Vec<ScalarUDF> {
    NAMES
        .iter()
        .map(|name| {
            ScalarUDF::new_from_impl(StatementTime {
                name,
                signature: Signature::nullary(Volatility::Stable),
            })
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct StatementTime {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for StatementTime {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.name {
            "current_date" => DataType::Date32,
            _ => timestamp_tz(),
        })
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let message = format!(
            "{} was not replaced by the time of the statement",
            self.name
        );
        Err(DataFusionError::Internal(message))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(start) = info.query_execution_start_time() else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        let millis = start.timestamp_millis();
        let value = match self.name {
            "current_date" => {
                let days = i32::try_from(millis.div_euclid(DAY_MILLIS));
                ScalarValue::Date32(Some(days.map_err(|error| {
                    DataFusionError::Execution(format!("the clock is out of range: {error}"))
                })?))
            }
            _ => ScalarValue::TimestampMillisecond(Some(millis), Some("UTC".into())),
        };
        Ok(ExprSimplifyResult::Simplified(Expr::Literal(value, None)))
    }
}
