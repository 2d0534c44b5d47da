//! The command line of `producer`: every flag with its unit, default and environment variable.
//!
//! `plan.rs` checks the combinations. A librdkafka option may be a secret, so it is kept as
//! [`kafka::options::KafkaOption`], which cannot be printed with its value, and clap does not parse
//! it, because clap's errors would show it.

mod live;
mod values;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{ArgGroup, Parser, ValueEnum, builder::BoolishValueParser};
use cli::{
    flags::{KafkaArgs, ReportArgs},
    values::parse_duration,
};
use market::BarSize;
use provider::MarketProvider;
use schema::{FieldNames, TimeZone};

pub(crate) use live::LiveArgs;
pub use values::{ColumnTypes, Delimiter, Escape, Header, Repeat};
use values::{
    parse_closed_hours, parse_columns, parse_delimiter, parse_escape, parse_header, parse_provider,
    parse_rate, parse_renamed, parse_repeat, parse_speed, parse_zone,
};

use crate::{pace::ClosedHours, source::csv::header::RenamedColumn};

/// Sends stock data as JSON records to a Kafka topic: replayed from files (any CSV or JSON Lines),
/// simulated, or live from a provider.
///
/// Results go to stdout, logs and progress to stderr. Exit codes: 0 each record read was
/// acknowledged, 1 failed, 2 wrong usage, 65 data that must not be skipped, 130 or 143 second
/// Ctrl-C or SIGTERM.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "producer",
    version,
    max_term_width = 120,
    override_usage = "producer [OPTIONS] --csv FILE | --jsonl FILE | --simulate | --live NAME",
    mut_arg("topic", |arg| arg.help("Topic to send to")),
    mut_arg("connect_timeout", |arg| arg
        .help("How long to wait for a broker at the start")
        .env("PRODUCER_CONNECT_TIMEOUT")),
    mut_arg("output", |arg| arg.env("PRODUCER_OUTPUT")),
    mut_arg("progress_interval", |arg| arg
        .help("Time between two lines of progress, as JSON, where stderr is not a terminal")
        .env("PRODUCER_PROGRESS_INTERVAL")),
    mut_arg("config", |arg| arg.env("PRODUCER_CONFIG")),
    mut_arg("print_config", |arg| arg.env("PRODUCER_PRINT_CONFIG")),
    group(ArgGroup::new("source").required(true).args(["csv", "jsonl", "simulate", "live"]))
)]
pub struct Args {
    /// CSV files with a header line, sent one after the other: files, folders or patterns
    /// (`'*.csv'`), plain, gzip or zstd; `-` is stdin
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1..,
        env = "PRODUCER_CSV",
        help_heading = "Input"
    )]
    pub csv: Vec<PathBuf>,

    /// Files of JSON, one object a line, in place of CSV: each object is sent as it is
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1..,
        env = "PRODUCER_JSONL",
        help_heading = "Input"
    )]
    pub jsonl: Vec<PathBuf>,

    /// A simulated market: --symbols (the 13 indices unless given), bars of --bar from --from to
    /// --to (the year 2020 unless given). The same --seed gives the same bytes on every machine
    #[arg(
        long,
        env = "PRODUCER_SIMULATE",
        value_parser = BoolishValueParser::new(),
        help_heading = "Input"
    )]
    pub simulate: bool,

    /// Bars of a provider, as they come: `binance` (needs no key) or `alpha-vantage` (its key is in
    /// ALPHAVANTAGE_API_KEY or --key-file). Needs --symbols
    #[arg(
        long,
        value_name = "PROVIDER",
        value_parser = parse_provider,
        env = "PRODUCER_LIVE",
        help_heading = "Input"
    )]
    pub live: Option<MarketProvider>,

    /// With --simulate: the length of a bar, `1d`, `1h`, `30m` … `1m`, or `tick` for single trades
    #[arg(
        long,
        value_name = "SIZE",
        env = "PRODUCER_BAR",
        help_heading = "Market"
    )]
    pub bar: Option<BarSize>,

    /// With --csv: turn each day into bars of this length, or into `tick`s, inside the hours of its
    /// exchange. They add up to the day's open, high, low, close and volume; a day without volume,
    /// or with one price, is a bad row
    #[arg(
        long,
        value_name = "SIZE",
        requires = "csv",
        env = "PRODUCER_BRIDGE",
        help_heading = "Market"
    )]
    pub bridge: Option<BarSize>,

    /// With `--bar tick` or `--bridge tick`: the quote that each trade meets, before it
    #[arg(
        long,
        env = "PRODUCER_QUOTES",
        value_parser = BoolishValueParser::new(),
        help_heading = "Market"
    )]
    pub quotes: bool,

    /// How --live asks
    #[command(flatten)]
    pub feed: LiveArgs,

    /// What separates the fields: one character, or `tab` [default: what a first line such as
    /// `sep=;` says, else a comma]
    #[arg(
        long,
        value_name = "CHAR",
        value_parser = parse_delimiter,
        env = "PRODUCER_DELIMITER",
        help_heading = "Input"
    )]
    pub delimiter: Option<Delimiter>,

    /// What takes the meaning of a quote away inside a quoted field, as in `"say \"hi\""`; a
    /// doubled quote always does
    #[arg(
        long,
        value_name = "CHAR",
        value_parser = parse_escape,
        env = "PRODUCER_ESCAPE",
        help_heading = "Input"
    )]
    pub escape: Option<Escape>,

    /// Lines to leave out at the top of each file, before its header
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        env = "PRODUCER_SKIP_LINES",
        help_heading = "Input"
    )]
    pub skip_lines: u64,

    /// Names of the columns, for files without a header line: `A,B,…`; or `first-line` for a header
    /// that looks like data [default: the first line]
    #[arg(
        long,
        value_name = "NAMES",
        value_parser = parse_header,
        env = "PRODUCER_HEADER",
        help_heading = "Input"
    )]
    pub header: Option<Header>,

    /// Take the symbol of a file's records from its name: `aapl.us` from `aapl.us.txt`. It becomes
    /// the field `Symbol` and the key
    #[arg(
        long,
        env = "PRODUCER_SYMBOL_FROM_FILE_NAME",
        value_parser = BoolishValueParser::new(),
        help_heading = "Records"
    )]
    pub symbol_from_file_name: bool,

    /// Types of columns that we would not guess: `NAME:TYPE,…`, a type being `string`, `number`,
    /// `decimal-point` (numbers as people write them: `1,234.5`, `45.21M`, `-0.61%`, `$223`; `-` is
    /// null) or `decimal-comma` (`1.234,5`). Prices and volumes are known to be numbers, other
    /// columns are text
    #[arg(
        long,
        value_name = "LIST",
        default_value = "",
        hide_default_value = true,
        value_parser = parse_columns,
        env = "PRODUCER_COLUMNS",
        help_heading = "Input"
    )]
    pub columns: ColumnTypes,

    /// What to do with a row that is not a record
    #[arg(
        long,
        value_name = "POLICY",
        default_value = "fail",
        env = "PRODUCER_ON_BAD_ROW",
        help_heading = "Input"
    )]
    pub on_bad_row: OnBadRow,

    /// Keep the bad rows, as they were, under their header, in this file (overwritten)
    #[arg(
        long,
        value_name = "FILE",
        env = "PRODUCER_BAD_ROWS",
        help_heading = "Input"
    )]
    pub bad_rows: Option<PathBuf>,

    /// Stop after this many records
    #[arg(
        long,
        value_name = "N",
        env = "PRODUCER_LIMIT",
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Input"
    )]
    pub limit: Option<u64>,

    /// Start again from the first file at the end, until stopped; or send everything N times
    #[arg(
        long = "loop",
        value_name = "N",
        num_args = 0..=1,
        default_value = "false",
        default_missing_value = "true",
        hide_default_value = true,
        env = "PRODUCER_LOOP",
        value_parser = parse_repeat,
        help_heading = "Input"
    )]
    pub repeat: Repeat,

    /// The order of the records. All but `file` read everything first, in little memory and
    /// temporary files
    #[arg(
        long,
        value_name = "ORDER",
        default_value = "file",
        env = "PRODUCER_ORDER",
        help_heading = "Input"
    )]
    pub order: RecordOrder,

    /// With --simulate, --bridge, `--order shuffle` or `sample`: the same number gives the same
    /// records on every machine [default: 0; for an order a random one, which the log names]
    #[arg(long, value_name = "N", env = "PRODUCER_SEED", help_heading = "Input")]
    pub seed: Option<u64>,

    /// Columns with another name than in the header: `OLD=NEW,…`. The other flags know them by the
    /// new one
    #[arg(
        long,
        value_name = "OLD=NEW",
        value_delimiter = ',',
        value_parser = parse_renamed,
        env = "PRODUCER_RENAME",
        help_heading = "Input"
    )]
    pub rename: Vec<RenamedColumn>,

    /// Column, or field of a JSON object, that says when a row happened; of two (`DATE,TIME`) the
    /// texts are read as one, with a blank in between [default: Date, Timestamp or Time, if there
    /// is one]
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        env = "PRODUCER_TIME_COLUMN",
        help_heading = "Input"
    )]
    pub time_column: Vec<String>,

    /// The form of times: a pattern such as `%d/%m/%Y %H:%M`, `iso`, `epoch-seconds` or
    /// `epoch-millis`. Where the time is needed, a row with a time in another form is a bad row;
    /// one whose time is blank is sent with the row before it, or left out by --from and --to
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "iso",
        env = "PRODUCER_TIME_FORMAT",
        help_heading = "Input"
    )]
    pub time_format: String,

    /// The zone of times that do not name theirs, such as America/New_York
    #[arg(
        long,
        value_name = "ZONE",
        default_value = "UTC",
        value_parser = parse_zone,
        env = "PRODUCER_TIME_ZONE",
        help_heading = "Input"
    )]
    pub time_zone: TimeZone,

    /// Send only records with these keys: `HSI,NYA`; for --simulate and --live the symbols that
    /// there are. With --live each may have a pace of its own: `IBM:batches=2:every=30s`
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        env = "PRODUCER_SYMBOLS",
        help_heading = "Records"
    )]
    pub symbols: Vec<String>,

    /// Send only records from this time on: `2020-01-31` or `2020-01-31T09:30`, in --time-zone
    #[arg(
        long,
        value_name = "TIME",
        env = "PRODUCER_FROM",
        help_heading = "Records"
    )]
    pub from: Option<String>,

    /// Send only records up to this time; a date is the whole day
    #[arg(
        long,
        value_name = "TIME",
        env = "PRODUCER_TO",
        help_heading = "Records"
    )]
    pub to: Option<String>,

    /// Names of the fields: as in the header (`Adj Close`), or in snake case (`adj_close`)
    #[arg(
        long,
        value_name = "NAMES",
        default_value = "original",
        env = "PRODUCER_FIELDS",
        help_heading = "Records"
    )]
    pub fields: Fields,

    /// Column, or field of a JSON object, whose text becomes the record key [default: Symbol,
    /// Ticker or Index, if there is one]
    #[arg(
        long,
        visible_alias = "key",
        value_name = "NAME",
        env = "PRODUCER_KEY_COLUMN",
        help_heading = "Records"
    )]
    pub key_column: Option<String>,

    /// Headers of a record: none, or where it comes from: `source` (file), `row` (its number, from
    /// 1) and `event-time` (the date column). They double the CPU that a record costs
    #[arg(
        long,
        value_name = "HEADERS",
        default_value = "none",
        env = "PRODUCER_HEADERS",
        help_heading = "Records"
    )]
    pub headers: RecordHeaders,

    /// Records a second, on an absolute schedule; may be a fraction. After a delay files catch up;
    /// stdin and pipes do so for one second at most [default: as fast as Kafka takes them]
    #[arg(
        long,
        value_name = "R",
        value_parser = parse_rate,
        env = "PRODUCER_RATE",
        help_heading = "Records"
    )]
    pub rate: Option<f64>,

    /// Send the records as they happened, but faster: `86400x` or `1d/s` is a day a second. In
    /// `--order file`, a row from before the one above it is sent at once, and the next ones keep
    /// their distance from it. Needs a time in each row (--time-column)
    #[arg(
        long,
        value_name = "SPEED",
        value_parser = parse_speed,
        conflicts_with = "rate",
        env = "PRODUCER_SPEED",
        help_heading = "Records"
    )]
    pub speed: Option<f64>,

    /// With --speed: the longest time between two records, such as 5s
    #[arg(
        long,
        value_name = "TIME",
        value_parser = parse_duration,
        env = "PRODUCER_MAX_GAP",
        help_heading = "Records"
    )]
    pub max_gap: Option<Duration>,

    /// With --speed: time that passes at once: `weekends`, a part of each day such as
    /// `17:00-09:30` in --time-zone, or both: `weekends,17:00-09:30`
    #[arg(
        long,
        value_name = "LIST",
        value_parser = parse_closed_hours,
        env = "PRODUCER_SKIP_CLOSED",
        help_heading = "Records"
    )]
    pub skip_closed: Option<ClosedHours>,

    /// Print the records to stdout instead of sending them, and the summary to stderr; needs no
    /// broker
    #[arg(
        long,
        env = "PRODUCER_DRY_RUN",
        value_parser = BoolishValueParser::new(),
        help_heading = "Records"
    )]
    pub dry_run: bool,

    /// The topic
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// Partitions of the topic, if it is not there yet and we create it
    #[arg(
        long,
        value_name = "N",
        default_value_t = 6,
        value_parser = clap::value_parser!(i32).range(1..=100_000),
        env = "PRODUCER_PARTITIONS",
        help_heading = "Kafka"
    )]
    pub partitions: i32,

    /// Copies of each partition, if we create the topic; -1 is the broker's own default
    #[arg(
        long,
        value_name = "N",
        default_value_t = -1,
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(-1..=1000),
        env = "PRODUCER_REPLICATION_FACTOR",
        help_heading = "Kafka"
    )]
    pub replication_factor: i32,

    /// How long a record may wait for its acknowledgement before the run fails
    #[arg(
        long,
        value_name = "TIME",
        default_value = "2m",
        value_parser = parse_duration,
        env = "PRODUCER_DELIVERY_TIMEOUT",
        help_heading = "Kafka"
    )]
    pub delivery_timeout: Duration,

    /// Serve /metrics (Prometheus) and /healthz on this address, for example 127.0.0.1:9465, or
    /// 0.0.0.0:9465 for other hosts too; the pages ask for no password
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "PRODUCER_METRICS_ADDR",
        help_heading = "Output"
    )]
    pub metrics_addr: Option<SocketAddr>,

    /// How the run is told
    #[command(flatten)]
    pub report: ReportArgs,
}

/// The order of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordOrder {
    /// As in the files, one file after the other
    File,
    /// By the time at which they happened, all files and symbols together
    Time,
    /// Each once, in random order
    Shuffle,
    /// A row at random, again and again without end
    Sample,
}

/// What happens at a row that is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnBadRow {
    /// Stop with exit code 65
    Fail,
    /// Count it and go on
    Skip,
}

/// Headers of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordHeaders {
    /// None
    None,
    /// Source, row and event time; also called `all`
    #[value(alias = "all")]
    Origin,
}

/// Names of the JSON keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fields {
    /// As in the header
    Original,
    /// Lower case with underscores
    Snake,
}

impl From<Fields> for FieldNames {
    fn from(fields: Fields) -> Self {
        match fields {
            Fields::Original => Self::Original,
            Fields::Snake => Self::Snake,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_long_flag_but_the_kafka_options_has_an_environment_variable() {
        for argument in Args::command().get_arguments() {
            let flag = argument.get_long().unwrap_or_default();
            assert!(
                argument.get_env().is_some() || ["kafka-option"].contains(&flag),
                "--{flag} has none"
            );
            assert!(
                argument.get_help_heading().is_some(),
                "--{flag} has no heading"
            );
        }
    }
}
