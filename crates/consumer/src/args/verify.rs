//! The command line of `consumer verify`. What it shares with the main job has the same flags and
//! variables there.
//!
//! It acts on nothing; combinations are checked in `verify/start.rs`, before any connection.
//! Invariant: as for [`super::Args`], a librdkafka option cannot be printed with its value.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, builder::BoolishValueParser};
use landing::layout::Prefix;

use super::{KafkaOption, Output, values::parse_duration};
use crate::verify::finding;

/// Proves that a landing zone holds each record of its topic exactly once, or says what is wrong.
/// Reads only.
///
/// By default it lists the bucket and reads the claims of batches: offsets without a gap, an
/// overlap or a second object; each object that must be there, with the size that its claim says
/// (one with another size is read). The topic is read only where offsets have no object. What is
/// inside of the other objects is not looked at: that is --deep.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "consumer verify",
    bin_name = "consumer verify",
    version,
    max_term_width = 120,
    after_help = finding::help()
)]
pub struct VerifyArgs {
    /// Bucket of the landing zone
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_BUCKET",
        help_heading = "S3"
    )]
    pub bucket: String,

    /// Folder of the landing zone [default: the one zone below {topic}/]
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

    /// The most requests to S3 in flight
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024), env = "CONSUMER_CONCURRENCY", help_heading = "S3")]
    pub concurrency: u16,

    /// The topic, where --prefix is not given; otherwise the zone knows it
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

    /// Consumer group whose offsets say how far the zone must reach [default: derived from bucket
    /// and prefix]
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_GROUP",
        help_heading = "Kafka"
    )]
    pub group: Option<String>,

    /// Ask the bucket alone: for a topic or a cluster that is gone
    #[arg(long, env = "CONSUMER_WITHOUT_KAFKA", value_parser = BoolishValueParser::new(), help_heading = "Kafka")]
    pub without_kafka: bool,

    /// How long to wait for Kafka at the start
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration, env = "CONSUMER_CONNECT_TIMEOUT", help_heading = "Kafka")]
    pub connect_timeout: Duration,

    /// Any librdkafka option, may be repeated; secrets belong into KAFKA_OPTIONS
    #[arg(short = 'X', long = "kafka-option", value_name = "KEY=VALUE", value_parser = KafkaOption::parse, help_heading = "Kafka")]
    pub kafka_options: Vec<KafkaOption>,

    /// Read every object: compare each record with the topic where Kafka still has it, else each
    /// object with its claim's hash, or a record's object with the hash in its own metadata
    #[arg(long, env = "CONSUMER_DEEP", value_parser = BoolishValueParser::new(), help_heading = "Run")]
    pub deep: bool,

    /// Exit with 65 also for what nobody can tell any more (`unverifiable`)
    #[arg(long, env = "CONSUMER_STRICT", value_parser = BoolishValueParser::new(), help_heading = "Run")]
    pub strict: bool,

    /// Form of the report: a table and one line for each finding, or one JSON document
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::Args;

    #[test]
    fn the_command_line_is_consistent_and_shares_variables_with_the_main_job() {
        VerifyArgs::command().debug_assert();
        let main = Args::command();
        for argument in VerifyArgs::command().get_arguments() {
            let flag = argument.get_long().unwrap_or_default();
            let variable = argument.get_env();
            assert!(
                variable.is_some() || flag == "kafka-option",
                "--{flag} has no variable"
            );
            assert!(
                argument.get_help_heading().is_some(),
                "--{flag} has no heading"
            );
            let of_main = main
                .get_arguments()
                .find(|of_main| of_main.get_long() == Some(flag));
            if let Some(of_main) = of_main {
                assert_eq!(of_main.get_env(), variable, "--{flag}");
            }
        }
    }
}
