//! The command line of `consumer compact`. What means the same in the main job has the same flag
//! and variable there.
//!
//! It acts on nothing; combinations are checked in `compact/order.rs`, before any connection.
//! Invariant: a variable of the main job never changes what a copy is like.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum, builder::BoolishValueParser};
use landing::layout::Prefix;

use super::{
    Compression, Output,
    values::{parse_duration, parse_lateness, parse_size},
};

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
    name = "consumer compact",
    bin_name = "consumer compact",
    version,
    max_term_width = 120,
    after_help = "After --delete-source the objects are missing in the zone: 'consumer verify' reports them, and a later rewind of the \
                  consumer's group lands them again, as long as the topic has them. They are not compacted twice: their keys are in \
                  a plan.\n\nIt ends at once on Ctrl-C or SIGTERM: the next run goes on.\n\nExit codes: 0 done, 1 failed, 2 wrong \
                  usage, 65 a date could not be compacted because of what its objects hold."
)]
pub struct CompactArgs {
    /// Bucket of the landing zone, and of the copy
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_BUCKET",
        help_heading = "S3"
    )]
    pub bucket: String,

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

    /// S3 endpoint, for example http://127.0.0.1:4566 [default: AWS's own for the region]
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        help_heading = "S3"
    )]
    pub endpoint_url: Option<String>,

    /// The most requests to S3 in flight
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024), env = "CONSUMER_CONCURRENCY", help_heading = "S3")]
    pub concurrency: u16,

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
    #[arg(long, env = "CONSUMER_COMPACT_ALL_FINISHED", value_parser = BoolishValueParser::new(), help_heading = "Dates")]
    pub all_finished: bool,

    /// A date partition is finished so long after its end (UTC): how late records may come. 0s,
    /// 90m, 12h, 1d …
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = parse_lateness, env = "CONSUMER_COMPACT_LATENESS", help_heading = "Dates")]
    pub lateness: Duration,

    /// With --partition: also a date that is not finished. What comes later becomes another object
    #[arg(long, conflicts_with = "all_finished", env = "CONSUMER_COMPACT_UNFINISHED", value_parser = BoolishValueParser::new(), help_heading = "Dates")]
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
    #[arg(long, env = "CONSUMER_COMPACT_DROP_UNKNOWN_FIELDS", value_parser = BoolishValueParser::new(), help_heading = "Copy")]
    pub drop_unknown_fields: bool,

    /// Bytes of records, before compression, that end an object of the copy; the object of the zone
    /// that reaches them is its last
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = parse_size, env = "CONSUMER_COMPACT_MAX_BYTES", help_heading = "Copy")]
    pub max_bytes: usize,

    /// Delete the zone's objects that are in the copy, after it was verified in this run
    #[arg(long, env = "CONSUMER_COMPACT_DELETE_SOURCE", value_parser = BoolishValueParser::new(), help_heading = "Run")]
    pub delete_source: bool,

    /// Take single records whose object does not have the hash of its record: a value that spanned
    /// lines in Kafka was put on one line, and does not have it. Without it such an object is taken
    /// for one that was changed
    #[arg(long, env = "CONSUMER_COMPACT_ALLOW_UNPROVEN", value_parser = BoolishValueParser::new(), help_heading = "Run")]
    pub allow_unproven: bool,

    /// Bound for objects of the zone that are in memory. Two objects of the copy come on top: one
    /// that is being made, one that is being verified
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_size, env = "CONSUMER_MEMORY", help_heading = "Run")]
    pub memory: usize,

    /// Form of the report: a table and one line for each date that failed, or one JSON document
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        env = "CONSUMER_OUTPUT",
        help_heading = "Output"
    )]
    pub output: Output,

    /// Time between two lines of progress in the log, where stderr is not a terminal
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration, env = "CONSUMER_PROGRESS_INTERVAL", help_heading = "Output")]
    pub progress_interval: Duration,

    /// YAML file with settings: the long flags without `--` as keys. Flags, environment and .env
    /// win over it
    #[arg(
        long,
        value_name = "FILE",
        env = "CONSUMER_CONFIG",
        help_heading = "Output"
    )]
    pub config: Option<PathBuf>,
}

/// What the objects of a copy hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CopyFormat {
    /// Columns, by a schema
    Parquet,
    /// The records as they are, one on each line
    Jsonl,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::Args;

    #[test]
    fn the_command_line_is_consistent_and_shares_variables_only_where_they_mean_the_same() {
        CompactArgs::command().debug_assert();
        let main = Args::command();
        for argument in CompactArgs::command().get_arguments() {
            let flag = argument.get_long().unwrap_or_default();
            let variable = argument
                .get_env()
                .map(|name| name.to_string_lossy().into_owned());
            let variable = variable.unwrap_or_else(|| panic!("--{flag} has no variable"));
            assert!(
                argument.get_help_heading().is_some(),
                "--{flag} has no heading"
            );
            let of_main = main
                .get_arguments()
                .find(|of_main| of_main.get_env().is_some_and(|name| *name == *variable));
            match of_main {
                Some(of_main) => assert_eq!(of_main.get_long(), Some(flag), "{variable}"),
                None => assert!(variable.starts_with("CONSUMER_COMPACT_"), "{variable}"),
            }
        }
    }
}
