//! Gathers the rows of many objects into batches.

use datafusion::arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::SchemaRef,
    error::ArrowError,
};

use super::cell::{Cell, CellColumn};
use crate::catalog::hive_type::HiveType;

/// The most rows of a batch: DataFusion's own size.
pub(super) const MOST_ROWS: usize = 8_192;

/// The most bytes of text in a batch, unless one row has more.
const MOST_TEXT_BYTES: usize = 8 << 20;

/// A column of the output that is the same in all rows of an object.
#[derive(Debug, Clone)]
pub struct ObjectCell {
    /// Its place in the output.
    pub slot: usize,
    /// Its value.
    pub cell: Cell<'static>,
}

/// Rows that are not handed over yet.
pub(super) struct RowBuilder {
    schema: SchemaRef,
    columns: Vec<CellColumn>,
    /// What each row of the current object gets.
    of_object: Vec<ObjectCell>,
    rows: usize,
    text_bytes: usize,
}

impl RowBuilder {
    /// No rows yet; `kinds` are the types of the output's columns.
    ///
    /// # Errors
    /// As for [`CellColumn::new`].
    pub(super) fn new(schema: SchemaRef, kinds: &[HiveType]) -> Result<Self, ArrowError> {
        let columns = kinds.iter().map(|kind| CellColumn::new(*kind));
        Ok(Self {
            schema,
            columns: columns.collect::<Result<_, _>>()?,
            of_object: Vec::new(),
            rows: 0,
            text_bytes: 0,
        })
    }

    /// The next rows are of another object.
    pub(super) fn begin_object(&mut self, cells: Vec<ObjectCell>) {
        self.of_object = cells;
    }

    /// Puts a value into the row that has not ended.
    pub(super) fn put(&mut self, slot: usize, cell: &Cell<'_>) {
        if let Cell::Text(text) = cell {
            self.text_bytes += text.len();
        }
        self.columns[slot].append(cell);
    }

    /// So many rows have all their values of the file.
    pub(super) fn end_rows(&mut self, rows: usize) {
        self.rows += rows;
        for ObjectCell { slot, cell } in &self.of_object {
            for _ in 0..rows {
                self.columns[*slot].append(cell);
            }
            if let Cell::Text(text) = cell {
                self.text_bytes += text.len() * rows;
            }
        }
        debug_assert!(self.columns.iter().all(|column| column.len() == self.rows));
    }

    /// How many more rows the batch may take.
    #[must_use]
    pub(super) fn room(&self) -> usize {
        if self.text_bytes >= MOST_TEXT_BYTES {
            return 0;
        }
        MOST_ROWS.saturating_sub(self.rows)
    }

    /// The rows so far, if there are any; the builder is empty afterwards.
    ///
    /// # Errors
    /// When the columns do not fit the schema, which their types rule out.
    pub(super) fn finish(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let columns = self.columns.iter_mut().map(CellColumn::finish).collect();
        // Without columns only the number of rows is left.
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        self.rows = 0;
        self.text_bytes = 0;
        Ok(Some(batch))
    }
}
