//! The command line of `consumer compact`. Flags that mean the same in the main job have the same
//! names and variables there; no variable of the main job changes what a copy holds.
//!
//! `request` checks which flags go together, before any connection.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum, builder::BoolishValueParser};
use cli::{
    flags::{ObjectArgs, ReportArgs, ZoneArgs},
    values::{one_of, parse_size},
};
use format::options::Compression;
use landing::{Format, layout::Prefix};

/// Copies finished date partitions of a landing zone into few objects, Parquet or JSON Lines, under
/// another prefix of the bucket.
///
/// Records are in the order of topic partition and offset. Each object is read back and compared
/// with what it was made of, by number and content, before it counts as done; a record that does
/// not fit ends the date with its object named, and nothing is left out. It may be killed,
/// repeated, and run twice at once: a plan under _control, written once, says which objects become
/// which, whoever finds it finishes it, and objects that came later become the next one. The zone's
/// own objects stay unless --delete-source is given.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "compact",
    version,
    mut_arg("bucket", |arg| arg.help("Bucket of the landing zone, and of the copy")),
    mut_arg("output", |arg| arg.help(
        "Form of the report: a table and one line for each date that failed, or one JSON document"
    )),
    max_term_width = 120,
    after_help = "After --delete-source the objects are missing in the zone: 'consumer verify' reports them, and a later rewind of the \
                  consumer's group lands them again, as long as the topic has them. They are not compacted twice: their keys are in \
                  a plan.\n\nIt ends at once on Ctrl-C or SIGTERM: the next run goes on.\n\nExit codes: 0 done, 1 failed, 2 wrong \
                  usage, 65 a date could not be compacted because of what its objects hold."
)]
pub struct CompactArgs {
    /// The bucket
    #[command(flatten)]
    pub zone: ZoneArgs,

    /// How S3 keeps the copy
    #[command(flatten)]
    pub objects: ObjectArgs,

    /// Folder of the landing zone
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CONSUMER_COMPACT_FROM",
        help_heading = "S3"
    )]
    pub from: Prefix,

    /// Folder of the copy; a table of its own
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CONSUMER_COMPACT_TO",
        help_heading = "S3"
    )]
    pub to: Prefix,

    /// A date partition such as dt=2026-11-20, may be repeated
    #[arg(
        long,
        value_name = "DATE",
        value_delimiter = ',',
        env = "CONSUMER_COMPACT_PARTITION",
        help_heading = "Dates"
    )]
    pub partition: Vec<String>,

    /// All date partitions that are finished
    #[arg(
        long,
        env = "CONSUMER_COMPACT_ALL_FINISHED",
        value_parser = BoolishValueParser::new(),
        help_heading = "Dates"
    )]
    pub all_finished: bool,

    /// A date partition is finished so long after its end (UTC): how late records may come. 0s,
    /// 90m, 12h, 1d …
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1d",
        value_parser = parse_lateness,
        env = "CONSUMER_COMPACT_LATENESS",
        help_heading = "Dates"
    )]
    pub lateness: Duration,

    /// With --partition: also a date that is not finished. What comes later becomes another object
    #[arg(
        long,
        conflicts_with = "all_finished",
        env = "CONSUMER_COMPACT_UNFINISHED",
        value_parser = BoolishValueParser::new(),
        help_heading = "Dates"
    )]
    pub unfinished: bool,

    /// What the copy's objects are
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "parquet",
        env = "CONSUMER_COMPACT_FORMAT",
        help_heading = "Copy"
    )]
    pub format: CopyFormat,

    /// none, snappy or zstd for Parquet; none, gzip or zstd for JSON Lines [default: zstd; gzip for
    /// JSON Lines]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = one_of::<Compression>(Compression::NAMES),
        env = "CONSUMER_COMPACT_COMPRESSION",
        help_heading = "Copy"
    )]
    pub compression: Option<Compression>,

    /// Level of gzip (1-9) or zstd (1-19) [default: 1]
    #[arg(
        long,
        value_name = "N",
        env = "CONSUMER_COMPACT_COMPRESSION_LEVEL",
        help_heading = "Copy"
    )]
    pub compression_level: Option<i32>,

    /// YAML file with the columns of Parquet [default: those of stock records; of a Parquet zone,
    /// its own]
    #[arg(
        long,
        value_name = "FILE",
        env = "CONSUMER_COMPACT_SCHEMA",
        help_heading = "Copy"
    )]
    pub schema: Option<PathBuf>,

    /// Leave fields that no column takes out of the copy; without it a record that has one does not
    /// fit
    #[arg(
        long,
        env = "CONSUMER_COMPACT_DROP_UNKNOWN_FIELDS",
        value_parser = BoolishValueParser::new(),
        help_heading = "Copy"
    )]
    pub drop_unknown_fields: bool,

    /// Bytes of records, before compression, that end an object of the copy; the object of the zone
    /// that reaches them is its last
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "128MiB",
        value_parser = parse_size,
        env = "CONSUMER_COMPACT_MAX_BYTES",
        help_heading = "Copy"
    )]
    pub max_bytes: usize,

    /// Delete the zone's objects that are in the copy, after it was verified in this run, each only
    /// if it is still the one that was verified. The copy must keep each record as it was:
    /// --format jsonl, or a copy of a Parquet zone with its columns; else see --accept-lossy
    #[arg(
        long,
        env = "CONSUMER_COMPACT_DELETE_SOURCE",
        value_parser = BoolishValueParser::new(),
        help_heading = "Run"
    )]
    pub delete_source: bool,

    /// With --delete-source: delete even though the copy is Parquet and does not keep each record
    /// as it was. The report says what it does not keep, counted by kind
    #[arg(
        long,
        env = "CONSUMER_COMPACT_ACCEPT_LOSSY",
        value_parser = BoolishValueParser::new(),
        help_heading = "Run"
    )]
    pub accept_lossy: bool,

    /// Take single records whose object does not have the hash of its record: a value that spanned
    /// lines in Kafka was put on one line, and does not have it. Without it such an object is taken
    /// for one that was changed
    #[arg(
        long,
        env = "CONSUMER_COMPACT_ALLOW_UNPROVEN",
        value_parser = BoolishValueParser::new(),
        help_heading = "Run"
    )]
    pub allow_unproven: bool,

    /// Bound for objects of the zone that are in memory. Two objects of the copy come on top: one
    /// that is being made, one that is being verified
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "64MiB",
        value_parser = parse_size,
        env = "CONSUMER_MEMORY",
        help_heading = "Run"
    )]
    pub memory: usize,

    /// How the result is told
    #[command(flatten)]
    pub report: ReportArgs,
}

/// What the objects of a copy hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CopyFormat {
    /// Columns, by a schema
    Parquet,
    /// The records as they are, one on each line
    Jsonl,
}

impl From<CopyFormat> for Format {
    fn from(format: CopyFormat) -> Self {
        match format {
            CopyFormat::Parquet => Self::Parquet,
            CopyFormat::Jsonl => Self::Jsonl,
        }
    }
}

/// How late records may come: days too, and none at all.
fn parse_lateness(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a number with a unit, such as 0s, 90m, 12h or 1d".to_owned();
    let unit_at = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = number.trim().parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_may_be_nothing_or_days() {
        assert_eq!(parse_lateness("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_lateness("90m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_lateness("3d"), Ok(Duration::from_secs(3 * 86_400)));
        for text in ["", "3", "-1d", "1.5d", "1w", "99999999999d"] {
            assert!(parse_lateness(text).is_err(), "{text}");
        }
    }
}
