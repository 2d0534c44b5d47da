//! `cargo bench -p consumer --bench encoders`: what the encoders cost on one core, against the bare
//! encoder on data in memory.
//!
//! The records are those of the tutorial's file. For text, the bare encoder is the same compressor
//! (or a copy) on the finished lines; for Parquet it is the same writer on finished columns: what
//! the format costs by itself, without reading a record. No server is needed. The sides take turns
//! on this thread, with the same number of records per file. The thread's own CPU time counts, so
//! other programs hardly disturb it.

mod bare;
mod ours;

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use bench::{program, usage::thread_nanoseconds};
use format::{
    encoding::Encoding,
    options::{Compression, FileFormat},
};
use landing::{
    partition_by::{DatePartition, PartitionBy},
    value::{ValueRule, checker::Checker},
};
use schema::{Cell, Classifier, FieldNames, RowEncoder, RowReader, Schema, TableSchema};

use crate::{
    bare::bare,
    ours::{encode, lines, options},
};

const ROUNDS: usize = 20;
const RECORDS: usize = 50_000;

fn main() -> Result<()> {
    if !program::is_meant("cargo bench -p consumer --bench encoders") {
        return Ok(());
    }
    let values = values()?;
    println!(
        "{} records of {} bytes to a file, ns CPU a record in {ROUNDS} rounds",
        values.len(),
        values.concat().len() / values.len()
    );
    println!(
        "{:<16}{:>8}{:>8}{:>8}{:>14}",
        "", "ours", "bare", "more", "bytes a record"
    );
    parts(&values)?;
    let date = DatePartition::from_folder("2026-11-21").context("a date")?;
    for (format, compression) in cases() {
        let encoding = Encoding::new(options(format, compression))?;
        let bare = bare(format, compression, lines(format, &values, &date)?, &values)?;
        let (mut ours, mut least, mut size) = (ThreadMeter::default(), ThreadMeter::default(), 0);
        for _ in 0..ROUNDS {
            size = ours.measure(|| Ok(encode(&encoding, &date, &values)?.len()))?;
            least.measure(|| Ok(black_box(bare()?.len())))?;
        }
        let (ours, bare) = (ours.each(&values), least.each(&values));
        let name = format!("{format} {compression}");
        let (more, size) = (ours - bare, size / values.len());
        println!("{name:<16}{ours:>8.0}{bare:>8.0}{more:>8.0}{size:>16}");
    }
    Ok(())
}

/// Measures what each record costs before a format sees it.
fn parts(values: &[Vec<u8>]) -> Result<()> {
    let mut reader = RowReader::new(&TableSchema::stock(), Classifier::NEWEST);
    let rule = ValueRule::new(Classifier::NEWEST, &PartitionBy::Timestamp);
    let (mut check, mut read) = (ThreadMeter::default(), ThreadMeter::default());
    for _ in 0..ROUNDS {
        check.measure(|| {
            let mut checker = Checker::new(rule.clone());
            let mut check = |value: &Vec<u8>| black_box(checker.check(value)).is_ok();
            Ok(values.iter().filter(|value| check(value)).count())
        })?;
        read.measure(|| {
            let mut row: Vec<Cell<'_>> = Vec::new();
            for value in values {
                let read = reader.read(std::str::from_utf8(value)?, &mut row);
                ensure!(read.is_ok(), "{read:?}");
                black_box(&row);
            }
            Ok(values.len())
        })?;
    }
    let (check, read) = (check.each(values), read.each(values));
    println!(
        "{:<16}{check:>8.0}  is not part of the others: the caller checks",
        "check"
    );
    println!(
        "{:<16}{read:>8.0}  is part of csv and parquet",
        "read a row"
    );
    Ok(())
}

/// CPU time of this thread.
#[derive(Default)]
struct ThreadMeter {
    nanoseconds: u64,
}

impl ThreadMeter {
    fn measure(&mut self, work: impl FnOnce() -> Result<usize>) -> Result<usize> {
        let before = thread_nanoseconds()?;
        let result = work();
        self.nanoseconds += thread_nanoseconds()? - before;
        result
    }

    fn each(&self, values: &[Vec<u8>]) -> f64 {
        self.nanoseconds as f64 / (ROUNDS * values.len()) as f64
    }
}

fn cases() -> impl Iterator<Item = (FileFormat, Compression)> {
    let text = [Compression::None, Compression::Gzip, Compression::Zstd];
    let parquet = [Compression::None, Compression::Snappy, Compression::Zstd];
    let each = [
        (FileFormat::Jsonl, text),
        (FileFormat::Csv, text),
        (FileFormat::Parquet, parquet),
    ];
    each.into_iter()
        .flat_map(|(format, with)| with.map(|compression| (format, compression)))
}

/// The JSON that the producer makes from the first rows.
fn values() -> Result<Vec<Vec<u8>>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/indexProcessed.csv");
    let text = std::fs::read_to_string(path).context("the data file cannot be read")?;
    let encoder = RowEncoder::new(&Schema::stock(FieldNames::Original));
    let value = |line: &str| {
        let cells: Vec<&[u8]> = line.split(',').map(str::as_bytes).collect();
        let mut value = Vec::new();
        encoder.append_row(cells.into_iter(), &mut value)?;
        Ok(value)
    };
    let values: Vec<Vec<u8>> = text
        .lines()
        .skip(1)
        .take(RECORDS)
        .map(value)
        .collect::<Result<_>>()?;
    ensure!(values.len() == RECORDS, "the data file has too few rows");
    Ok(values)
}
