//! Our encoder, on records in memory.
//!
//! `main.rs` measures. No record may be refused, so a file holds all of them.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use format::{
    encoding::Encoding,
    files::Files,
    options::{Compression, EncodingOptions, FileFormat, RecordSource},
};
use landing::{Offset, Partition, Place, Record, partition_by::DatePartition, record::Headers};
use schema::{Classifier, TableSchema};

/// The defaults of the program.
pub(crate) fn options(format: FileFormat, compression: Compression) -> EncodingOptions {
    EncodingOptions {
        format,
        compression,
        level: None,
        csv_header: false,
        metadata_columns: false,
        schema: (format != FileFormat::Jsonl).then(|| Arc::new(TableSchema::stock())),
        classifier: Classifier::NEWEST,
        origin: RecordSource {
            topic: "bench".to_owned(),
            zone: "bench".to_owned(),
        },
    }
}

/// Encodes all values into one file.
pub(crate) fn encode(
    encoding: &Encoding,
    date: &DatePartition,
    values: &[Vec<u8>],
) -> Result<Vec<u8>> {
    let mut files = Files::new(encoding, Place::new(Partition(0), Offset(0)));
    for (offset, value) in (0..).zip(values) {
        let record = Record {
            partition: Partition(0),
            offset: Offset(offset),
            timestamp: Some(0),
            key: None,
            value: Some(value),
            headers: Headers::default(),
        };
        let refused = files.write(date, &record).err();
        ensure!(refused.is_none(), "{refused:?}");
    }
    let file = files.finish(Offset(values.len() as i64))?.pop();
    Ok(file.context("no file")?.bytes)
}

/// The finished lines of a text format; empty for Parquet.
pub(crate) fn lines(
    format: FileFormat,
    values: &[Vec<u8>],
    date: &DatePartition,
) -> Result<Vec<u8>> {
    if format == FileFormat::Parquet {
        return Ok(Vec::new());
    }
    encode(
        &Encoding::new(options(format, Compression::None))?,
        date,
        values,
    )
}
