//! How large the files of each layout become: as the flags say, as a sample of the topic shows, or
//! as stock records do.

use std::sync::Arc;

use anyhow::Result;
use cost::{
    estimate::footer,
    stream::{BatchedFiles, usual_ratio},
};
use format::{
    encoding::Encoding,
    files::Files,
    options::{Compression, EncodingOptions, FileFormat, RecordSource},
};
use landing::{
    Format, Offset, Partition, Place,
    arena::RecordArena,
    partition_by::{DatePartition, Granularity},
    value::check_json,
};
use schema::{Classifier, TableSchema};

use crate::{args::BatchingArgs, plan};

/// The layouts that stand beside the one that is asked for: each format with its default, and
/// JSON Lines with the other.
const BESIDES: [(FileFormat, Compression); 4] = [
    (FileFormat::Jsonl, Compression::Gzip),
    (FileFormat::Jsonl, Compression::Zstd),
    (FileFormat::Csv, Compression::Gzip),
    (FileFormat::Parquet, Compression::Zstd),
];

/// The encodings of the table.
pub(super) struct LayoutFiles {
    encodings: Vec<(FileFormat, Compression, Encoding)>,
}

impl LayoutFiles {
    /// The files that the flags ask for, if any, and those beside them.
    ///
    /// # Errors
    /// Which of the flags do not go together.
    pub(super) fn new(wanted: &BatchingArgs) -> Result<Self> {
        plan::check_files(wanted)?;
        let columns = plan::table_schema(wanted)?;
        let stock = columns
            .clone()
            .unwrap_or_else(|| Arc::new(TableSchema::stock()));
        let asked = FileFormat::of(wanted.format).map(|format| (format, plan::compression(wanted)));
        let mut kinds = BESIDES.to_vec();
        kinds.extend(asked.filter(|asked| !BESIDES.contains(asked)));
        let encoding = |(format, compression)| {
            let is_asked = asked == Some((format, compression));
            let encoding = Encoding::new(EncodingOptions {
                format,
                compression,
                level: wanted.compression_level.filter(|_| is_asked),
                csv_header: wanted.csv_header && is_asked,
                metadata_columns: wanted.with_metadata && is_asked,
                schema: match format {
                    FileFormat::Jsonl => columns.clone().filter(|_| is_asked),
                    FileFormat::Csv | FileFormat::Parquet => Some(stock.clone()),
                },
                classifier: Classifier::NEWEST,
                origin: RecordSource {
                    topic: String::new(),
                    zone: String::new(),
                },
            })?;
            Ok((format, compression, encoding))
        };
        Ok(Self {
            encodings: kinds.into_iter().map(encoding).collect::<Result<_>>()?,
        })
    }

    /// The files as stock records make them.
    pub(super) fn usual(&self) -> Vec<BatchedFiles> {
        self.with(|format, compression, _| usual_ratio(format.into(), &compression.to_string()))
    }

    /// The files as these records make them. Where most records do not fit the columns, stock
    /// records stand in, and a warning says so.
    pub(super) fn of_sample(&self, sample: &[RecordArena]) -> Vec<BatchedFiles> {
        self.with(|format, compression, encoding| {
            let measured = measured_ratio(encoding, format.into(), sample);
            measured.unwrap_or_else(|problem| {
                tracing::warn!("--format {format}: {problem}; its size is that of stock records");
                usual_ratio(format.into(), &compression.to_string())
            })
        })
    }

    fn with(&self, ratio: impl Fn(FileFormat, Compression, &Encoding) -> f64) -> Vec<BatchedFiles> {
        let files = self.encodings.iter();
        let files = files.map(|(format, compression, encoding)| BatchedFiles {
            format: (*format).into(),
            compression: compression.to_string(),
            ratio: ratio(*format, *compression, encoding),
        });
        files.collect()
    }
}

/// Bytes of a file for a byte of its records, without what each file has besides.
fn measured_ratio(
    encoding: &Encoding,
    format: Format,
    sample: &[RecordArena],
) -> Result<f64, String> {
    // Which date they have does not matter.
    let date = DatePartition::from_timestamp(0, Granularity::Day).ok_or("no date")?;
    let mut files = Files::new(encoding, Place::new(Partition(0), Offset(0)));
    let (mut records, mut fitting, mut bytes) = (0_usize, 0_usize, 0_usize);
    for record in sample.iter().flat_map(RecordArena::records) {
        let Some(value) = record.value else { continue };
        records += 1;
        if check_json(value).is_ok() && files.write(&date, &record).is_ok() {
            fitting += 1;
            bytes += value.len();
        }
    }
    if fitting == 0 || fitting * 2 < records {
        return Err(format!(
            "{} of {records} records do not fit the columns (give --schema)",
            records - fitting
        ));
    }
    let files = files.finish_copy().map_err(|error| format!("{error:#}"))?;
    let output: usize = files.iter().map(|file| file.bytes.len()).sum();
    let of_records = output as f64 - footer(format);
    Ok((of_records / bytes as f64).max(0.001))
}
