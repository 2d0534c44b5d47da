//! The command line of `consumer schema infer`. Flags that it shares with the main job have the
//! same names and variables there.
//!
//! As in [`crate::args::Args`], the value of a librdkafka option cannot be printed.

use std::path::PathBuf;

use clap::Parser;
use cli::flags::KafkaArgs;

/// Proposes a schema file for --schema from records of a topic, on stdout. Reads only, and is in no
/// consumer group.
///
/// The oldest and the newest records of each partition are looked at. The file is a proposal: look
/// at the types, take out columns that nobody needs, and give a column the other names that records
/// have for it.
#[derive(Clone, Debug, Parser)]
#[command(name = "infer", version, max_term_width = 120)]
pub struct SchemaInferArgs {
    /// The topic
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// How many offsets to look at, shared out among the partitions
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        env = "CONSUMER_SAMPLE",
        help_heading = "Run"
    )]
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
