//! The rows of one input: its header as a schema, then each record with its number and line.
//!
//! Does not encode rows and does not choose a policy. A row number counts every row after the
//! header, good or bad, from 1.

use std::io::Read;

use schema::{FieldNames, Schema, TypedColumn};

use super::{
    input::{self, CsvInput, InputWatch, SourceError},
    records::{CsvReader, CsvRecord, NextRecord, Spoiled},
};

/// How inputs are read.
#[derive(Debug, Clone)]
pub(crate) struct TableOptions {
    pub(crate) delimiter: u8,
    pub(crate) columns: Vec<TypedColumn>,
    pub(crate) names: FieldNames,
    pub(crate) key_column: Option<String>,
    /// The largest row, in bytes.
    pub(crate) limit: usize,
}

/// One input: its names and its header.
#[derive(Debug)]
pub(crate) struct CsvTable {
    /// The input's name for messages.
    pub(crate) name: String,
    /// The input's name for the `source` header.
    pub(crate) short_name: String,
    pub(crate) header: CsvHeader,
}

/// What a header says about the rows below it.
#[derive(Debug)]
pub(crate) struct CsvHeader {
    /// The header line as it is in the input.
    pub(crate) raw: Vec<u8>,
    pub(crate) schema: Schema,
    /// The column of the record key.
    pub(crate) key: Option<usize>,
    /// The column of the event time.
    pub(crate) date: Option<usize>,
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
    limit: usize,
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
        let mut records = CsvReader::new(reader, options.delimiter, options.limit);
        let header = match records.next() {
            Ok(first) => read_header(&first, options),
            Err(error) => {
                return Err(SourceError::Io {
                    name,
                    reason: error.to_string(),
                });
            }
        };
        let rows = Self {
            records,
            limit: options.limit,
            number: 0,
        };
        match header {
            Ok(header) => Ok((
                CsvTable {
                    name,
                    short_name,
                    header,
                },
                rows,
            )),
            Err(reason) => Err(SourceError::NotCsv { name, reason }),
        }
    }

    /// The next row; `None` at the end.
    pub(crate) fn next(&mut self) -> std::io::Result<Option<Result<CsvRow<'_>, BadRow>>> {
        self.number += 1;
        let limit = self.limit;
        Ok(match self.records.next()? {
            NextRecord::End => None,
            NextRecord::Record(record) => Some(Ok(CsvRow {
                number: self.number,
                record,
            })),
            NextRecord::Spoiled { line, spoiled, raw } => Some(Err(BadRow {
                line,
                reason: described(spoiled, limit),
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

/// What is wrong with lines that are no record.
fn described(spoiled: Spoiled, limit: usize) -> String {
    match spoiled {
        Spoiled::TooLong => format!("longer than {limit} bytes"),
        Spoiled::OpenWithinLimit => format!("a quote is not closed within {limit} bytes"),
        Spoiled::OpenAtEnd => "a quote is not closed".to_owned(),
        Spoiled::TextAfterQuote { spans_lines: false } => "text after a closing quote".to_owned(),
        Spoiled::TextAfterQuote { spans_lines: true } => {
            "a quote is not closed: text follows the next one, on a later line".to_owned()
        }
    }
}

fn read_header(first: &NextRecord<'_>, options: &TableOptions) -> Result<CsvHeader, String> {
    let record = match first {
        NextRecord::Record(record) => record,
        NextRecord::Spoiled {
            spoiled: Spoiled::TooLong,
            ..
        } => return Err(format!("has no header line within {} bytes", options.limit)),
        NextRecord::Spoiled { line, spoiled, .. } => {
            let reason = described(*spoiled, options.limit);
            return Err(format!("line {line}: the header cannot be read: {reason}"));
        }
        NextRecord::End => return Err("is empty: it has no header line".to_owned()),
    };
    let decoded: Result<Vec<&str>, _> = record.fields().map(std::str::from_utf8).collect();
    let names =
        decoded.map_err(|_| "has a header that is not valid UTF-8; save the file as UTF-8")?;
    if let ([only], Some(found)) = (names.as_slice(), other_delimiter(&names, options.delimiter)) {
        let shown: String = only.chars().take(60).collect();
        return Err(format!(
            "has one column, {shown:?}: its fields seem to be separated by {found}; add --delimiter {found}"
        ));
    }
    let schema = Schema::from_header(names.iter().copied(), &options.columns, options.names)
        .map_err(|error| format!("line {}: {error}", record.line))?;
    let key = match &options.key_column {
        None => schema.symbol(),
        Some(name) => Some(
            schema
                .position(name)
                .ok_or_else(|| format!("has no --key-column: {}", schema.unknown(name)))?,
        ),
    };
    let date = schema.date();
    Ok(CsvHeader {
        raw: record.raw.to_vec(),
        schema,
        key,
        date,
    })
}

/// A usual delimiter in a header that looks like one column, as `--delimiter` takes it.
fn other_delimiter(names: &[&str], delimiter: u8) -> Option<&'static str> {
    let usual = [(b',', "','"), (b';', "';'"), (b'\t', "tab"), (b'|', "'|'")];
    let found = usual.iter().find(|(byte, _)| {
        *byte != delimiter && names.iter().any(|name| name.as_bytes().contains(byte))
    });
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> TableOptions {
        TableOptions {
            delimiter: b',',
            columns: Vec::new(),
            names: FieldNames::Original,
            key_column: None,
            limit: 1000,
        }
    }

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
            (
                table.header.key,
                table.header.date,
                table.short_name.as_str()
            ),
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
    fn headers_that_cannot_be_right_are_refused_with_the_fix() {
        let message = |text: &[u8], options: &TableOptions| open(text, options).err().unwrap();
        assert_eq!(
            message(b"", &options()),
            "FILE is empty: it has no header line"
        );
        assert_eq!(
            message(b"\n\r\n", &options()),
            "FILE is empty: it has no header line"
        );
        let other = "FILE has one column, \"Index;Date\": its fields seem to be separated by ';'; add --delimiter ';'";
        assert_eq!(message(b"Index;Date\na;b\n", &options()), other);
        assert!(
            message(
                b"a,b\n",
                &TableOptions {
                    delimiter: b'\t',
                    ..options()
                }
            )
            .contains("add --delimiter ','")
        );
        assert!(message(b"a,\xff\n", &options()).contains("not valid UTF-8"));
        assert!(message(b"a,a\n", &options()).contains("line 1: column \"a\" appears twice"));
        assert!(message(&[b'x'; 5000], &options()).contains("no header line within 1000 bytes"));
        let missing = message(
            b"a,b\n",
            &TableOptions {
                key_column: Some("Symbol".into()),
                ..options()
            },
        );
        assert_eq!(
            missing,
            "FILE has no --key-column: column \"Symbol\" is not in the header, which has a, b"
        );
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

    #[test]
    fn a_header_with_a_quote_left_open_is_refused() {
        for (text, reason) in [
            (b"a,\"b\n1,2\n".as_slice(), "a quote is not closed"),
            (
                b"a,\"b\n1,\"2\"\n",
                "a quote is not closed: text follows the next one, on a later line",
            ),
            (b"a,\"b\"c\n1,2\n", "text after a closing quote"),
        ] {
            assert_eq!(
                open(text, &options()).err().unwrap(),
                format!("FILE line 1: the header cannot be read: {reason}")
            );
        }
    }
}
