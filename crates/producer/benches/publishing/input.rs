//! The inputs: the rows of the data file, repeated, as a CSV file, and the same rows as ready
//! records for a loop that reads no CSV.
//!
//! Writing them is not measured. Line `n` of the ready records is what row `n` of the CSV becomes.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use schema::{FieldNames, RowEncoder, STOCK_HEADER, Schema};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/indexProcessed.csv");
const CSV: &str = "stocks.csv";

/// Two files with the same rows.
pub(crate) struct BenchInput {
    pub(crate) csv: PathBuf,
    pub(crate) ready: PathBuf,
    pub(crate) rows: u64,
    /// The mean size of a record's value.
    pub(crate) value_bytes: f64,
}

impl BenchInput {
    /// Writes this many rows into a folder, over those of an earlier call.
    pub(crate) fn write(folder: &Path, rows: u64) -> Result<Self> {
        let (csv, ready) = (folder.join(CSV), folder.join("records"));
        let text = std::fs::read_to_string(DATA).context("the data file cannot be read")?;
        let (header, body) = text.split_once('\n').context("no header")?;
        let mut csv_out = BufWriter::new(File::create(&csv)?);
        let mut ready_out = BufWriter::new(File::create(&ready)?);
        writeln!(csv_out, "{header}")?;
        let schema = Schema::from_header(STOCK_HEADER, &[], FieldNames::Original)?;
        let encoder = RowEncoder::new(&schema);
        let (mut value, mut value_bytes) = (Vec::new(), 0);
        for (number, row) in (1..=rows).zip(body.lines().cycle()) {
            writeln!(csv_out, "{row}")?;
            // The data file has no quotes: a cell is what stands between two commas.
            let cells: Vec<&[u8]> = row.split(',').map(str::as_bytes).collect();
            value.clear();
            encoder.append_row(cells.iter().copied(), &mut value)?;
            value_bytes += value.len();
            for part in [
                cells[0],
                CSV.as_bytes(),
                number.to_string().as_bytes(),
                cells[1],
            ] {
                ready_out.write_all(part)?;
                ready_out.write_all(b"\t")?;
            }
            ready_out.write_all(&value)?;
            ready_out.write_all(b"\n")?;
        }
        csv_out.flush()?;
        ready_out.flush()?;
        Ok(Self {
            csv,
            ready,
            rows,
            value_bytes: value_bytes as f64 / rows as f64,
        })
    }
}

/// A ready record, borrowed from its line.
pub(crate) struct ReadyRecord<'a> {
    pub(crate) key: &'a [u8],
    /// Names and values of the headers.
    pub(crate) headers: [(&'static str, &'a [u8]); 3],
    pub(crate) value: &'a [u8],
}

/// Reads ready records one after the other; memory does not grow with their number.
pub(crate) struct ReadyRecords {
    from: BufReader<File>,
    line: Vec<u8>,
}

impl ReadyRecords {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            from: BufReader::with_capacity(64 * 1024, File::open(path)?),
            line: Vec::new(),
        })
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<ReadyRecord<'_>>> {
        self.line.clear();
        if self.from.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        let mut parts = self.line.trim_ascii_end().splitn(5, |&byte| byte == b'\t');
        let mut part = || parts.next().context("a line is no record");
        Ok(Some(ReadyRecord {
            key: part()?,
            headers: [
                ("source", part()?),
                ("row", part()?),
                ("event-time", part()?),
            ],
            value: part()?,
        }))
    }
}
