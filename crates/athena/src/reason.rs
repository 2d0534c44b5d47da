//! The engine's errors in one line of plain words.

use datafusion::common::DataFusionError;

use trino::TrinoError;

/// Why the engine failed, without the names of its parts in front.
pub(crate) fn reason(error: &DataFusionError) -> String {
    if let Some(error) = TrinoError::find(error) {
        return error.to_string();
    }
    let message = match error.find_root() {
        DataFusionError::Plan(message)
        | DataFusionError::Execution(message)
        | DataFusionError::NotImplemented(message) => message.clone(),
        DataFusionError::External(error) => error.to_string(),
        other => other.to_string(),
    };
    // A backtrace would be for the engine's own developers.
    let message = message.split("\n\nbacktrace:").next().unwrap_or_default();
    message.replace('\n', " ")
}
