//! Records as rows of cells, for the formats that have columns.
//!
//! A row has the cells of the schema's columns in their order, followed by those of the metadata
//! columns where they are wanted.

use landing::{
    Record,
    value::{Misfit, Reason},
};
use schema::{AthenaType, Cell, Classifier, Losses, METADATA_COLUMNS, RowReader, TableSchema};

use crate::metadata::Metadata;

/// Makes rows of one schema, one at a time.
pub struct Rows {
    reader: RowReader,
    metadata: bool,
    /// An empty row whose memory the next one reuses.
    spare: Vec<Cell<'static>>,
}

/// The names and types of the cells of a row. `metadata` adds [`METADATA_COLUMNS`].
#[must_use]
pub fn columns(schema: &TableSchema, metadata: bool) -> Vec<(&str, AthenaType)> {
    let own = schema.columns().iter();
    let own = own.map(|column| (column.name.as_str(), column.kind));
    let metadata = METADATA_COLUMNS.into_iter().filter(|_| metadata);
    own.chain(metadata).collect()
}

impl Rows {
    /// A maker of rows of this schema, by the rule of a zone's classifier. `metadata` adds the
    /// cells of [`METADATA_COLUMNS`].
    #[must_use]
    pub fn new(schema: &TableSchema, classifier: Classifier, metadata: bool) -> Self {
        Self {
            reader: RowReader::new(schema, classifier),
            metadata,
            spare: Vec::new(),
        }
    }

    /// Calls `take` with the record's row and returns its result.
    ///
    /// # Errors
    /// Why the record is no row of this schema; `take` is not called.
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

    /// What the row of a record with this value does not keep of it; see [`RowReader::losses`].
    #[must_use]
    pub fn losses(&self, value: &[u8]) -> Losses {
        std::str::from_utf8(value)
            .map_or_else(|_| Losses::default(), |value| self.reader.losses(value))
    }

    /// What the columns rounded or cut off of the rows so far; see [`RowReader::rounded`].
    #[must_use]
    pub fn rounded(&self) -> Losses {
        self.reader.rounded()
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

/// The row without its cells, for cells of another record. The map never runs; collecting in place
/// keeps the allocation.
fn emptied<'to>(mut row: Vec<Cell<'_>>) -> Vec<Cell<'to>> {
    row.clear();
    row.into_iter().map(|_| Cell::Null).collect()
}
