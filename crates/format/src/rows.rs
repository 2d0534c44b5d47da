//! Records as rows of cells, for the formats that have columns.
//!
//! Invariant: a row has the cells of the schema's columns in their order, and then those of the
//! metadata columns where they are wanted.

use landing::{
    Record,
    value::{Misfit, Reason},
};
use schema::{AthenaType, Cell, METADATA_COLUMNS, RowReader, TableSchema};

use crate::metadata::Metadata;

/// Makes rows of one schema.
pub struct Rows {
    reader: RowReader,
    metadata: bool,
    /// An empty row whose memory the next one takes.
    spare: Vec<Cell<'static>>,
}

/// Names and types of the cells of a row.
pub fn columns(schema: &TableSchema, metadata: bool) -> Vec<(&str, AthenaType)> {
    let own = schema.columns().iter();
    let own = own.map(|column| (column.name.as_str(), column.kind));
    let metadata = METADATA_COLUMNS.into_iter().filter(|_| metadata);
    own.chain(metadata).collect()
}

impl Rows {
    /// Reads the columns of this schema, and after them Kafka's metadata if `metadata` says so.
    pub fn new(schema: &TableSchema, metadata: bool) -> Self {
        Self {
            reader: RowReader::new(schema),
            metadata,
            spare: Vec::new(),
        }
    }

    /// Gives the record's row to `take`.
    pub fn with<T>(
        &mut self,
        record: &Record<'_>,
        take: impl FnOnce(&[Cell<'_>]) -> T,
    ) -> Result<T, Misfit> {
        let mut row = emptied(std::mem::take(&mut self.spare));
        let filled = self.fill(record, &mut row);
        let taken = filled.map(|()| take(&row));
        self.spare = emptied(row);
        taken
    }

    fn fill<'r>(&mut self, record: &Record<'r>, row: &mut Vec<Cell<'r>>) -> Result<(), Misfit> {
        let value = record.value.ok_or(Reason::Tombstone)?;
        let value = std::str::from_utf8(value).map_err(|_| Reason::NotAJsonObject)?;
        self.reader.read(value, row)?;
        if self.metadata {
            row.extend(Metadata::of(record)?.into_cells());
        }
        Ok(())
    }
}

/// The row without its cells, good for cells of another record. The map never runs; collecting in
/// place keeps the allocation.
fn emptied<'to>(mut row: Vec<Cell<'_>>) -> Vec<Cell<'to>> {
    row.clear();
    row.into_iter().map(|_| Cell::Null).collect()
}
