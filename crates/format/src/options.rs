//! The options of an encoding: format, compression, columns, and where the records come from.

use std::{fmt, str::FromStr, sync::Arc};

use anyhow::{Result, bail, ensure};
use landing::Format;
use schema::{Classifier, TableSchema};

/// What a file of many records holds: a [`Format`] other than one object for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// The JSON of a record on each line.
    Jsonl,
    /// One line of comma separated values for each record: RFC 4180, except that a line ends in a
    /// line feed alone.
    Csv,
    /// Columns, for queries that read some of them.
    Parquet,
}

impl FileFormat {
    /// The files of a zone in this format; `None` for [`Format::Json`], one object for each record.
    #[must_use]
    pub const fn of(format: Format) -> Option<Self> {
        match format {
            Format::Json => None,
            Format::Jsonl => Some(Self::Jsonl),
            Format::Csv => Some(Self::Csv),
            Format::Parquet => Some(Self::Parquet),
        }
    }
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Jsonl => Self::Jsonl,
            FileFormat::Csv => Self::Csv,
            FileFormat::Parquet => Self::Parquet,
        }
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Format::from(*self).fmt(f)
    }
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Text only.
    Gzip,
    /// Text and Parquet.
    Zstd,
    /// Parquet only.
    Snappy,
}

/// Where the records come from, for the metadata of a Parquet file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSource {
    /// The Kafka topic.
    pub topic: String,
    /// Id of the landing zone.
    pub zone: String,
}

/// What a file should be. [`crate::encoding::Encoding::new`] says whether it can be.
#[derive(Clone, Debug)]
pub struct EncodingOptions {
    /// What a file holds.
    pub format: FileFormat,
    /// How it is compressed.
    pub compression: Compression,
    /// The compression level: 1 to 9 for gzip, 1 to 19 for zstd; 1 if `None`.
    pub level: Option<i32>,
    /// Whether the first line of a CSV file holds the names of the columns.
    pub csv_header: bool,
    /// Whether [`schema::METADATA_COLUMNS`] follow the columns of the record.
    pub metadata_columns: bool,
    /// The columns of CSV and Parquet; for JSON Lines those that each record must fit, if any.
    pub schema: Option<Arc<TableSchema>>,
    /// The rule by which the zone reads records.
    pub classifier: Classifier,
    /// Where the records come from.
    pub origin: RecordSource,
}

/// Level 1 for both: on this kind of data gzip 6 takes five times as long for a third fewer bytes,
/// and zstd 3 saves nothing.
const DEFAULT_LEVEL: i32 = 1;

impl EncodingOptions {
    /// The level that applies where the compression has levels.
    pub(crate) fn level(&self) -> i32 {
        self.level.unwrap_or(DEFAULT_LEVEL)
    }
}

pub(crate) fn check_compression(options: &EncodingOptions) -> Result<()> {
    let (format, compression) = (options.format, options.compression);
    let fitting = match format {
        FileFormat::Parquet => [Compression::None, Compression::Snappy, Compression::Zstd],
        FileFormat::Jsonl | FileFormat::Csv => {
            [Compression::None, Compression::Gzip, Compression::Zstd]
        }
    };
    let names: Vec<String> = fitting.iter().map(Compression::to_string).collect();
    ensure!(
        fitting.contains(&compression),
        "--format {format} goes with --compression {}, not {compression}",
        names.join(", ")
    );
    // Levels above 19 use windows of more than 8 MiB, which readers need not support (RFC 8878,
    // 3.1.1.1.2).
    let levels = match compression {
        Compression::Gzip => Some(1..=9),
        Compression::Zstd => Some(1..=19),
        Compression::None | Compression::Snappy => None,
    };
    match (options.level, levels) {
        (Some(_), None) => bail!("--compression {compression} has no levels"),
        (Some(level), Some(levels)) if !levels.contains(&level) => bail!(
            "the level of --compression {compression} is {} to {}, not {level}",
            levels.start(),
            levels.end()
        ),
        _ => Ok(()),
    }
}

impl Compression {
    /// All names, as [`FromStr`] takes them.
    pub const NAMES: [&str; 4] = ["none", "gzip", "zstd", "snappy"];
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
        })
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            "snappy" => Ok(Self::Snappy),
            _ => Err("must be none, gzip, zstd or snappy".to_owned()),
        }
    }
}
