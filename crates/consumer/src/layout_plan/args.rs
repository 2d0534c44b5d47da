//! The command line of `consumer plan`. Flags that it shares with the main job have the same names,
//! variables and defaults there: give it the flags of the consumer that is to land the topic.
//!
//! Parsing has no effects; `run` checks the combinations before any connection.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, builder::BoolishValueParser};
use cli::{
    flags::{KafkaArgs, ReportArgs},
    values::{parse_duration, parse_size},
};
use landing::partition_by::Granularity;

use crate::args::BatchingArgs;

/// Says what each layout of a topic costs on AWS, and which limits it reaches: objects, PUTs, what
/// a query of one day reads, dollars a month.
///
/// Nothing asks AWS: prices and limits come from a file with a date. It connects to Kafka only with
/// --from-topic, reads there, and is in no consumer group.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "plan",
    version,
    mut_arg("output", |arg| arg.help("Form of the plan: a table with what follows from it, or one JSON document")),
    mut_arg("topic", |arg| arg.help("The topic, for --from-topic")),
    max_term_width = 120,
    after_help = "A plan counts what goes on and on. Retries, rebalances and restarts cost some requests more; Kafka, machines, \
                  traffic and the free tier are left out.\n\nExit codes: 0 done, 1 failed, 2 wrong usage."
)]
pub struct PlanArgs {
    /// Records a second, all partitions together
    #[arg(
        long,
        value_name = "N",
        value_parser = positive,
        env = "CONSUMER_PLAN_RATE",
        help_heading = "Stream"
    )]
    pub rate: Option<f64>,

    /// Mean size of a record's value [default: 205, a stock record]
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = parse_size,
        env = "CONSUMER_PLAN_RECORD_BYTES",
        help_heading = "Stream"
    )]
    pub record_bytes: Option<usize>,

    /// Partitions of the topic [default: 6]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100_000),
        env = "CONSUMER_PLAN_PARTITIONS",
        help_heading = "Stream"
    )]
    pub partitions: Option<u32>,

    /// Measure rate, sizes, partitions and compression of the topic in place of these flags
    #[arg(
        long,
        env = "CONSUMER_PLAN_FROM_TOPIC",
        value_parser = BoolishValueParser::new(),
        help_heading = "Stream"
    )]
    pub from_topic: bool,

    /// With --from-topic: count the records whose timestamps are this young
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1h",
        value_parser = parse_duration,
        env = "CONSUMER_PLAN_WINDOW",
        help_heading = "Stream"
    )]
    pub window: Duration,

    /// With --from-topic: how many of the newest offsets to read, shared out among the partitions
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        env = "CONSUMER_SAMPLE",
        help_heading = "Stream"
    )]
    pub sample: u32,

    /// Bytes of output for a byte of records in the layout that is asked for [default: that of
    /// stock records, or what --from-topic measures]
    #[arg(
        long,
        value_name = "R",
        value_parser = positive,
        env = "CONSUMER_PLAN_OUTPUT_RATIO",
        help_heading = "Stream"
    )]
    pub output_ratio: Option<f64>,

    /// What objects are like, and when a batch is closed
    #[command(flatten)]
    pub batching: BatchingArgs,

    /// How much time a date partition covers: hour, day or year
    #[arg(
        long,
        value_name = "SPAN",
        default_value = "day",
        env = "CONSUMER_GRANULARITY",
        help_heading = "Layout"
    )]
    pub granularity: Granularity,

    /// The consumer's bound for records in memory, which closes batches, too
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "64MiB",
        value_parser = parse_size,
        env = "CONSUMER_MEMORY",
        help_heading = "Batches"
    )]
    pub memory: usize,

    /// The most requests to S3 that the consumer has in flight
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..=1024),
        env = "CONSUMER_CONCURRENCY",
        help_heading = "S3"
    )]
    pub concurrency: u16,

    /// Days that objects stay
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 30.0,
        value_parser = positive,
        env = "CONSUMER_PLAN_KEEP_DAYS",
        help_heading = "Use"
    )]
    pub keep_days: f64,

    /// Queries a day, each over the records of one day
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10.0,
        value_parser = not_negative,
        env = "CONSUMER_PLAN_QUERIES_PER_DAY",
        help_heading = "Use"
    )]
    pub queries_per_day: f64,

    /// Runs of a Glue crawler a day; none with partition projection
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0.0,
        value_parser = not_negative,
        env = "CONSUMER_PLAN_CRAWLS_PER_DAY",
        help_heading = "Use"
    )]
    pub crawls_per_day: f64,

    /// YAML file with prices and limits [default: those of us-east-1]
    #[arg(
        long,
        value_name = "FILE",
        env = "CONSUMER_PLAN_PRICES",
        help_heading = "Use"
    )]
    pub prices: Option<PathBuf>,

    /// Where the topic is, for --from-topic
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// How the plan is told
    #[command(flatten)]
    pub report: ReportArgs,
}

/// The largest number that a flag takes: far beyond any topic.
const LARGEST: f64 = 1e9;

fn positive(text: &str) -> Result<f64, String> {
    let number = not_negative(text)?;
    match number > 0.0 {
        true => Ok(number),
        false => Err("must be above 0".to_owned()),
    }
}

fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| (0.0..=LARGEST).contains(number))
        .ok_or_else(|| "must be a number from 0 to 1000000000".to_owned())
}
