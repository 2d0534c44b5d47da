//! Records into the bytes of files: JSON Lines, CSV, Parquet; one file for each date partition of
//! an extent.
//!
//! Encoding is work for a blocking thread: nothing here waits, and nothing here knows S3, keys or
//! claims. Which records a file gets is decided by the caller. The columns of CSV and Parquet come
//! from a [`schema::TableSchema`] (see [`schema_file`]).
//!
//! Invariants: the bytes of a file are a function of the encoding, the records and their extent; a
//! record that is refused leaves no trace; between the first record and the end a file holds each
//! record that was not refused exactly once, in the order of offsets.

use anyhow::{Context, Result};
use landing::{Offset, OffsetRange, Place, Record, partition_by::DatePartition, value::Misfit};

use crate::{
    csv::CsvLines,
    encoding::{Encoding, File, Layout},
    jsonl::JsonLines,
    parquet::write::ParquetFiles,
    rows::Rows,
    text_files::TextFiles,
};

/// The open files of one extent.
///
/// They hold at most about as many bytes as the records have as text; the first date partition, in
/// nearly every extent the only one, is compressed as it comes.
pub struct Files {
    open: Open,
    start: Place,
    /// The first trouble with writing into memory, which is no record's fault.
    failed: Option<anyhow::Error>,
}

/// What the formats need; what is per file lies below.
enum Open {
    Jsonl(JsonLines, TextFiles),
    Csv(CsvLines, TextFiles),
    Parquet(Rows, ParquetFiles),
}

impl Files {
    /// The files of the extent that begins at `start`; none is open yet.
    #[must_use]
    pub fn new(encoding: &Encoding, start: Place) -> Self {
        let options = encoding.options();
        let open = match encoding.layout() {
            Layout::Jsonl => Open::Jsonl(
                JsonLines::new(options.metadata_columns),
                TextFiles::new(options, Vec::new()),
            ),
            Layout::Csv(schema) => {
                let lines = CsvLines::new(schema, options.metadata_columns);
                let header = options.csv_header.then(|| lines.header());
                let files = TextFiles::new(options, header.unwrap_or_default());
                Open::Csv(lines, files)
            }
            Layout::Parquet(schema, shape) => Open::Parquet(
                Rows::new(schema, options.metadata_columns),
                ParquetFiles::new(shape.clone()),
            ),
        };
        Self {
            open,
            start,
            failed: None,
        }
    }

    /// Says how many bytes the records have about that will come, so that memory is taken once.
    pub fn expect(&mut self, bytes: usize) {
        match &mut self.open {
            Open::Jsonl(_, files) | Open::Csv(_, files) => files.expect(bytes),
            Open::Parquet(..) => {}
        }
    }

    /// Appends a record to the file of its date partition. Its value has passed
    /// [`landing::value::check_object`].
    ///
    /// # Errors
    /// Why the record cannot be in such a file, and the column; no file has changed then.
    pub fn write(
        &mut self,
        date: &DatePartition,
        record: &Record<'_>,
    ) -> std::result::Result<(), Misfit> {
        let written = match &mut self.open {
            Open::Jsonl(lines, files) => files.append(date, lines.line(record)?),
            Open::Csv(lines, files) => files.append(date, lines.line(record)?),
            Open::Parquet(rows, files) => rows.with(record, |row| files.append(date, row))?,
        };
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
        Ok(())
    }

    /// Opens the file of a date partition that no record may come for.
    pub fn open(&mut self, date: &DatePartition) {
        let opened = match &mut self.open {
            Open::Jsonl(_, files) | Open::Csv(_, files) => {
                files.open(date);
                Ok(())
            }
            Open::Parquet(_, files) => files.open(date),
        };
        if let Err(error) = opened {
            self.failed.get_or_insert(error);
        }
    }

    /// Ends the files of the extent, which reaches up to but without `end`; in the order of their
    /// dates.
    ///
    /// # Errors
    /// When a compressor or the Parquet writer failed, now or at an earlier record.
    pub fn finish(self, end: Offset) -> Result<Vec<File>> {
        let extent = OffsetRange::new(self.start.offset, end);
        let partition = self.start.partition;
        let place = || format!("the files of extent {extent} of partition {partition}");
        let about = [
            ("kafka.partition", partition.to_string()),
            ("kafka.start-offset", extent.start.to_string()),
            ("kafka.end-offset", extent.end.to_string()),
        ];
        self.finish_with(&about).with_context(place)
    }

    /// Ends files of records from many places of the topic.
    ///
    /// # Errors
    /// As for [`Self::finish`].
    pub fn finish_copy(self) -> Result<Vec<File>> {
        self.finish_with(&[])
    }

    /// `about` goes into the metadata of Parquet files.
    fn finish_with(self, about: &[(&str, String)]) -> Result<Vec<File>> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.open {
            Open::Jsonl(_, files) | Open::Csv(_, files) => files.finish(),
            Open::Parquet(_, files) => files.finish(about),
        }
    }
}
