//! The command line of `consumer`: every flag with its unit, default and environment variable.
//!
//! `plan.rs` checks combinations, before any connection. A librdkafka option may be a secret, so it
//! is kept as a [`kafka::options::KafkaOption`], whose value cannot be printed.

mod batching;
mod start_at;

use std::{net::SocketAddr, time::Duration};

use clap::{Parser, ValueEnum, builder::BoolishValueParser};
use cli::{
    flags::{KafkaArgs, ObjectArgs, ReportArgs, ZoneArgs},
    values::{parse_duration, parse_size},
};
use landing::{
    layout::Prefix,
    partition_by::{Granularity, PartitionBy},
};

pub use crate::{
    args::{batching::BatchingArgs, start_at::StartAt},
    dead_letters::DeadLetterLimit,
};

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
    mut_arg("bucket", |arg| arg.help("Bucket to land in")),
    mut_arg("concurrency", |arg| arg.help(
        "The most requests to S3 in flight; halved whenever S3 asks to slow down"
    )),
    mut_arg("topic", |arg| arg.help("The one topic to land")),
    mut_arg("progress_interval", |arg| arg.help("Time between two lines of progress in the log"))
)]
pub struct Args {
    /// The bucket
    #[command(flatten)]
    pub zone: ZoneArgs,

    /// How S3 keeps what is landed
    #[command(flatten)]
    pub objects: ObjectArgs,

    /// Folder in the bucket [default: {topic}/{format}]
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CONSUMER_PREFIX",
        help_heading = "S3"
    )]
    pub prefix: Option<Prefix>,

    /// Make the bucket if it is not there
    #[arg(
        long,
        env = "CONSUMER_CREATE_BUCKET",
        value_parser = BoolishValueParser::new(),
        help_heading = "S3"
    )]
    pub create_bucket: bool,

    /// Where a record's date partition comes from: `timestamp` (Kafka's), `field:NAME` (a date or
    /// an ISO 8601 time in the record), `field:NAME:epoch-s` or `field:NAME:epoch-ms` (seconds or
    /// milliseconds since 1970 UTC)
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
    pub batching: BatchingArgs,

    /// What becomes of records without a value
    #[arg(
        long,
        value_name = "POLICY",
        default_value = "skip",
        env = "CONSUMER_TOMBSTONES",
        help_heading = "Layout"
    )]
    pub tombstones: TombstonePolicy,

    /// The one topic
    #[command(flatten)]
    pub kafka: KafkaArgs,

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
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "earliest",
        value_parser = StartAt::parse,
        env = "CONSUMER_START",
        help_heading = "Kafka"
    )]
    pub start: StartAt,

    /// End with 65 when more records than these became dead letters, counted from the start of the
    /// run: a number (1000) or a share (5%, after the first hundred records); what was taken in is
    /// finished and committed
    #[arg(
        long,
        value_name = "N|P%",
        env = "CONSUMER_MAX_DEAD_LETTERS",
        help_heading = "Run"
    )]
    pub max_dead_letters: Option<DeadLetterLimit>,

    /// What to do when retention removed records before they were landed
    #[arg(
        long,
        value_name = "POLICY",
        default_value = "stop",
        env = "CONSUMER_ON_GAP",
        help_heading = "Kafka"
    )]
    pub on_gap: GapPolicy,

    /// Accept that the topic now lies on another Kafka cluster, moved there with its offsets
    #[arg(
        long,
        env = "CONSUMER_NEW_CLUSTER",
        value_parser = BoolishValueParser::new(),
        help_heading = "Kafka"
    )]
    pub new_cluster: bool,

    /// End when the group has committed everything that was in the topic at the start
    #[arg(
        long,
        env = "CONSUMER_UNTIL_END",
        value_parser = BoolishValueParser::new(),
        help_heading = "Run"
    )]
    pub until_end: bool,

    /// Bound for buffered records, uploads and the Kafka client's queue together
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "64MiB",
        value_parser = parse_size,
        env = "CONSUMER_MEMORY",
        help_heading = "Run"
    )]
    pub memory: usize,

    /// How long to finish what is in flight after Ctrl-C or SIGTERM
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        value_parser = parse_duration,
        env = "CONSUMER_GRACE_PERIOD",
        help_heading = "Run"
    )]
    pub grace_period: Duration,

    /// Print keys and sizes; write nothing to S3 and commit nothing
    #[arg(
        long,
        env = "CONSUMER_DRY_RUN",
        value_parser = BoolishValueParser::new(),
        help_heading = "Run"
    )]
    pub dry_run: bool,

    /// Serve /metrics (Prometheus) and /healthz on this address, for example 127.0.0.1:9464, or
    /// 0.0.0.0:9464 for other hosts too; the pages ask for no password
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CONSUMER_METRICS_ADDR",
        help_heading = "Output"
    )]
    pub metrics_addr: Option<SocketAddr>,

    /// How the run is told
    #[command(flatten)]
    pub report: ReportArgs,
}

/// What becomes of records without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TombstonePolicy {
    /// Count them
    Skip,
    /// Keep them as dead letters
    DeadLetter,
}

/// What to do about records that retention removed before they were landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GapPolicy {
    /// Stop the partition
    Stop,
    /// Write the gap down under _control and go on behind it
    Record,
}
