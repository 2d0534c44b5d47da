//! `cargo bench -p consumer --bench encoders`: what the encoders cost on one core, against the bare encoder on data that is at hand.
//!
//! The records are those of the tutorial's file. Bare is, for text, the same compressor (or a copy) on the finished lines, and for
//! Parquet the same writer on finished columns: what the format costs by itself, without reading a record. No server is needed.
//! Invariant: both sides run in turns in this thread, on as many records to a file; each number is the least of its rounds.

use std::{
    hint::black_box,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use landing::{
    Offset, Record,
    partition_by::{DatePartition, Granularity},
    record::Headers,
    value,
};
use parquet::{
    basic::{Compression as Codec, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use schema::{Cell, FieldNames, RecordReader, RowEncoder, Schema, TableSchema};

use crate::source::format::{Compression, Encoding, EncodingOptions, Files, Format, Origin};

// The encoders are no part of the library's interface, so their file is taken in; `path` is that of the folder.
#[path = "../src"]
#[allow(dead_code, unused_imports, reason = "the bench uses a part of it")]
mod source {
    pub(crate) mod format;
}

const ROUNDS: usize = 15;
const RECORDS: usize = 50_000;

fn main() -> Result<()> {
    if !std::env::args().any(|argument| argument == "--bench") {
        eprintln!("this is a benchmark: run it with cargo bench -p consumer --bench encoders");
        return Ok(());
    }
    let values = values()?;
    println!(
        "{} records of {} bytes to a file, least of {ROUNDS} rounds, ns a record",
        values.len(),
        mean(&values)
    );
    println!(
        "{:<16}{:>8}{:>8}{:>8}{:>14}",
        "", "ours", "bare", "more", "bytes a record"
    );
    parts(&values);
    let date = DatePartition::from_text("2026-11-21", Granularity::Day).context("a date")?;
    for (format, compression) in cases() {
        let encoding = Encoding::new(options(format, compression))?;
        let bare = bare(format, compression, &values)?;
        let (mut ours_least, mut bare_least, mut size) = (Duration::MAX, Duration::MAX, 0);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            size = encode(&encoding, &date, &values)?.len();
            ours_least = ours_least.min(began.elapsed());
            let began = Instant::now();
            black_box(bare()?);
            bare_least = bare_least.min(began.elapsed());
        }
        let (ours, bare) = (each(ours_least, &values), each(bare_least, &values));
        let name = format!("{format} {compression}");
        println!(
            "{name:<16}{ours:>8.0}{bare:>8.0}{:>8.0}{:>14}",
            ours - bare,
            size / values.len()
        );
    }
    Ok(())
}

/// What each record costs before a format sees it.
fn parts(values: &[Vec<u8>]) {
    let least = |work: &mut dyn FnMut(&[u8])| {
        let round = |_| {
            let began = Instant::now();
            values.iter().for_each(|value| work(value));
            began.elapsed()
        };
        each((0..ROUNDS).map(round).min().unwrap_or_default(), values)
    };
    let check = least(&mut |value| drop(black_box(value::check_object(value, None))));
    println!(
        "{:<16}{check:>8.0}  is not part of the others: the caller checks",
        "check"
    );
    let mut reader = RecordReader::new(&TableSchema::stock());
    let read = least(&mut |value| {
        let mut row: Vec<Cell<'_>> = Vec::new();
        let text = std::str::from_utf8(value).unwrap_or_default();
        black_box(reader.read(text, &mut row)).ok();
        black_box(&row);
    });
    println!(
        "{:<16}{read:>8.0}  is part of csv and parquet",
        "read a row"
    );
}

fn cases() -> [(Format, Compression); 9] {
    let text = |format| {
        [Compression::None, Compression::Gzip, Compression::Zstd].map(|with| (format, with))
    };
    let [a, b, c] = text(Format::Jsonl);
    let [d, e, f] = text(Format::Csv);
    let [g, h, i] = [Compression::None, Compression::Snappy, Compression::Zstd]
        .map(|with| (Format::Parquet, with));
    [a, b, c, d, e, f, g, h, i]
}

fn options(format: Format, compression: Compression) -> EncodingOptions {
    EncodingOptions {
        format,
        compression,
        level: None,
        csv_header: false,
        metadata_columns: false,
        schema: (format != Format::Jsonl).then(|| Arc::new(TableSchema::stock())),
        origin: Origin {
            topic: "bench".to_owned(),
            zone: "bench".to_owned(),
        },
    }
}

/// The JSON that the producer makes of the first rows.
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

fn encode(encoding: &Encoding, date: &DatePartition, values: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut files = Files::new(encoding, 0, Offset(0));
    for (offset, value) in (0..).zip(values) {
        let record = Record {
            partition: 0,
            offset: Offset(offset),
            timestamp: Some(0),
            key: None,
            value: Some(value),
            headers: Headers::default(),
        };
        let refused = files.write(date, &record).err();
        ensure!(refused.is_none(), "{refused:?}");
    }
    let file = files.finish(Offset(RECORDS as i64))?.pop();
    Ok(file.context("no file")?.bytes)
}

type Bare = Box<dyn Fn() -> Result<Vec<u8>>>;

fn bare(format: Format, compression: Compression, values: &[Vec<u8>]) -> Result<Bare> {
    if format == Format::Parquet {
        return bare_parquet(compression, values);
    }
    let plain = Encoding::new(options(format, Compression::None))?;
    let date = DatePartition::from_text("2026-11-21", Granularity::Day).context("a date")?;
    let lines = encode(&plain, &date, values)?;
    Ok(match compression {
        Compression::Gzip => Box::new(move || {
            let level = flate2::Compression::new(1);
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(&lines)?;
            Ok(encoder.finish()?)
        }),
        Compression::Zstd => Box::new(move || {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1)?;
            encoder.write_all(&lines)?;
            Ok(encoder.finish()?)
        }),
        Compression::None | Compression::Snappy => Box::new(move || {
            let mut copy = Vec::new();
            lines
                .split_inclusive(|byte| *byte == b'\n')
                .for_each(|line| copy.extend_from_slice(line));
            Ok(copy)
        }),
    })
}

/// The columns of the stock schema, and nothing NULL.
fn bare_parquet(compression: Compression, values: &[Vec<u8>]) -> Result<Bare> {
    let (mut texts, mut days, mut doubles) = (Vec::new(), Vec::new(), vec![Vec::new(); 7]);
    let mut reader = RecordReader::new(&TableSchema::stock());
    for value in values {
        let mut row = Vec::new();
        let read = reader.read(std::str::from_utf8(value)?, &mut row);
        ensure!(read.is_ok(), "{read:?}");
        let mut prices = doubles.iter_mut();
        for cell in row {
            match cell {
                Cell::Text(text) => texts.push(ByteArray::from(Bytes::from(text.into_owned()))),
                Cell::Date(day) => days.push(day),
                Cell::Double(number) => {
                    prices.next().context("seven prices")?.push(number.to_f64())
                }
                cell => anyhow::bail!("{cell:?} in a stock record"),
            }
        }
    }
    let names = [
        "open",
        "high",
        "low",
        "close",
        "adj_close",
        "volume",
        "close_usd",
    ];
    let prices: String = names
        .map(|name| format!("optional double {name};"))
        .concat();
    let message = format!(
        "message schema {{ optional binary index (STRING); optional int32 date (DATE); {prices} }}"
    );
    let schema = Arc::new(parse_message_type(&message)?);
    let codec = match compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(1)?),
        Compression::Snappy => Codec::SNAPPY,
        Compression::None | Compression::Gzip => Codec::UNCOMPRESSED,
    };
    let properties = names
        .into_iter()
        .fold(WriterProperties::builder(), |properties, name| {
            properties.set_column_dictionary_enabled(name.into(), false)
        });
    let properties = Arc::new(properties.set_compression(codec).build());
    let levels = vec![1i16; values.len()];
    Ok(Box::new(move || {
        let mut writer = SerializedFileWriter::new(Vec::new(), schema.clone(), properties.clone())?;
        let mut row_group = writer.next_row_group()?;
        let mut at = 0;
        while let Some(mut column) = row_group.next_column()? {
            match at {
                0 => column
                    .typed::<ByteArrayType>()
                    .write_batch(&texts, Some(&levels), None)?,
                1 => column
                    .typed::<Int32Type>()
                    .write_batch(&days, Some(&levels), None)?,
                at => column.typed::<DoubleType>().write_batch(
                    &doubles[at - 2],
                    Some(&levels),
                    None,
                )?,
            };
            column.close()?;
            at += 1;
        }
        row_group.close()?;
        Ok(writer.into_inner()?)
    }))
}

fn each(duration: Duration, values: &[Vec<u8>]) -> f64 {
    duration.as_nanos() as f64 / values.len() as f64
}

fn mean(values: &[Vec<u8>]) -> usize {
    values.iter().map(Vec::len).sum::<usize>() / values.len().max(1)
}
