//! The flags of the batched layouts: what files are like, and when a batch is closed.
//!
//! `plan.rs` checks which combinations make sense. Without any of these flags a run lands one
//! object per record.

use std::{path::PathBuf, time::Duration};

use clap::{
    Args,
    builder::{BoolishValueParser, PossibleValue},
};
use cli::values::{one_of, parse_duration, parse_size};
use format::options::Compression;
use landing::Format;

/// Files and their limits.
#[derive(Args, Clone, Debug)]
pub struct BatchingArgs {
    /// One object per record (`json`), or batches: JSON Lines, CSV or Parquet. A zone keeps its
    /// format
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "json",
        value_parser = one_of::<Format>(formats()),
        env = "CONSUMER_FORMAT",
        help_heading = "Layout"
    )]
    pub format: Format,

    /// Compression of batches: none, gzip or zstd; for Parquet none, snappy or zstd [default: gzip;
    /// zstd for Parquet]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = one_of::<Compression>(Compression::NAMES),
        env = "CONSUMER_COMPRESSION",
        help_heading = "Layout"
    )]
    pub compression: Option<Compression>,

    /// Level of gzip (1-9) or zstd (1-19) [default: 1]
    #[arg(
        long,
        value_name = "N",
        env = "CONSUMER_COMPRESSION_LEVEL",
        help_heading = "Layout"
    )]
    pub compression_level: Option<i32>,

    /// Begin each CSV file with the column names
    #[arg(
        long,
        env = "CONSUMER_CSV_HEADER",
        value_parser = BoolishValueParser::new(),
        help_heading = "Layout"
    )]
    pub csv_header: bool,

    /// Add Kafka's key, partition, offset, timestamp and headers as columns
    #[arg(
        long,
        env = "CONSUMER_WITH_METADATA",
        value_parser = BoolishValueParser::new(),
        help_heading = "Layout"
    )]
    pub with_metadata: bool,

    /// YAML file with the columns of CSV and Parquet, or of --check-columns [default: those of
    /// stock records]
    #[arg(
        long,
        value_name = "FILE",
        env = "CONSUMER_SCHEMA",
        help_heading = "Layout"
    )]
    pub schema: Option<PathBuf>,

    /// JSON and JSON Lines: a record that does not fit the columns becomes a dead letter, as it
    /// does in CSV and Parquet; the others keep their bytes
    #[arg(
        long,
        env = "CONSUMER_CHECK_COLUMNS",
        value_parser = BoolishValueParser::new(),
        help_heading = "Layout"
    )]
    pub check_columns: bool,

    /// Close a batch at so many records
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u64).range(1..),
        env = "CONSUMER_MAX_RECORDS",
        help_heading = "Batches"
    )]
    pub max_records: u64,

    /// Close a batch at about so many bytes of output
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "16MiB",
        value_parser = parse_size,
        env = "CONSUMER_MAX_BYTES",
        help_heading = "Batches"
    )]
    pub max_bytes: usize,

    /// Close a batch so long after its first record
    #[arg(
        long,
        value_name = "TIME",
        default_value = "5m",
        value_parser = parse_duration,
        env = "CONSUMER_MAX_AGE",
        help_heading = "Batches"
    )]
    pub max_age: Duration,

    /// Close a batch when nothing came for so long
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        value_parser = parse_duration,
        env = "CONSUMER_MAX_IDLE",
        help_heading = "Batches"
    )]
    pub max_idle: Duration,
}

/// The names of the formats, each with its help.
fn formats() -> [PossibleValue; 4] {
    Format::ALL.map(|format| {
        let help = match format {
            Format::Json => "One object per record",
            Format::Jsonl => "Batches of JSON Lines",
            Format::Csv => "Batches of CSV",
            Format::Parquet => "Batches of Parquet",
        };
        PossibleValue::new(format.as_str()).help(help)
    })
}
