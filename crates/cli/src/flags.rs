//! The flags that several commands share: the bucket of a zone, Kafka, and the form of the result.
//!
//! A command changes what differs (the words of its help, its own variable) with `mut_arg`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, builder::BoolishValueParser};
use kafka::options::KafkaOption;

use crate::values::{Output, parse_duration};

/// The flag for any option of librdkafka, without `--`.
pub(crate) const OPTIONS_FLAG: &str = "kafka-option";

/// Where a landing zone is.
#[derive(Args, Clone, Debug)]
pub struct ZoneArgs {
    /// Bucket of the landing zone
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_BUCKET",
        help_heading = "S3"
    )]
    pub bucket: String,

    /// S3 endpoint, for example http://127.0.0.1:4566 [default: AWS's own for the region]
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        help_heading = "S3"
    )]
    pub endpoint_url: Option<String>,

    /// The most requests to S3 in flight
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..=1024),
        env = "CONSUMER_CONCURRENCY",
        help_heading = "S3"
    )]
    pub concurrency: u16,
}

/// Where the topic is.
#[derive(Args, Clone, Debug)]
pub struct KafkaArgs {
    /// The topic
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

    /// How long to wait for Kafka at the start
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = parse_duration,
        env = "CONSUMER_CONNECT_TIMEOUT",
        help_heading = "Kafka"
    )]
    pub connect_timeout: Duration,

    /// Any librdkafka option, may be repeated. Keep secrets out of the command line: put them into
    /// KAFKA_OPTIONS (in the environment or in .env), a list of KEY=VALUE separated by blanks; a
    /// value with blanks stands in quotes: KEY='VALUE'
    #[arg(
        short = 'X',
        long = "kafka-option",
        value_name = "KEY=VALUE",
        value_parser = KafkaOption::parse,
        help_heading = "Kafka"
    )]
    pub kafka_options: Vec<KafkaOption>,
}

/// How a command tells what it did.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Form of the summary
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        env = "CONSUMER_OUTPUT",
        help_heading = "Output"
    )]
    pub output: Output,

    /// Time between two lines of progress in the log, where stderr is not a terminal
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = parse_duration,
        env = "CONSUMER_PROGRESS_INTERVAL",
        help_heading = "Output"
    )]
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

    /// Print the settings as such a file, each with its origin and without secrets, and end
    #[arg(
        long,
        env = "CONSUMER_PRINT_CONFIG",
        value_parser = BoolishValueParser::new(),
        help_heading = "Output"
    )]
    pub print_config: bool,
}
