//! An error of a query under Trino's name for it, such as `DIVISION_BY_ZERO`.

use datafusion::error::DataFusionError;

/// An error of one row or one expression. It travels through `DataFusion` as an external error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct TrinoError {
    /// Trino's name of the error: `INVALID_CAST_ARGUMENT`, `TYPE_MISMATCH`, …
    pub code: &'static str,
    /// What is wrong, in Trino's words where Trino has them.
    pub message: String,
}

impl TrinoError {
    /// The error of a value that a function does not take.
    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new("INVALID_FUNCTION_ARGUMENT", message)
    }

    /// The error of a value that does not become a value of the other type.
    pub(super) fn cast(message: impl Into<String>) -> Self {
        Self::new("INVALID_CAST_ARGUMENT", message)
    }

    /// The error of a number that leaves its type.
    pub(super) fn range(message: impl Into<String>) -> Self {
        Self::new("NUMERIC_VALUE_OUT_OF_RANGE", message)
    }

    /// The error of an operation on types that it does not take.
    pub(super) fn types(message: impl Into<String>) -> Self {
        Self::new("TYPE_MISMATCH", message)
    }

    /// Trino's words for `x / 0`.
    pub(super) fn division_by_zero() -> Self {
        Self::new("DIVISION_BY_ZERO", "Division by zero")
    }

    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The Trino error inside an error of `DataFusion`, whatever it is wrapped in.
    pub fn find(error: &DataFusionError) -> Option<&Self> {
        match error {
            DataFusionError::External(inner) => inner
                .downcast_ref::<Self>()
                .or_else(|| inner.downcast_ref::<DataFusionError>().and_then(Self::find)),
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                Self::find(inner)
            }
            DataFusionError::Shared(inner) => Self::find(inner),
            DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
                datafusion::arrow::error::ArrowError::ExternalError(inner) => inner
                    .downcast_ref::<Self>()
                    .or_else(|| inner.downcast_ref::<DataFusionError>().and_then(Self::find)),
                _ => None,
            },
            DataFusionError::Collection(errors) => errors.iter().find_map(Self::find),
            _ => None,
        }
    }
}

impl From<TrinoError> for DataFusionError {
    fn from(error: TrinoError) -> Self {
        Self::External(Box::new(error))
    }
}
