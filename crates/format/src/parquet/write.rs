//! Parquet: columns of typed values in row groups, with statistics and a page index, so that a
//! query reads only what it needs.
//!
//! The writer of the `parquet` crate takes one column after another, so the rows of a row group are
//! gathered first (see [`super::columns`]). Files use the format's first version and encodings that
//! every reader knows: plain, dictionary, run length. A file has the columns of its schema, all
//! optional, in their order; times are UTC in milliseconds.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use landing::partition_by::DatePartition;
use parquet::file::{metadata::KeyValue, writer::SerializedFileWriter};
use schema::Cell;

use crate::{
    encoding::FinishedFile,
    options::RecordSource,
    parquet::{columns::Columns, shape::ParquetShape},
};

/// The most rows of a row group: enough for quick scans, few enough to gather in memory.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// Bytes of gathered values that end a row group early, where texts are long.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// The open files of an extent.
pub(crate) struct ParquetFiles {
    shape: ParquetShape,
    files: BTreeMap<DatePartition, ParquetFile>,
}

struct ParquetFile {
    writer: SerializedFileWriter<Vec<u8>>,
    /// The rows of the row group that is open.
    columns: Columns,
    records: u64,
}

impl ParquetFiles {
    pub(crate) fn new(shape: ParquetShape) -> Self {
        Self {
            shape,
            files: BTreeMap::new(),
        }
    }

    /// Appends a row to the file of its date.
    pub(crate) fn append(&mut self, date: &DatePartition, row: &[Cell<'_>]) -> Result<()> {
        self.open(date)?;
        match self.files.get_mut(date) {
            Some(file) => file.append(row),
            None => Ok(()),
        }
    }

    /// Opens the file of this date if it is not open.
    pub(crate) fn open(&mut self, date: &DatePartition) -> Result<()> {
        if !self.files.contains_key(date) {
            self.files
                .insert(date.clone(), ParquetFile::new(&self.shape)?);
        }
        Ok(())
    }

    /// Ends the files and returns them in the order of their dates. `about` goes into their
    /// key-value metadata, between topic and zone.
    pub(crate) fn finish(self, about: &[(&str, String)]) -> Result<Vec<FinishedFile>> {
        let RecordSource { topic, zone } = self.shape.origin;
        let (first, last) = ([("kafka.topic", topic)], [("landing.zone", zone)]);
        let origin = [&first[..], about, &last].concat();
        let finish = |(date, file): (DatePartition, ParquetFile)| {
            let records = file.records;
            let bytes = file.finish(&origin)?;
            Ok(FinishedFile {
                date,
                bytes,
                records,
            })
        };
        self.files.into_iter().map(finish).collect()
    }
}

impl ParquetFile {
    fn new(shape: &ParquetShape) -> Result<Self> {
        let (schema, properties) = (shape.schema.clone(), shape.properties.clone());
        Ok(Self {
            writer: SerializedFileWriter::new(Vec::new(), schema, properties)?,
            columns: Columns::new(&shape.kinds),
            records: 0,
        })
    }

    fn append(&mut self, row: &[Cell<'_>]) -> Result<()> {
        self.columns.push(row);
        self.records += 1;
        if self.columns.rows() >= ROW_GROUP_ROWS || self.columns.bytes() >= ROW_GROUP_BYTES {
            self.end_row_group()?;
        }
        Ok(())
    }

    fn end_row_group(&mut self) -> Result<()> {
        let mut row_group = self.writer.next_row_group()?;
        self.columns.write(&mut row_group)?;
        row_group.close().context("a row group cannot be ended")?;
        Ok(())
    }

    fn finish(mut self, origin: &[(&str, String)]) -> Result<Vec<u8>> {
        if self.columns.rows() > 0 {
            self.end_row_group()?;
        }
        for (name, value) in origin {
            let metadata = KeyValue::new((*name).to_owned(), value.clone());
            self.writer.append_key_value_metadata(metadata);
        }
        Ok(self.writer.into_inner()?)
    }
}
