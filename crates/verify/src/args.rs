//! The command line of `consumer verify`. What it shares with the other commands has the same flags
//! and variables there.
//!
//! Parsing has no effects; `open_zone` checks the combinations before any connection.

use clap::{Parser, builder::BoolishValueParser};
use cli::flags::{KafkaArgs, ReportArgs, ZoneArgs};
use landing::layout::Prefix;

use crate::finding;

/// Proves that a landing zone holds each record of its topic exactly once, or says what is wrong.
/// Reads only.
///
/// By default it lists the bucket and reads the claims of batches: offsets without a gap, an
/// overlap or a second object; each object that must be there, with the size that its claim says
/// (one with another size is read). The topic is read only where offsets have no object. What is
/// inside of the other objects is not looked at: that is --deep.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "verify",
    version,
    mut_arg("topic", |arg| arg.help(
        "The topic, where --prefix is not given; otherwise the zone knows it"
    )),
    mut_arg("output", |arg| arg.help(
        "Form of the report: a table and one line for each finding, or one JSON document"
    )),
    max_term_width = 120,
    after_help = finding::help()
)]
pub struct VerifyArgs {
    /// The bucket, and how it is reached
    #[command(flatten)]
    pub zone: ZoneArgs,

    /// The topic, and how its brokers are reached
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// Folder of the landing zone [default: the one zone below {topic}/]
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CONSUMER_PREFIX",
        help_heading = "S3"
    )]
    pub prefix: Option<Prefix>,

    /// One more consumer group whose offsets say how far the zone must reach, besides those that
    /// the zone names and the one derived from bucket and prefix
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_GROUP",
        help_heading = "Kafka"
    )]
    pub group: Option<String>,

    /// Ask the bucket alone: for a topic or a cluster that is gone
    #[arg(
        long,
        env = "CONSUMER_WITHOUT_KAFKA",
        value_parser = BoolishValueParser::new(),
        help_heading = "Kafka"
    )]
    pub without_kafka: bool,

    /// Read every object: compare each record with the topic where Kafka still has it, else each
    /// object with its claim's hash, or a record's object with the hash in its own metadata
    #[arg(
        long,
        env = "CONSUMER_DEEP",
        value_parser = BoolishValueParser::new(),
        help_heading = "Run"
    )]
    pub deep: bool,

    /// Exit with 65 also for what nobody can tell any more (`unverifiable`)
    #[arg(
        long,
        env = "CONSUMER_STRICT",
        value_parser = BoolishValueParser::new(),
        help_heading = "Run"
    )]
    pub strict: bool,

    /// How the result is told
    #[command(flatten)]
    pub report: ReportArgs,
}
