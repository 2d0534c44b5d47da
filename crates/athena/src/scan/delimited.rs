//! Rows of lines by LazySimpleSerDe: texts with a delimiter between them. Fields that are missing
//! are NULL, others too many are dropped.

use super::{
    cell::Cell,
    row_builder::RowBuilder,
    wanted_column::{WantedColumn, cut},
};
use crate::catalog::row_format::DelimitedRules;

/// Makes rows of lines.
pub(super) struct DelimitedRows {
    rules: DelimitedRules,
    wanted: Vec<WantedColumn>,
}

impl DelimitedRows {
    /// A maker of rows with these columns.
    #[must_use]
    pub(super) fn new(rules: &DelimitedRules, wanted: &[WantedColumn]) -> Self {
        Self {
            rules: rules.clone(),
            wanted: wanted.to_vec(),
        }
    }

    /// Puts the row of a line.
    pub(super) fn put(&self, line: &[u8], rows: &mut RowBuilder) {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == self.rules.delimiter).collect();
        for column in &self.wanted {
            match fields.get(column.ordinal) {
                Some(field) if **field != *self.rules.null.as_bytes() => {
                    let text = String::from_utf8_lossy(field);
                    rows.put(column.slot, &Cell::Text(cut(column.kind, &text).into()));
                }
                _ => rows.put(column.slot, &Cell::Null),
            }
        }
        rows.end_rows(1);
    }
}
