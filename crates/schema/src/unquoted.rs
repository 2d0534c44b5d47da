//! What a JSON string says.

use std::borrow::Cow;

use crate::row_problem::RowProblem;

/// The text of a JSON string, without quotes and escapes.
pub(crate) fn unquoted(value: &str) -> Result<Cow<'_, str>, RowProblem> {
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .ok_or(RowProblem::WrongType)?;
    if inner.contains('\\') {
        // In a valid JSON string this fails only at half a surrogate pair.
        serde_json::from_str(value)
            .map(Cow::Owned)
            .map_err(|_| RowProblem::NotUnicode)
    } else {
        Ok(Cow::Borrowed(inner))
    }
}
