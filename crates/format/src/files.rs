//! Records into the bytes of files: JSON Lines, CSV, Parquet; one file for each date partition of
//! an extent.
//!
//! Encoding is work for a blocking thread: nothing here waits or knows S3, keys or claims. The
//! caller decides which records a file gets, in which order. The columns of CSV and Parquet come
//! from a [`schema::TableSchema`].
//!
//! Invariants: the bytes of a file are a function of the encoding, the records and their extent; a
//! record that is refused leaves no trace; a file holds each record that was not refused exactly
//! once, in the order in which the caller wrote them.

use anyhow::{Context, Result};
use landing::{Offset, OffsetRange, Place, Record, partition_by::DatePartition, value::Misfit};
use schema::Losses;

use crate::{
    csv::CsvLines,
    encoding::{Encoding, FinishedFile, Layout},
    jsonl::JsonLines,
    parquet::write::ParquetFiles,
    rows::Rows,
    text_files::TextFiles,
};

/// The open files of one extent.
///
/// They take at most about as much memory as the records have bytes of text. The first date
/// partition, in nearly every extent the only one, is compressed while it grows.
pub struct Files {
    open: Open,
    start: Place,
    /// The first error of a compressor or the Parquet writer, which is no record's fault.
    failed: Option<anyhow::Error>,
}

/// What each format needs: how to make a line or a row, and the files.
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
            Layout::Jsonl(columns) => Open::Jsonl(
                JsonLines::new(columns.as_deref(), options),
                TextFiles::new(options, Vec::new()),
            ),
            Layout::Csv(schema) => {
                let lines = CsvLines::new(schema, options);
                let header = options.csv_header.then(|| lines.header());
                let files = TextFiles::new(options, header.unwrap_or_default());
                Open::Csv(lines, files)
            }
            Layout::Parquet(schema, shape) => Open::Parquet(
                Rows::new(schema, options.classifier, options.metadata_columns),
                ParquetFiles::new(shape.clone()),
            ),
        };
        Self {
            open,
            start,
            failed: None,
        }
    }

    /// Says about how many bytes of records will come, so that memory is reserved once.
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
    /// Why the record does not fit into such a file, and in which column; no file has changed.
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

    /// What the columns rounded or cut off of the records so far; nothing in JSON Lines, which keep
    /// their bytes.
    #[must_use]
    pub fn rounded(&self) -> Losses {
        match &self.open {
            Open::Jsonl(..) => Losses::default(),
            Open::Csv(lines, _) => lines.rounded(),
            Open::Parquet(rows, _) => rows.rounded(),
        }
    }

    /// Opens the file of a date partition even if no record comes for it.
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

    /// Ends the files of the extent, which reaches up to but not including `end`. Returns them in
    /// the order of their dates.
    ///
    /// # Errors
    /// When a compressor or the Parquet writer failed, now or at an earlier record.
    pub fn finish(self, end: Offset) -> Result<Vec<FinishedFile>> {
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

    /// Ends files whose records come from many places of the topic, as in a compacted copy: no
    /// extent goes into their metadata.
    ///
    /// # Errors
    /// As for [`Self::finish`].
    pub fn finish_copy(self) -> Result<Vec<FinishedFile>> {
        self.finish_with(&[])
    }

    /// `about` goes into the metadata of Parquet files.
    fn finish_with(self, about: &[(&str, String)]) -> Result<Vec<FinishedFile>> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.open {
            Open::Jsonl(_, files) | Open::Csv(_, files) => files.finish(),
            Open::Parquet(_, files) => files.finish(about),
        }
    }
}
