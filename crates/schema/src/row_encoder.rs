//! One row of cells becomes one JSON object, keys in header order.
//!
//! Does not split text into cells. Every object of one encoder has the same keys in the same order.

use crate::{
    append_cell::{CellError, append_cell, append_string},
    csv_column::ColumnType,
    schema::Schema,
};

/// Writes rows of one schema as JSON objects; everything but the values is prepared once.
#[derive(Debug, Clone)]
pub struct RowEncoder {
    columns: Vec<PreparedColumn>,
}

/// Why a row is not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// A row with more or fewer fields than the header.
    #[error("{found} fields where the header has {expected}")]
    FieldCount {
        /// Columns in the header.
        expected: usize,
        /// Fields in the row.
        found: usize,
    },
    /// A cell that does not fit its column.
    #[error("column {column:?}: {reason}")]
    Cell {
        /// The column's name in the header.
        column: String,
        /// What is wrong with the cell.
        reason: CellError,
    },
}

/// One column: `{"Open":` or `,"Open":`, the type, and the name for errors.
#[derive(Debug, Clone)]
struct PreparedColumn {
    prefix: Vec<u8>,
    kind: ColumnType,
    header: String,
}

impl RowEncoder {
    /// Prepares the keys of a schema.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let mut columns = Vec::with_capacity(schema.columns().len());
        for column in schema.columns() {
            let mut prefix = vec![if columns.is_empty() { b'{' } else { b',' }];
            // A key is a str, never blank: it cannot be refused.
            append_string(column.name.as_bytes(), &mut prefix).unwrap_or_default();
            prefix.push(b':');
            columns.push(PreparedColumn {
                prefix,
                kind: column.kind,
                header: column.header.clone(),
            });
        }
        Self { columns }
    }

    /// Puts the same text first in each object, as for the symbol of a file that has only one. The
    /// name must not be that of a column.
    #[must_use]
    pub fn with_constant(mut self, name: &str, text: &str) -> Self {
        let mut prefix = vec![b'{'];
        for (part, end) in [(name, b':'), (text, b',')] {
            // A str is UTF-8: it cannot be refused. A blank one is null.
            append_string(part.as_bytes(), &mut prefix).unwrap_or_default();
            prefix.push(end);
        }
        if let Some(first) = self.columns.first_mut() {
            prefix.extend_from_slice(&first.prefix[1..]);
            first.prefix = prefix;
        }
        self
    }

    /// Appends the row to `out` as one JSON object without a line end.
    ///
    /// # Errors
    /// [`RowError`] with the column and the reason; `out` is then as it was.
    pub fn append_row<'a>(
        &self,
        cells: impl ExactSizeIterator<Item = &'a [u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), RowError> {
        if cells.len() != self.columns.len() {
            return Err(RowError::FieldCount {
                expected: self.columns.len(),
                found: cells.len(),
            });
        }
        let start = out.len();
        for (column, cell) in self.columns.iter().zip(cells) {
            out.extend_from_slice(&column.prefix);
            if let Err(reason) = append_cell(column.kind, cell, out) {
                out.truncate(start);
                return Err(RowError::Cell {
                    column: column.header.clone(),
                    reason,
                });
            }
        }
        out.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FieldNames;

    fn encode(names: FieldNames, row: &str) -> Result<String, RowError> {
        let mut out = Vec::new();
        let cells: Vec<&[u8]> = row.split(',').map(str::as_bytes).collect();
        let result = RowEncoder::new(&Schema::stock(names)).append_row(cells.into_iter(), &mut out);
        assert!(result.is_ok() || out.is_empty());
        result.map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_row_becomes_the_tutorials_record_digit_for_digit() {
        let row = "ABC,2001-02-03,10.5,11.25,10.0,11.100001,11.100001,0.0,1.4430001300000002";
        let original = r#"{"Index":"ABC","Date":"2001-02-03","Open":10.5,"High":11.25,"Low":10.0,"Close":11.100001,"Adj Close":11.100001,"Volume":0.0,"CloseUSD":1.4430001300000002}"#;
        assert_eq!(encode(FieldNames::Original, row).unwrap(), original);
        let snake = encode(FieldNames::Snake, row).unwrap();
        assert!(
            snake.starts_with(r#"{"index":"ABC","date":"#)
                && snake.contains(r#""adj_close":11.100001"#),
            "{snake}"
        );
    }

    #[test]
    fn keys_are_escaped() {
        let schema = Schema::from_header(["a\"b\\"], &[], FieldNames::Original).unwrap();
        let mut out = Vec::new();
        RowEncoder::new(&schema)
            .append_row([b"1".as_slice()].into_iter(), &mut out)
            .unwrap();
        assert_eq!(out, br#"{"a\"b\\":"1"}"#);
    }

    #[test]
    fn a_constant_comes_first() {
        let schema = Schema::from_header(["Open"], &[], FieldNames::Original).unwrap();
        let mut out = Vec::new();
        RowEncoder::new(&schema)
            .with_constant("Symbol", "A\"B")
            .append_row([b"1".as_slice()].into_iter(), &mut out)
            .unwrap();
        assert_eq!(out, br#"{"Symbol":"A\"B","Open":1}"#);
    }

    #[test]
    fn a_bad_row_names_the_column_and_the_reason() {
        let error = encode(FieldNames::Snake, "A,2001-02-03,1,2,3,x,5,6,7").unwrap_err();
        assert_eq!(error.to_string(), r#"column "Close": "x" is not a number"#);
        assert_eq!(
            encode(FieldNames::Snake, "A,B").unwrap_err().to_string(),
            "2 fields where the header has 9"
        );
    }
}
