//! The rows of one input: each record below the header with its number and line.
//!
//! Does not encode rows and does not choose a policy. A row number counts every row after the
//! header, good or bad, from 1.

use std::io::Read;

use super::{
    header::{CsvHeader, TableOptions, read_header},
    input::{self, CsvInput, InputWatch, SourceError},
    records::{CsvReader, CsvRecord, NextRecord},
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

/// A row that may become a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CsvRow<'a> {
    /// From 1, not counting the header.
    pub(crate) number: u64,
    pub(crate) record: CsvRecord<'a>,
}

/// A row that is not a record, with its line and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRow {
    pub(crate) line: u64,
    pub(crate) reason: String,
    pub(crate) raw: Vec<u8>,
}

/// Reads the rows of one input.
pub(crate) struct CsvRows {
    records: CsvReader<Box<dyn Read>>,
    options: TableOptions,
    number: u64,
}

impl CsvRows {
    /// Opens the input and reads its header.
    pub(crate) fn open(
        path: &std::path::Path,
        options: &TableOptions,
        watch: &InputWatch,
    ) -> Result<(CsvTable, Self), SourceError> {
        let CsvInput {
            name,
            short_name,
            reader,
        } = input::open(path, watch)?;
        let mut records = CsvReader::new(reader, options.dialect(), options.limit);
        let header = read_header(&mut records, options, &short_name);
        let rows = Self {
            records,
            options: options.clone(),
            number: 0,
        };
        let table = |header| CsvTable {
            name: name.clone(),
            source: short_name,
            header,
        };
        match header {
            Ok(Ok(header)) => Ok((table(header), rows)),
            Ok(Err(reason)) => Err(SourceError::NotCsv { name, reason }),
            Err(error) => Err(SourceError::Io {
                name,
                reason: error.to_string(),
            }),
        }
    }

    /// The next row; `None` at the end.
    pub(crate) fn next(&mut self) -> std::io::Result<Option<Result<CsvRow<'_>, BadRow>>> {
        self.number += 1;
        let options = &self.options;
        Ok(match self.records.next()? {
            NextRecord::End => None,
            NextRecord::Record(record) => Some(Ok(CsvRow {
                number: self.number,
                record,
            })),
            NextRecord::Spoiled { line, spoiled, raw } => Some(Err(BadRow {
                line,
                reason: options.described(spoiled, raw),
                raw: raw.to_vec(),
            })),
        })
    }

    /// Takes back the last row, whose number of fields is wrong. If a field of it spans lines, a
    /// quote was probably left open: then the row is given up only as far as the line with that
    /// quote, and the lines after it are read again.
    pub(crate) fn split(&mut self, bad: BadRow) -> BadRow {
        match self.records.split_last() {
            None => bad,
            Some(raw) => BadRow {
                reason: format!("{}; a field spans lines: is a quote left open?", bad.reason),
                raw: raw.to_vec(),
                ..bad
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::header::tests::options;

    fn open(text: &[u8], options: &TableOptions) -> Result<(CsvTable, CsvRows), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        match CsvRows::open(&path, options, &InputWatch::default()) {
            Ok(opened) => Ok(opened),
            Err(error) => Err(error
                .to_string()
                .replace(&path.display().to_string(), "FILE")),
        }
    }

    #[test]
    fn the_header_gives_key_and_date() {
        let (table, mut rows) = open(b"Date,Close,Ticker\n1,2,3\n", &options()).unwrap();
        assert_eq!(
            (table.header.key, table.header.date, table.source.as_str()),
            (Some(2), Some(0), "x.csv")
        );
        assert_eq!(rows.next().unwrap().unwrap().unwrap().number, 1);
        assert!(rows.next().unwrap().is_none());
        let (table, _) = open(
            b"Date,Close,Ticker\n",
            &TableOptions {
                key_column: Some("DATE".into()),
                ..options()
            },
        )
        .unwrap();
        assert_eq!(table.header.key, Some(0));
    }

    #[test]
    fn a_row_of_several_lines_with_too_many_fields_gives_back_its_other_lines() {
        let (_, mut rows) = open(b"a,b\n1,\"2\n3,4\n5,6\",7\n", &options()).unwrap();
        let row = rows.next().unwrap().unwrap().unwrap();
        let whole = BadRow {
            line: row.record.line,
            reason: "wrong".into(),
            raw: row.record.raw.to_vec(),
        };
        let bad = rows.split(whole);
        assert_eq!((bad.line, bad.raw.as_slice()), (2, b"1,\"2".as_slice()));
        let row = rows.next().unwrap().unwrap().unwrap();
        assert_eq!(
            (row.number, row.record.line, row.record.field(0)),
            (2, 3, Some(b"3".as_slice()))
        );
    }
}
