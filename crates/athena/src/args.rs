//! The command line of `athena`. Parsing has no effects.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum, builder::BoolishValueParser};
use cli::values::parse_duration;

/// Runs the SQL of Amazon Athena on a bucket, here: the files of infra/athena, or your own.
///
/// Tables and views come from the SQL files beside the query. What this engine cannot answer as
/// Athena does, it refuses by name. Without a file it asks at a prompt.
#[derive(Clone, Debug, Parser)]
#[command(name = "athena", version, max_term_width = 120)]
pub struct Args {
    /// Files with statements, run in this order; `-` reads the standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// A statement to run after the files, may be repeated
    #[arg(
        short,
        long,
        value_name = "SQL",
        env = "ATHENA_EXECUTE",
        help_heading = "Query"
    )]
    pub(crate) execute: Vec<String>,

    /// Folder of the files that define tables and views [default: that of the first file, else
    /// infra/athena]
    #[arg(
        long,
        value_name = "DIR",
        env = "ATHENA_CATALOG",
        help_heading = "Query"
    )]
    pub(crate) catalog: Option<PathBuf>,

    /// Database of the names that have none in front
    #[arg(
        long,
        value_name = "NAME",
        default_value = "stock_market",
        env = "ATHENA_DATABASE",
        help_heading = "Query"
    )]
    pub(crate) database: String,

    /// Read every LOCATION in this bucket, in the place of the bucket that it names
    #[arg(long, value_name = "NAME", env = "ATHENA_BUCKET", help_heading = "S3")]
    pub(crate) bucket: Option<String>,

    /// S3 endpoint, for example http://127.0.0.1:4566 [default: AWS's own for the region]
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        help_heading = "S3"
    )]
    pub(crate) endpoint_url: Option<String>,

    /// Form of the answers
    #[arg(
        long,
        value_name = "FORM",
        default_value = "table",
        env = "ATHENA_OUTPUT",
        help_heading = "Output"
    )]
    pub(crate) output: AnswerForm,

    /// Time between two lines of progress in the log, where stderr is not a terminal
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = parse_duration,
        env = "ATHENA_PROGRESS_INTERVAL",
        help_heading = "Output"
    )]
    pub(crate) progress_interval: Duration,

    /// YAML file with settings: the long flags without `--` as keys. Flags, environment and .env
    /// win over it
    #[arg(
        long,
        value_name = "FILE",
        env = "ATHENA_CONFIG",
        help_heading = "Output"
    )]
    pub(crate) config: Option<PathBuf>,

    /// Print the settings as such a file, each with its origin and without secrets, and end
    #[arg(
        long,
        env = "ATHENA_PRINT_CONFIG",
        value_parser = BoolishValueParser::new(),
        help_heading = "Output"
    )]
    pub(crate) print_config: bool,
}

/// Form of an answer on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerForm {
    /// A table for people
    Table,
    /// CSV with a header, as Athena writes its results: every value in quotes, NULL without
    Csv,
    /// One JSON document in a line for each statement: the columns with their types, and the rows
    Json,
}
