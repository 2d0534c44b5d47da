//! CSV: comma separated values in the order of the columns, quoted where they must be, one line for
//! each record.
//!
//! NULL is nothing between two commas, an empty text is `""`. Numbers keep the digits of the
//! record. There is no header unless one is asked for: Athena skips it where the table says so,
//! Spark reads it as data. Lines end in a line feed: line readers on S3 want it, and readers of RFC
//! 4180 accept it. A text with a line break is refused, because Athena and Spark would see two
//! rows.

use landing::{
    Record,
    value::{Misfit, Reason},
};
use schema::{Cell, Losses, TableSchema, append_date, append_timestamp};

use crate::{
    options::EncodingOptions,
    rows::{self, Rows},
};

/// Makes the lines of one schema.
pub(crate) struct CsvLines {
    rows: Rows,
    columns: Vec<String>,
    line: Vec<u8>,
}

impl CsvLines {
    pub(crate) fn new(schema: &TableSchema, options: &EncodingOptions) -> Self {
        let metadata = options.metadata_columns;
        let columns = rows::columns(schema, metadata).into_iter();
        Self {
            rows: Rows::new(schema, options.classifier, metadata),
            columns: columns.map(|(name, _)| name.to_owned()).collect(),
            line: Vec::new(),
        }
    }

    /// The line with the names of the columns; they need no quotes.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut header = self.columns.join(",").into_bytes();
        header.push(b'\n');
        header
    }

    /// What the columns rounded or cut off of the records so far.
    pub(crate) fn rounded(&self) -> Losses {
        self.rows.rounded()
    }

    /// The record's line with its line feed.
    pub(crate) fn line(&mut self, record: &Record<'_>) -> Result<&[u8], Misfit> {
        let Self {
            rows,
            columns,
            line,
        } = self;
        rows.with(record, |row| append_row(row, columns, line))??;
        Ok(&self.line)
    }
}

fn append_row(row: &[Cell<'_>], columns: &[String], line: &mut Vec<u8>) -> Result<(), Misfit> {
    line.clear();
    for (cell, column) in row.iter().zip(columns) {
        append_cell(cell, line).map_err(|reason| Misfit {
            reason,
            column: Some(column.clone()),
        })?;
        line.push(b',');
    }
    // In a table of one column NULL would be an empty line, which readers skip: the row would be
    // lost.
    if line == b"," {
        line.splice(.., *b"\"\",");
    }
    if let Some(last) = line.last_mut() {
        *last = b'\n';
    }
    Ok(())
}

fn append_cell(cell: &Cell<'_>, line: &mut Vec<u8>) -> Result<(), Reason> {
    match cell {
        Cell::Null => {}
        Cell::Text(text) => return append_text(text, line),
        Cell::Double(number) => line.extend_from_slice(number.text().as_bytes()),
        Cell::BigInt(number) => line.extend_from_slice(number.to_string().as_bytes()),
        Cell::Boolean(true) => line.extend_from_slice(b"true"),
        Cell::Boolean(false) => line.extend_from_slice(b"false"),
        Cell::Date(days) => append_date(*days, line),
        Cell::Timestamp(millis) => append_timestamp(*millis, line),
        Cell::Decimal(number) => line.extend_from_slice(number.to_string().as_bytes()),
    }
    Ok(())
}

fn append_text(text: &str, line: &mut Vec<u8>) -> Result<(), Reason> {
    let mut quoted = text.is_empty();
    for byte in text.bytes() {
        match byte {
            b'\n' | b'\r' => return Err(Reason::LineBreak),
            b',' | b'"' => quoted = true,
            _ => {}
        }
    }
    if !quoted {
        line.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    line.push(b'"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            line.extend_from_slice(b"\"\"");
        }
        line.extend_from_slice(part.as_bytes());
    }
    line.push(b'"');
    Ok(())
}
