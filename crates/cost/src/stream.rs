//! What comes, how it is landed, and who reads it: what an estimate is made of.

use landing::{Format, partition_by::Granularity};
use serde::Serialize;

/// The records of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RecordStream {
    /// Records a second, all partitions together; above 0.
    pub per_second: f64,
    /// Mean bytes of a record's value; above 0.
    pub record_bytes: f64,
    /// Kafka partitions, which get equal parts.
    pub partitions: u32,
}

/// The settings of the consumer that decide how many objects there are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LandingSettings {
    /// A batch closes at so many records.
    pub max_records: f64,
    /// A batch closes at about so many bytes of output.
    pub max_bytes: f64,
    /// A batch closes so many seconds after its first record.
    pub max_age: f64,
    /// A batch closes after so many seconds without a record.
    pub max_idle: f64,
    /// The consumer's memory in bytes (`--memory`).
    pub memory: f64,
    /// PUT requests in flight at most.
    pub concurrency: f64,
    /// How much time a date partition covers.
    #[serde(skip)]
    pub granularity: Granularity,
}

/// How long objects stay, and who reads them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TableUse {
    /// Days after which objects are removed.
    pub keep_days: f64,
    /// Queries a day, each of which reads one day.
    pub queries_per_day: f64,
    /// Runs of a Glue crawler a day; 0 with partition projection.
    pub crawls_per_day: f64,
}

/// One way to land the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum LandedAs {
    /// One object for each record.
    Single,
    /// The same, and `consumer compact` copies each day into few objects, which queries read.
    Compacted(BatchedFiles),
    /// Batches.
    Batched(BatchedFiles),
}

/// What the files of a layout are.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchedFiles {
    /// Not [`Format::Json`].
    pub format: Format,
    /// The compression's name on the command line.
    pub compression: String,
    /// Bytes of a file for a byte of its records.
    pub ratio: f64,
}

impl LandedAs {
    /// Its name in the table: `json`, `jsonl gzip`, `json + compact`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Single => Format::Json.to_string(),
            Self::Compacted(_) => format!("{} + compact", Format::Json),
            Self::Batched(files) => format!("{} {}", files.format, files.compression),
        }
    }
}

/// Bytes of a file for a byte of its records, for stock records: what the consumer's encoders make
/// of all rows of `data/indexProcessed.csv` at their default level. Small batches and other records
/// differ.
#[must_use]
pub fn usual_ratio(format: Format, compression: &str) -> f64 {
    match (format, compression) {
        (Format::Csv, "none") => 0.55,
        (Format::Csv, "gzip") => 0.24,
        (Format::Csv, _) => 0.15,
        (Format::Parquet, "none") => 0.33,
        (Format::Parquet, "snappy") => 0.21,
        (Format::Parquet, _) => 0.15,
        (Format::Json | Format::Jsonl, "gzip") => 0.29,
        (Format::Json | Format::Jsonl, "zstd") => 0.18,
        (Format::Json | Format::Jsonl, _) => 1.01,
    }
}
