//! What to type a column as, where a cell does not fit it.
//!
//! Only says what would happen: a type is never guessed from a cell.

use schema::{CellError, ColumnType, CsvColumn, RowError, Schema, append_cell};

/// The end of the message about a row: which type reads the cell, and as what; else text, if the
/// column is a number by its name alone.
pub(super) fn column_hint(
    schema: &Schema,
    is_guessed: &[bool],
    error: &RowError,
) -> Option<String> {
    let RowError::Cell {
        column: name,
        reason: CellError::NotANumber { text },
    } = error
    else {
        return None;
    };
    let at = schema.position(name)?;
    let column = &schema.columns()[at];
    let readings: Vec<String> = [ColumnType::DecimalPoint, ColumnType::DecimalComma]
        .into_iter()
        .filter(|kind| *kind != column.kind)
        .filter_map(|kind| reading(column, kind, text))
        .collect();
    if !readings.is_empty() {
        return Some(readings.join(", "));
    }
    let flag = flag(column, ColumnType::String)?;
    is_guessed[at].then(|| format!("{flag} takes the column as text"))
}

fn reading(column: &CsvColumn, kind: ColumnType, text: &str) -> Option<String> {
    let mut value = Vec::new();
    append_cell(kind, text.as_bytes(), &mut value).ok()?;
    let flag = flag(column, kind)?;
    Some(format!(
        "{flag} reads it as {}",
        String::from_utf8_lossy(&value)
    ))
}

/// The flag as a shell takes it; `None` for a name that the flag or a shell would take apart.
fn flag(column: &CsvColumn, kind: ColumnType) -> Option<String> {
    let (kind, _) = ColumnType::NAMES
        .into_iter()
        .find(|(_, other)| *other == kind)?;
    let entry = format!("{}:{kind}", column.header);
    if entry.contains([',', '\'', '\n', '\r']) {
        None
    } else if entry.contains(|sign: char| !sign.is_alphanumeric() && !"_-:".contains(sign)) {
        Some(format!("--columns '{entry}'"))
    } else {
        Some(format!("--columns {entry}"))
    }
}
