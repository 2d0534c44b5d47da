//! The bare encoders: what the compressor and the Parquet writer cost by themselves, on lines and
//! columns in memory.
//!
//! `main.rs` measures. Apart from statistics and checksums, the output is as large as ours.

use std::{io::Write, sync::Arc};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use format::options::{Compression, FileFormat};
use parquet::{
    basic::{Compression as Codec, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type},
    file::{
        properties::{WriterProperties, WriterPropertiesPtr},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};
use schema::{Cell, Classifier, RowReader, TableSchema};

/// Encodes the same file at each call.
pub(crate) type Bare = Box<dyn Fn() -> Result<Vec<u8>>>;

/// The double columns of the stock schema; a text column and a date column come before them.
const PRICES: [&str; 7] = [
    "open",
    "high",
    "low",
    "close",
    "adj_close",
    "volume",
    "close_usd",
];

/// The bare encoder of a format. `lines` are the finished lines of a text format.
pub(crate) fn bare(
    format: FileFormat,
    compression: Compression,
    lines: Vec<u8>,
    values: &[Vec<u8>],
) -> Result<Bare> {
    Ok(match (format, compression) {
        (FileFormat::Parquet, _) => return parquet(compression, BareColumns::of(values)?),
        (_, Compression::Gzip) => Box::new(move || {
            let level = flate2::Compression::new(1);
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(&lines)?;
            Ok(encoder.finish()?)
        }),
        (_, Compression::Zstd) => Box::new(move || {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1)?;
            encoder.write_all(&lines)?;
            Ok(encoder.finish()?)
        }),
        (_, Compression::None | Compression::Snappy) => Box::new(move || {
            let mut copy = Vec::new();
            let each = lines.split_inclusive(|byte| *byte == b'\n');
            each.for_each(|line| copy.extend_from_slice(line));
            Ok(copy)
        }),
    })
}

/// The records by column, none of them NULL.
#[derive(Default)]
struct BareColumns {
    texts: Vec<ByteArray>,
    days: Vec<i32>,
    prices: [Vec<f64>; PRICES.len()],
}

impl BareColumns {
    fn of(values: &[Vec<u8>]) -> Result<Self> {
        let mut columns = Self::default();
        let mut reader = RowReader::new(&TableSchema::stock(), Classifier::NEWEST);
        for value in values {
            let mut row = Vec::new();
            let read = reader.read(std::str::from_utf8(value)?, &mut row);
            ensure!(read.is_ok(), "{read:?}");
            let mut prices = columns.prices.iter_mut();
            for cell in row {
                match cell {
                    Cell::Text(text) => columns
                        .texts
                        .push(ByteArray::from(Bytes::from(text.into_owned()))),
                    Cell::Date(day) => columns.days.push(day),
                    Cell::Double(number) => {
                        prices.next().context("seven prices")?.push(number.to_f64())
                    }
                    cell => bail!("{cell:?} in a stock record"),
                }
            }
        }
        Ok(columns)
    }
}

fn properties(compression: Compression) -> Result<WriterPropertiesPtr> {
    let codec = match compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(1)?),
        Compression::Snappy => Codec::SNAPPY,
        Compression::None | Compression::Gzip => Codec::UNCOMPRESSED,
    };
    let properties = WriterProperties::builder().set_compression(codec);
    let properties = PRICES.iter().fold(properties, |properties, name| {
        properties.set_column_dictionary_enabled((*name).into(), false)
    });
    Ok(Arc::new(properties.build()))
}

fn parquet(compression: Compression, columns: BareColumns) -> Result<Bare> {
    let prices = PRICES
        .map(|name| format!("optional double {name};"))
        .concat();
    let message = format!(
        "message schema {{ optional binary index (STRING); optional int32 date (DATE); {prices} }}"
    );
    let schema = Arc::new(parse_message_type(&message)?);
    let properties = properties(compression)?;
    let levels = vec![1i16; columns.days.len()];
    Ok(Box::new(move || {
        let mut writer = SerializedFileWriter::new(Vec::new(), schema.clone(), properties.clone())?;
        let mut row_group = writer.next_row_group()?;
        for at in 0..PRICES.len() + 2 {
            let mut column = row_group.next_column()?.context("nine columns")?;
            match at {
                0 => column.typed::<ByteArrayType>().write_batch(
                    &columns.texts,
                    Some(&levels),
                    None,
                )?,
                1 => column
                    .typed::<Int32Type>()
                    .write_batch(&columns.days, Some(&levels), None)?,
                at => column.typed::<DoubleType>().write_batch(
                    &columns.prices[at - 2],
                    Some(&levels),
                    None,
                )?,
            };
            column.close()?;
        }
        row_group.close()?;
        Ok(writer.into_inner()?)
    }))
}
