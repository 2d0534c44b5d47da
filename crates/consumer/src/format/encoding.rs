//! How records become files: what can be asked for, and what it comes to.
//!
//! Not here: the bytes (one module for each format). Invariant: an [`Encoding`] is one that works;
//! nonsense is refused when it is made.

use std::{fmt, str::FromStr, sync::Arc};

use anyhow::{Result, bail, ensure};
use schema::TableSchema;

use super::parquet::ParquetShape;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The JSON of a record on each line.
    Jsonl,
    /// One line of comma separated values for each record, RFC 4180 but for the line end, which is
    /// a line feed alone.
    Csv,
    /// Columns, for queries that read some of them.
    Parquet,
}

/// How the bytes of a file are made fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
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
pub(crate) struct Origin {
    /// The Kafka topic.
    pub(crate) topic: String,
    /// Id of the landing zone.
    pub(crate) zone: String,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct EncodingOptions {
    /// What a file holds.
    pub(crate) format: Format,
    /// How it is compressed.
    pub(crate) compression: Compression,
    /// How hard it is compressed: 1 to 9 for gzip, 1 to 19 for zstd; 1 where nothing is said.
    pub(crate) level: Option<i32>,
    /// Whether the first line of a CSV file holds the names of the columns.
    pub(crate) csv_header: bool,
    /// Whether [`schema::METADATA_COLUMNS`] follow the columns of the record.
    pub(crate) metadata_columns: bool,
    /// The columns of CSV and Parquet; JSON Lines has none.
    pub(crate) schema: Option<Arc<TableSchema>>,
    /// Where the records come from.
    pub(crate) origin: Origin,
}

/// An encoding that works, with what can be prepared once for all files.
#[derive(Debug)]
pub(crate) struct Encoding {
    options: EncodingOptions,
    layout: Layout,
}

/// What a format needs besides the options.
#[derive(Debug)]
pub(super) enum Layout {
    Jsonl,
    Csv(Arc<TableSchema>),
    Parquet(Arc<TableSchema>, ParquetShape),
}

/// Level 1 of both: on this kind of data gzip 6 takes five times as long for a third fewer bytes,
/// and zstd 3 saves nothing.
const DEFAULT_LEVEL: i32 = 1;

impl Encoding {
    /// Checks what is asked for, and prepares it.
    ///
    /// # Errors
    /// What does not go together, with the flags that say it.
    pub(crate) fn new(options: EncodingOptions) -> Result<Self> {
        check_compression(&options)?;
        let is_csv = options.format == Format::Csv;
        ensure!(
            is_csv || !options.csv_header,
            "--csv-header is for --format csv, not {}",
            options.format
        );
        let layout = Layout::of(&options)?;
        Ok(Self { options, layout })
    }

    /// What was asked for.
    pub(crate) fn options(&self) -> &EncodingOptions {
        &self.options
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl EncodingOptions {
    /// The level that applies where the compression has levels.
    pub(super) fn level(&self) -> i32 {
        self.level.unwrap_or(DEFAULT_LEVEL)
    }
}

impl Layout {
    fn of(options: &EncodingOptions) -> Result<Self> {
        let schema = options.schema.clone();
        if let Some(schema) = &schema
            && options.metadata_columns
        {
            schema.check_metadata_names()?;
        }
        match (options.format, schema) {
            (Format::Jsonl, None) => Ok(Self::Jsonl),
            (Format::Jsonl, Some(_)) => {
                bail!("--format jsonl keeps the records as they are and takes no --schema")
            }
            (Format::Csv, Some(schema)) => Ok(Self::Csv(schema)),
            (Format::Parquet, Some(schema)) => {
                let shape = ParquetShape::new(&schema, options)?;
                Ok(Self::Parquet(schema, shape))
            }
            (format, None) => bail!("--format {format} has columns, so it needs a schema"),
        }
    }
}

fn check_compression(options: &EncodingOptions) -> Result<()> {
    let (format, compression) = (options.format, options.compression);
    let fitting = match format {
        Format::Parquet => [Compression::None, Compression::Snappy, Compression::Zstd],
        Format::Jsonl | Format::Csv => [Compression::None, Compression::Gzip, Compression::Zstd],
    };
    let names: Vec<String> = fitting.iter().map(Compression::to_string).collect();
    ensure!(
        fitting.contains(&compression),
        "--format {format} goes with --compression {}, not {compression}",
        names.join(", ")
    );
    // Beyond 19, files want more memory of their readers than readers must have.
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

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "jsonl" => Ok(Self::Jsonl),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            _ => Err("must be jsonl, csv or parquet".to_owned()),
        }
    }
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
