//! The command line of `consumer`: every flag with its unit, default and environment variable.
//!
//! It acts on nothing; combinations are checked in `plan.rs`, before any connection. Invariant: a
//! librdkafka option, which may be a secret, is kept as [`KafkaOption`], which cannot be printed
//! with its value.

mod batching;
mod compact;
mod schema_infer;
mod values;
mod verify;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum, builder::BoolishValueParser};
use landing::{
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
};

pub use batching::{Batching, Compression, Format};
pub use compact::{CompactArgs, CopyFormat};
pub use schema_infer::SchemaInferArgs;
pub use values::{KafkaOption, StartAt};
use values::{parse_duration, parse_size};
pub use verify::VerifyArgs;

/// Lands a Kafka topic in S3 under a date-partitioned prefix: one JSON object per record, or
/// batches (JSON Lines, CSV, Parquet); each record in exactly one object.
///
/// Results go to stdout, logs to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 65 a
/// partition was stopped because going on could lose or mix records, 130 or 143 second Ctrl-C or
/// SIGTERM.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "consumer",
    version,
    max_term_width = 120,
    after_help = "Commands, each with a --help of its own; without one the topic is landed:\n  \
                  consumer verify         proves that a landing zone holds each record of its topic exactly once\n  \
                  consumer compact        copies finished dates of a landing zone into few objects, Parquet or JSON Lines\n  \
                  consumer schema infer   proposes a file for --schema from records of a topic"
)]
pub struct Args {
    /// Bucket to land in
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_BUCKET",
        help_heading = "S3"
    )]
    pub bucket: String,

    /// Folder in the bucket [default: {topic}/{format}]
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CONSUMER_PREFIX",
        help_heading = "S3"
    )]
    pub prefix: Option<Prefix>,

    /// S3 endpoint, for example http://127.0.0.1:4566 [default: AWS's own for the region]
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        help_heading = "S3"
    )]
    pub endpoint_url: Option<String>,

    /// Make the bucket if it is not there
    #[arg(long, env = "CONSUMER_CREATE_BUCKET", value_parser = BoolishValueParser::new(), help_heading = "S3")]
    pub create_bucket: bool,

    /// The most requests to S3 in flight; halved whenever S3 asks to slow down
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024), env = "CONSUMER_CONCURRENCY", help_heading = "S3")]
    pub concurrency: u16,

    /// Where a record's date partition comes from: `timestamp` (Kafka's) or `field:NAME` (a date or
    /// an ISO 8601 time in the record)
    #[arg(
        long,
        value_name = "SOURCE",
        default_value = "timestamp",
        env = "CONSUMER_PARTITION_BY",
        help_heading = "Layout"
    )]
    pub partition_by: PartitionBy,

    /// How much time a date partition covers: hour, day or year
    #[arg(
        long,
        value_name = "SPAN",
        default_value = "day",
        env = "CONSUMER_GRANULARITY",
        help_heading = "Layout"
    )]
    pub granularity: Granularity,

    /// What objects are like, and when a batch is closed
    #[command(flatten)]
    pub batching: Batching,

    /// What becomes of records without a value
    #[arg(
        long,
        value_name = "POLICY",
        default_value = "skip",
        env = "CONSUMER_TOMBSTONES",
        help_heading = "Layout"
    )]
    pub tombstones: Tombstones,

    /// The one topic to land
    #[arg(
        long,
        value_name = "NAME",
        default_value = "stock-market",
        env = "KAFKA_TOPIC",
        help_heading = "Kafka"
    )]
    pub topic: String,

    /// Brokers to ask for the cluster's addresses: `HOST:PORT,…`
    #[arg(
        long,
        value_name = "LIST",
        default_value = "localhost:9092",
        env = "KAFKA_BOOTSTRAP_SERVERS",
        help_heading = "Kafka"
    )]
    pub bootstrap_servers: String,

    /// Consumer group [default: derived from bucket and prefix]
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_GROUP",
        help_heading = "Kafka"
    )]
    pub group: Option<String>,

    /// Where a new zone begins: `earliest`, `latest`, or a time such as 2026-11-21 or
    /// 2026-11-21T07:00:00Z; kept with the zone
    #[arg(long, value_name = "WHERE", default_value = "earliest", value_parser = StartAt::parse, env = "CONSUMER_START", help_heading = "Kafka")]
    pub start: StartAt,

    /// What to do when retention removed records before they were landed
    #[arg(
        long,
        value_name = "POLICY",
        default_value = "stop",
        env = "CONSUMER_ON_GAP",
        help_heading = "Kafka"
    )]
    pub on_gap: OnGap,

    /// Accept that the topic now lies on another Kafka cluster, moved there with its offsets
    #[arg(long, env = "CONSUMER_NEW_CLUSTER", value_parser = BoolishValueParser::new(), help_heading = "Kafka")]
    pub new_cluster: bool,

    /// How long to wait for Kafka at the start
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration, env = "CONSUMER_CONNECT_TIMEOUT", help_heading = "Kafka")]
    pub connect_timeout: Duration,

    /// Any librdkafka option, may be repeated. Keep secrets out of the command line: put them into
    /// KAFKA_OPTIONS (in the environment or in .env), a list of KEY=VALUE separated by blanks
    #[arg(short = 'X', long = "kafka-option", value_name = "KEY=VALUE", value_parser = KafkaOption::parse, help_heading = "Kafka")]
    pub kafka_options: Vec<KafkaOption>,

    /// End when the group has committed everything that was in the topic at the start
    #[arg(long, env = "CONSUMER_UNTIL_END", value_parser = BoolishValueParser::new(), help_heading = "Run")]
    pub until_end: bool,

    /// Bound for buffered records, uploads and the Kafka client's queue together
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_size, env = "CONSUMER_MEMORY", help_heading = "Run")]
    pub memory: usize,

    /// How long to finish what is in flight after Ctrl-C or SIGTERM
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration, env = "CONSUMER_GRACE_PERIOD", help_heading = "Run")]
    pub grace_period: Duration,

    /// Print keys and sizes; write nothing to S3 and commit nothing
    #[arg(long, env = "CONSUMER_DRY_RUN", value_parser = BoolishValueParser::new(), help_heading = "Run")]
    pub dry_run: bool,

    /// Serve /metrics (Prometheus) and /healthz on this loopback address, for example
    /// 127.0.0.1:9464
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CONSUMER_METRICS_ADDR",
        help_heading = "Output"
    )]
    pub metrics_addr: Option<SocketAddr>,

    /// Form of the summary
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        env = "CONSUMER_OUTPUT",
        help_heading = "Output"
    )]
    pub output: Output,

    /// Time between two lines of progress in the log
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

/// What becomes of records without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tombstones {
    /// Count them
    Skip,
    /// Keep them as dead letters
    DeadLetter,
}

/// What to do about records that retention removed before they were landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnGap {
    /// Stop the partition
    Stop,
    /// Write the gap down under _control and go on behind it
    Record,
}

/// Form of the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One line for people
    Text,
    /// One JSON object for programs
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_flag_has_a_variable_and_a_heading() {
        Args::command().debug_assert();
        for argument in Args::command().get_arguments() {
            let flag = argument.get_long().unwrap_or_default();
            assert!(
                argument.get_env().is_some() || flag == "kafka-option",
                "--{flag} has no variable"
            );
            assert!(
                argument.get_help_heading().is_some(),
                "--{flag} has no heading"
            );
        }
    }
}
