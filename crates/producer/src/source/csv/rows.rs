//! The rows of one CSV: each record below the header, encoded as JSON, with its number and line.
//!
//! Does not choose what happens to a bad row. A row number counts every row after the header, good
//! or bad, from 1.

use std::{
    io::{self, Read},
    path::Path,
};

use schema::RowEncoder;

use super::{
    header::{CsvHeader, TableOptions, read_header},
    records::{CsvReader, NextRecord},
};
use crate::source::{
    input::{self, InputWatch, OpenInput, Patience, SourceError, TextForm},
    record::{BadRow, RecordOrigin, RowText, SourceRecord},
};

/// One input: its names and its header.
#[derive(Debug)]
pub(crate) struct CsvTable {
    /// The input's name for messages.
    pub(crate) name: String,
    /// The input's name for the `source` header, without its folders.
    pub(crate) source: String,
    pub(crate) header: CsvHeader,
}

/// What the next row is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CsvStep {
    /// A record, at hand until the next step.
    Record,
    /// A row that is no record: the last bad row.
    Bad,
    End,
}

/// Reads the rows of one input.
pub(crate) struct CsvRows {
    pub(crate) table: CsvTable,
    records: CsvReader<Box<dyn Read>>,
    encoder: RowEncoder,
    options: TableOptions,
    patience: Patience,
    /// The value of the record at hand; kept to reuse its memory.
    value: Vec<u8>,
    /// The text that says when it happened, of several columns, and the time itself, where they are
    /// asked for.
    time_text: Vec<u8>,
    time: Option<i64>,
    number: u64,
    /// Kept here so that a step returns little.
    bad: BadRow,
}

impl CsvRows {
    /// Opens the input and reads its header.
    pub(crate) fn open(
        path: &Path,
        options: &TableOptions,
        watch: &InputWatch,
    ) -> Result<Self, SourceError> {
        let OpenInput {
            name,
            short_name,
            reader,
            patience,
        } = input::open(path, TextForm::Csv, watch)?;
        let mut records = CsvReader::new(reader, options.dialect(), options.limit);
        let header = match read_header(&mut records, options, &short_name) {
            Ok(Ok(header)) => header,
            Ok(Err(reason)) => return Err(SourceError::Unfit { name, reason }),
            Err(error) => return Err(SourceError::io(&name, &error)),
        };
        let mut encoder = RowEncoder::new(&header.schema);
        if let Some(symbol) = &header.symbol {
            encoder = encoder.with_constant(&symbol.name, &symbol.text);
        }
        Ok(Self {
            table: CsvTable {
                name,
                source: short_name,
                header,
            },
            records,
            encoder,
            options: options.clone(),
            patience,
            value: Vec::with_capacity(1024),
            time_text: Vec::new(),
            time: None,
            number: 0,
            bad: BadRow::default(),
        })
    }

    /// From here on, a step fails with [`io::ErrorKind::WouldBlock`] where the input has nothing
    /// yet; the next one goes on.
    pub(crate) fn end_patience(&self) {
        self.patience.end();
    }

    /// Moves to the next row.
    pub(crate) fn step(&mut self) -> io::Result<CsvStep> {
        let record = match self.records.next()? {
            NextRecord::End => return Ok(CsvStep::End),
            NextRecord::Record(record) => record,
            NextRecord::Spoiled { line, spoiled, raw } => {
                self.number += 1;
                self.bad = BadRow {
                    line,
                    reason: self.options.described(spoiled, raw),
                    raw: raw.to_vec(),
                };
                return Ok(CsvStep::Bad);
            }
        };
        self.number += 1;
        self.value.clear();
        let error = match self.encoder.append_row(record.fields(), &mut self.value) {
            Ok(())
                if self.options.time.needed_by.is_none() && self.table.header.times.len() < 2 =>
            {
                return Ok(CsvStep::Record);
            }
            Ok(()) => return Ok(self.read_time()),
            Err(error) => error,
        };
        // Lines inside a cell are read as rows only where they may well be some.
        let has_all_fields = record.fields().len() == self.table.header.schema.columns().len();
        self.reject(self.table.header.described(&error));
        if !has_all_fields {
            self.split();
        }
        Ok(CsvStep::Bad)
    }

    /// The record at hand.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        let header = &self.table.header;
        let symbol = header.symbol.as_ref().filter(|symbol| symbol.is_key);
        let symbol = symbol.map(|symbol| symbol.text.as_bytes());
        SourceRecord {
            key: self.cell(header.key).or(symbol),
            value: &self.value,
            time: self.time,
        }
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        let event_time = match self.table.header.times.as_slice() {
            [] => None,
            [column] => self.cell(Some(*column)),
            _ => Some(self.time_text.as_slice()).filter(|text| !text.trim_ascii().is_empty()),
        };
        RecordOrigin {
            source: &self.table.source,
            row: self.number,
            event_time,
        }
    }

    /// Makes the row of the record at hand the last bad row.
    pub(crate) fn reject(&mut self, reason: String) {
        self.bad = BadRow::of(self.row_text(), reason);
    }

    /// The last bad row.
    pub(crate) fn bad(&self) -> &BadRow {
        &self.bad
    }

    /// The row of the record at hand as it is in the input.
    pub(crate) fn row_text(&self) -> RowText<'_> {
        let record = self.records.last();
        RowText {
            line: record.line,
            raw: record.raw,
        }
    }

    /// The names of the columns, as in the header.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &str> {
        let columns = self.table.header.schema.columns().iter();
        columns.map(|column| column.header.as_str())
    }

    /// Takes the time of the record at hand, if it has one.
    fn read_time(&mut self) -> CsvStep {
        let record = self.records.last();
        self.time_text.clear();
        for (place, column) in self.table.header.times.iter().enumerate() {
            if place > 0 {
                self.time_text.push(b' ');
            }
            let cell = record.field(*column).unwrap_or_default();
            self.time_text.extend_from_slice(cell);
        }
        if self.options.time.needed_by.is_none() {
            return CsvStep::Record;
        }
        match self.options.time.read(&self.time_text) {
            Ok(time) => {
                self.time = time;
                CsvStep::Record
            }
            Err(reason) => {
                let columns = self.table.header.times.iter();
                let columns = columns.map(|at| &self.table.header.schema.columns()[*at].header);
                let columns: Vec<_> = columns.map(|name| format!("{name:?}")).collect();
                let reason = format!("column {}: {reason}", columns.join(" and "));
                self.reject(reason);
                CsvStep::Bad
            }
        }
    }

    /// A cell of the record at hand, unless it is blank.
    #[inline]
    pub(crate) fn cell(&self, at: Option<usize>) -> Option<&[u8]> {
        let cell = self.records.last().field(at?)?;
        (!cell.trim_ascii().is_empty()).then_some(cell)
    }

    /// Takes back the last row, whose number of fields is wrong. If a field of it spans lines, a
    /// quote was probably left open: then the row is given up only as far as the line with that
    /// quote, and the lines after it are read again.
    fn split(&mut self) {
        if let Some(raw) = self.records.split_last() {
            self.bad.raw = raw.to_vec();
            self.bad
                .reason
                .push_str("; a field spans lines: is a quote left open?");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::csv::header::tests::options;

    fn open(text: &[u8], options: &TableOptions) -> CsvRows {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        CsvRows::open(&path, options, &InputWatch::default()).unwrap()
    }

    #[test]
    fn the_header_gives_key_and_date() {
        let mut rows = open(b"Date,Close,Ticker\n1,2,3\n4,5, \n", &options());
        assert_eq!(rows.table.source, "x.csv");
        assert_eq!(rows.step().unwrap(), CsvStep::Record);
        let (record, origin) = (rows.record(), rows.origin());
        assert_eq!(
            (record.key, origin.row, origin.event_time),
            (Some(b"3".as_slice()), 1, Some(b"1".as_slice()))
        );
        assert_eq!(rows.step().unwrap(), CsvStep::Record);
        assert_eq!((rows.record().key, rows.origin().row), (None, 2));
        assert_eq!(rows.step().unwrap(), CsvStep::End);
        let chosen = TableOptions {
            key_column: Some("DATE".into()),
            ..options()
        };
        let rows = open(b"Date,Close,Ticker\n", &chosen);
        assert_eq!(rows.table.header.key, Some(0));
    }

    #[test]
    fn a_row_of_several_lines_with_too_many_fields_gives_back_its_other_lines() {
        let mut rows = open(b"a,b\n1,\"2\n3,4\n5,6\",7\n", &options());
        assert_eq!(rows.step().unwrap(), CsvStep::Bad);
        let bad = rows.bad();
        assert_eq!((bad.line, bad.raw.as_slice()), (2, b"1,\"2".as_slice()));
        assert_eq!(
            bad.reason,
            "3 fields where the header has 2; a field spans lines: is a quote left open?"
        );
        assert_eq!(rows.step().unwrap(), CsvStep::Record);
        assert_eq!((rows.origin().row, rows.row_text().line), (2, 3));
        assert_eq!(rows.record().value, br#"{"a":"3","b":"4"}"#);
    }
}
