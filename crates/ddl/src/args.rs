//! The command line of `consumer ddl`. What it shares with the other commands has the same flags
//! and variables there.
//!
//! Parsing has no effects; `plan` checks the combinations.

use std::path::PathBuf;

use clap::{Parser, ValueEnum, builder::BoolishValueParser};
use cli::{
    flags::{ReportArgs, ZoneArgs},
    values::one_of,
};
use landing::{
    Format,
    layout::Prefix,
    partition_by::{DatePartition, Granularity, PartitionBy},
};
use schema::FieldNames;

use crate::statements::Statement;

/// Prints the table of a landing zone for Athena, Glue, CloudFormation or DuckDB, and the views
/// over it; or compares it with what is in the bucket.
///
/// It connects to nothing, except with --check and --from-zone. Give it the flags of the consumer
/// that lands the zone.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ddl",
    version,
    mut_arg("output", |arg| arg.help("Form of the report of --check: a table, or one JSON document")),
    max_term_width = 120,
    after_help = "Athena runs one statement at a time: --statement prints one alone.\n\nExit codes: 0 done, 1 failed, or \
                  --check found something, 2 wrong usage, or a table that Athena could not read."
)]
pub struct DdlArgs {
    /// The bucket, and how it is reached
    #[command(flatten)]
    pub zone: ZoneArgs,

    /// Folder of the landing zone, or of a compacted copy [default: {topic}/{format}]
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CONSUMER_PREFIX",
        help_heading = "S3"
    )]
    pub prefix: Option<Prefix>,

    /// Take format, dates and columns from the zone in the bucket, in place of the flags for them
    #[arg(
        long,
        env = "CONSUMER_DDL_FROM_ZONE",
        value_parser = BoolishValueParser::new(),
        help_heading = "S3"
    )]
    pub from_zone: bool,

    /// Compare the table with what is in the bucket, and print nothing else. Exit with 1 when
    /// something in it cannot be seen through the table
    #[arg(
        long,
        env = "CONSUMER_DDL_CHECK",
        value_parser = BoolishValueParser::new(),
        help_heading = "S3"
    )]
    pub check: bool,

    /// The topic, for the default of --prefix
    #[arg(
        long,
        value_name = "NAME",
        default_value = "stock-market",
        env = "KAFKA_TOPIC",
        help_heading = "Layout"
    )]
    pub topic: String,

    /// What the zone's objects are: json, jsonl, csv or parquet
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "json",
        value_parser = one_of::<Format>(Format::ALL.map(Format::as_str)),
        env = "CONSUMER_FORMAT",
        help_heading = "Layout"
    )]
    pub format: Format,

    /// Where a record's date partition comes from: `timestamp` or `field:NAME`
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

    /// Each CSV file begins with the column names
    #[arg(
        long,
        env = "CONSUMER_CSV_HEADER",
        value_parser = BoolishValueParser::new(),
        help_heading = "Layout"
    )]
    pub csv_header: bool,

    /// Kafka's key, partition, offset, timestamp and headers are columns, too
    #[arg(
        long,
        env = "CONSUMER_WITH_METADATA",
        value_parser = BoolishValueParser::new(),
        help_heading = "Layout"
    )]
    pub with_metadata: bool,

    /// YAML file with the columns [default: those of stock records]
    #[arg(
        long,
        value_name = "FILE",
        env = "CONSUMER_SCHEMA",
        help_heading = "Layout"
    )]
    pub schema: Option<PathBuf>,

    /// The names in JSON records: as in the CSV header, or as schema's fields say (`original`), or
    /// those of the columns (`snake`)
    #[arg(
        long,
        value_name = "NAMES",
        default_value = "original",
        env = "CONSUMER_FIELDS",
        help_heading = "Layout"
    )]
    pub fields: KeyNames,

    /// Print for this reader: Athena's statements, the input of `aws glue create-table
    /// --cli-input-json`, a CloudFormation template, or views for your own DuckDB
    #[arg(
        long = "for",
        value_name = "READER",
        default_value = "athena",
        env = "CONSUMER_DDL_FOR",
        help_heading = "Table"
    )]
    pub reader: Reader,

    /// The one statement to print for Athena [default: database, table, records, and bars for stock
    /// records]
    #[arg(
        long,
        value_name = "STATEMENT",
        env = "CONSUMER_DDL_STATEMENT",
        help_heading = "Table"
    )]
    pub statement: Option<Statement>,

    /// The database
    #[arg(
        long,
        value_name = "NAME",
        default_value = "stock_market",
        env = "CONSUMER_DDL_DATABASE",
        help_heading = "Table"
    )]
    pub database: String,

    /// The table; the names of the views of all but raw_json begin with it [default: raw_json,
    /// raw_jsonl, raw_csv or typed_parquet]
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_DDL_TABLE",
        help_heading = "Table"
    )]
    pub table: Option<String>,

    /// The first date that Athena looks for, such as 2026-11-01, 2026-11-01-07 or 2026; it must not
    /// be after the first dt= folder [default: the begin of last year, for hours of last month;
    /// 1965 with field:NAME]
    #[arg(
        long,
        value_name = "DATE",
        value_parser = date,
        env = "CONSUMER_FROM",
        help_heading = "Table"
    )]
    pub from: Option<DatePartition>,

    /// The last date [default: the next one, at any time; ten years from now with --granularity
    /// year]
    #[arg(
        long,
        value_name = "DATE",
        value_parser = date,
        env = "CONSUMER_UNTIL",
        help_heading = "Table"
    )]
    pub until: Option<DatePartition>,

    /// How the result is told
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Who is to read the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reader {
    /// Statements
    Athena,
    /// The JSON of Glue's API
    Glue,
    /// A template
    Cloudformation,
    /// Views
    Duckdb,
}

/// [`FieldNames`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyNames {
    /// As in the header: `Adj Close`
    Original,
    /// As the columns: `adj_close`
    Snake,
}

impl From<KeyNames> for FieldNames {
    fn from(names: KeyNames) -> Self {
        match names {
            KeyNames::Original => Self::Original,
            KeyNames::Snake => Self::Snake,
        }
    }
}

fn date(text: &str) -> Result<DatePartition, String> {
    DatePartition::from_folder(text)
        .ok_or_else(|| "must be a date such as 2026-11-21, 2026-11-21-07 or 2026".to_owned())
}
