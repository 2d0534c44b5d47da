//! The command line of `consumer schema infer`. What it shares with the main job has the same flags
//! and variables there.
//!
//! It acts on nothing. Invariant: as for [`super::Args`], a librdkafka option cannot be printed
//! with its value.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use super::{KafkaOption, values::parse_duration};

/// Proposes a schema file for --schema from records of a topic, on stdout. Reads only, and is in no
/// consumer group.
///
/// The oldest and the newest records of each partition are looked at. The file is a proposal: look
/// at the types, take out columns that nobody needs, and give a column the other names that records
/// have for it.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "consumer schema infer",
    bin_name = "consumer schema infer",
    version,
    max_term_width = 120
)]
pub struct SchemaInferArgs {
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
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration, env = "CONSUMER_CONNECT_TIMEOUT", help_heading = "Kafka")]
    pub connect_timeout: Duration,

    /// Any librdkafka option, may be repeated; secrets belong into KAFKA_OPTIONS
    #[arg(short = 'X', long = "kafka-option", value_name = "KEY=VALUE", value_parser = KafkaOption::parse, help_heading = "Kafka")]
    pub kafka_options: Vec<KafkaOption>,

    /// How many offsets to look at, shared out among the partitions
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000), env = "CONSUMER_SAMPLE", help_heading = "Run")]
    pub sample: u32,

    /// YAML file with settings: the long flags without `--` as keys. Flags, environment and .env
    /// win over it
    #[arg(
        long,
        value_name = "FILE",
        env = "CONSUMER_CONFIG",
        help_heading = "Run"
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
        SchemaInferArgs::command().debug_assert();
        let main = Args::command();
        for argument in SchemaInferArgs::command().get_arguments() {
            let flag = argument.get_long().unwrap_or_default();
            let of_main = main
                .get_arguments()
                .find(|of_main| of_main.get_long() == Some(flag));
            if let Some(of_main) = of_main {
                assert_eq!(of_main.get_env(), argument.get_env(), "--{flag}");
            }
        }
    }
}
